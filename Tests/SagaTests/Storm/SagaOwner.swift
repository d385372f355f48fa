import FleetCore
import SagaModel
import Sagas

/// A process that owns sagas, or believes so.
struct SagaOwner {
    struct Held {
        var machine: SagaMachine
        var revision: Int
        var epoch: Int
    }

    var machines: [String: Held] = [:]
    /// In the journal, and not carried out yet.
    var pending: [(saga: String, action: SagaAction)] = []
    var wakes: [String: Timestamp] = [:]

    func holds(_ saga: String, in journal: SagaJournal) -> Bool {
        machines[saga].map { $0.epoch == journal.entries[saga]?.epoch } ?? false
    }
}

extension SagaStorm {
    // MARK: Owners

    func crash(_ owner: Int) {
        count(.crash)
        note("owner \(owner) crashes")
        owners[owner] = SagaOwner()
    }

    /// A lease has expired: the other one takes the saga, from the last entry of the journal.
    func takeOver(_ id: String) throws {
        guard let definition = definitions[id] else { return }
        let previous = owners.indices.first { owners[$0].holds(id, in: journal) }
        let owner = previous.map { 1 - $0 } ?? random.below(2)
        guard let entry = try journal.takeOver(id, roundTrip: roundTrip) else { return }
        count(.takeover)
        note("owner \(owner) takes over \(id)")
        let machine = try SagaMachine(definition, resuming: entry.state)
        owners[owner].machines[id] = SagaOwner.Held(machine: machine, revision: entry.revision, epoch: entry.epoch)
        if bug == .resumesNothing { return }
        if entry.state.phase == .locking { return try handle(id, .started, by: owner) }
        owners[owner].pending += machine.resume().map { (id, $0) }
    }

    func handle(_ id: String, _ input: SagaInput, by owner: Int) throws {
        guard var held = owners[owner].machines[id] else { return }
        let old = held.machine.state
        let jitter = Double(random.below(1000)) / 1000
        var actions = held.machine.handle(input, at: now, jitter: jitter)
        note("owner \(owner), \(id): \(input) -> \(actions)")
        let isFenced = bug != .ignoresFence
        if bug == .journalLosesEntry, crashPercent > 0, random.chance(3) { return crash(owner) }
        guard journal.write(held.machine.state, after: held.revision, epoch: held.epoch, isFenced: isFenced) else {
            count(.fenced)
            owners[owner].machines[id] = nil
            owners[owner].wakes[id] = nil
            owners[owner].pending.removeAll { $0.saga == id && random.chance(50) }
            return
        }
        held.revision += 1
        plant(id, &actions, held.machine)
        try ledger.take(
            id, input, from: old, to: held.machine.state, actions, participant: participant,
            isLocked: { [locks, now] in locks.holder(of: $0, at: now) == id })
        owners[owner].machines[id] = held
        if random.chance(faultPercent > 0 ? crashPercent : 0) { return crash(owner) }
        owners[owner].pending += actions.map { (id, $0) }
    }

    func carryOut() throws {
        let busy = owners.indices.filter { !owners[$0].pending.isEmpty }
        guard !busy.isEmpty else { return }
        let owner = busy[random.below(busy.count)]
        let (id, action) = owners[owner].pending.remove(at: random.below(owners[owner].pending.count))
        switch action {
        case .takeLock(let key, let duration, let conflict):
            take(key, for: id, duration, conflict)
        case .releaseLock(let key):
            if bug == .keepsLock { return }
            if let next = locks.release(key, of: id, at: now) {
                mail.append(.input(saga: next.saga, .lockTaken(key: key, until: next.until)))
            }
        case .perform(let work): perform(work, of: id)
        case .wake(let time): owners[owner].wakes[id] = owners[owner].machines[id] == nil ? nil : time
        case .park, .finish: break
        }
    }

    private func take(_ key: String, for id: String, _ duration: Duration, _ conflict: SagaLock.Conflict) {
        if bug == .takesNoLock {
            return mail.append(.input(saga: id, .lockTaken(key: key, until: now.advanced(by: duration))))
        }
        // Done with the journal in one transaction: a saga that is past it takes no lock.
        guard journal.entries[id]?.state.phase == .locking else { return }
        switch locks.take(key, for: id, duration: duration, conflict: conflict, at: now) {
        case .taken(let until): mail.append(.input(saga: id, .lockTaken(key: key, until: until)))
        case .conflict(let holder):
            count(.lockConflict)
            mail.append(.input(saga: id, .lockConflict(key: key, holder: holder)))
        case .waits: count(.lockWait)
        }
    }

    private func perform(_ work: SagaWork, of id: String) {
        switch work.activity {
        case .event: if random.chance(60) { mail.append(.input(saga: id, event(of: id))) }
        case .decision(let decision):
            let option = random.chance(10) ? "perhaps" : decision.options[random.below(decision.options.count)]
            if random.chance(70) { mail.append(.input(saga: id, .decided(work.ticket.step, option: option, by: "me"))) }
        default: mail.append(.work(saga: id, work))
        }
    }

    // MARK: Operators

    func cancel() throws {
        count(.cancel)
        try give(ids[random.below(ids.count)], .cancel(reason: "changed my mind"))
    }

    /// Does something about one parked step of each saga; false where there is none.
    @discardableResult
    func operate(isForced: Bool) throws -> Bool {
        var isParked = false
        for id in ids {
            guard let state = journal.entries[id]?.state, let run = state.parked.first else { continue }
            isParked = true
            let choice = random.below(isForced ? 6 : 8)
            switch choice {
            case 0, 1, 2:
                count(.operatorRetry)
                try give(id, .retry(run.id))
            case 3:
                count(.operatorSkip)
                try give(id, .skip(run.id, reason: "done by hand"))
            case 4, 5:
                count(.operatorResolve)
                let isApplied = participant.effect(id, run.id).isApplied
                let isPivot = definitions[id].map { StepOrder($0).steps[run.id.name]?.role == .pivot } ?? false
                // An operator looks what became of it, and sees to it.
                let resolution = isPivot && !isApplied ? SagaResolution.notDone : .done(reply: "{}")
                try give(id, .resolve(run.id, resolution, reason: "looked"))
            default: break
            }
        }
        return isParked
    }
}
