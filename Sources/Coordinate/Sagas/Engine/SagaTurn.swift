import FleetCore
import SagaModel
import Stores

/// What happens to sagas in one transaction of the journal: inputs of many are taken, what can be done within the transaction
/// is done, and all entries are written.
///
/// It may be run again where the transaction was undone, so it changes nothing but itself and the store.
struct SagaTurn {
    let journal: SagaJournal
    let catalog: SagaCatalog
    let parties: any SagaParties
    let now: Timestamp
    /// Chance, drawn before the transaction.
    var jitter: SagaJitter
    /// Sagas as this process wrote them last.
    let known: [String: SagaRun]
    private var touched: [String: SagaRun] = [:]
    /// Sagas of which the journal has what cannot be read.
    private var unreadable: Set<String> = []
    /// In the order in which they were touched.
    private var order: [String] = []
    private var queue: [(saga: String, input: SagaInput)] = []
    /// Of the first in ``queue``, what HTTP said.
    private var statuses: [Int?] = []
    private var result = SagaTurnResult()

    init(
        journal: SagaJournal, catalog: SagaCatalog, parties: any SagaParties, now: Timestamp, jitter: SagaJitter,
        known: [String: SagaRun]
    ) {
        self.journal = journal
        self.catalog = catalog
        self.parties = parties
        self.now = now
        self.jitter = jitter
        self.known = known
    }

    /// The most sagas that a turn wakes, and messages that it takes.
    static let limit = 256

    /// - Parameters:
    ///   - answers: what became of attempts, or was found out about sagas.
    ///   - sent: commands that are durably in their outboxes.
    ///   - takesMore: whether new work is welcome.
    mutating func run(
        hold: SagaHold, leaseUntil: Timestamp?, answers: [SagaInbox.Answer],
        sent: [(saga: String, ticket: SagaTicket)], takesMore: Bool, in transaction: any StoreTransaction
    ) throws -> SagaTurnResult {
        try journal.confirm(hold, until: leaseUntil, in: transaction)
        for (saga, ticket) in sent {
            guard var run = try run(saga, in: transaction), run.entry.orders.remove(ticket) != nil else { continue }
            run.isChanged = true
            keep(run, as: saga)
        }
        queue = answers.map { ($0.saga, $0.input) }
        statuses = answers.map(\.status)
        try drain(in: transaction)
        if takesMore {
            try takeMessages(in: transaction)
            for saga in try journal.due(at: now, limit: Self.limit, in: transaction) {
                queue.append((saga, .woke))
                result.count += 1
            }
            for saga in try journal.nextForFreeLocks(at: now, limit: Self.limit, in: transaction) {
                queue.append((saga, .started))
            }
            try drain(in: transaction)
        }
        try write(in: transaction)
        result.nextDue = try journal.nextDue(in: transaction)
        return result
    }

    // MARK: Messages

    private mutating func takeMessages(in transaction: any StoreTransaction) throws {
        let messages = try journal.messages(limit: Self.limit, in: transaction)
        guard !messages.isEmpty else { return }
        for (id, text) in messages {
            do {
                try take(SagaJournal.value(SagaMessage.self, of: text, "the message \(id)"), in: transaction)
            } catch let error as FleetError where error.code == .corrupt || error.code == .invalidInput {
                try stray("\(error.description)", in: transaction)
            }
            try drain(in: transaction)
        }
        try journal.removeMessages(messages.map(\.id), in: transaction)
        result.count += messages.count
        result.hasMore = messages.count == Self.limit
    }

    private mutating func take(_ message: SagaMessage, in transaction: any StoreTransaction) throws {
        switch message {
        case .start(let saga, let id, let data, let trace):
            guard let definition = catalog.declared(named: saga) else {
                return try stray("no saga \(saga) is declared, and \(id) of it was to be started", in: transaction)
            }
            try start(definition, id: id, data: data, trace: trace, in: transaction)
        case .event(let event, let id, let payload, let trace):
            try take(event, id: id, payload, trace: trace, in: transaction)
        case .cancel(let saga, let reason): try tell(saga, .cancel(reason: reason), in: transaction)
        case .decide(let saga, let step, let option, let by):
            try tell(saga, .decided(step, option: option, by: by), in: transaction)
        case .retry(let saga, let step): try tell(saga, .retry(step), in: transaction)
        case .skip(let saga, let step, let reason): try tell(saga, .skip(step, reason: reason), in: transaction)
        case .resolveDone(let saga, let step, let reply, let reason):
            try tell(saga, .resolve(step, .done(reply: reply), reason: reason), in: transaction)
        case .resolveNotDone(let saga, let step, let reason):
            try tell(saga, .resolve(step, .notDone, reason: reason), in: transaction)
        }
    }

    private mutating func tell(_ saga: String, _ input: SagaInput, in transaction: any StoreTransaction) throws {
        guard try run(saga, in: transaction) != nil || unreadable.contains(saga) else {
            return try stray("there is no saga \(saga) for \(input)", in: transaction)
        }
        queue.append((saga, input))
    }

    private mutating func start(
        _ definition: SagaDefinition, id: String, data: String, trace: String? = nil,
        in transaction: any StoreTransaction
    ) throws {
        // A repeat.
        if try run(id, in: transaction) != nil || unreadable.contains(id) { return }
        var machine = try SagaMachine(definition, id: id, data: data, at: now)
        machine.state.trace = trace
        let entry = SagaEntry(state: machine.state, version: try catalog.version(of: definition))
        keep(SagaRun(machine: machine, entry: entry), as: id)
        queue.append((id, .started))
        result.started += 1
        result.observations.append(.started(saga: definition.name.text))
    }

    // MARK: Events

    private mutating func take(
        _ event: SagaEventName, id: String, _ payload: String, trace: String?, in transaction: any StoreTransaction
    ) throws {
        guard (try? JSONDocument.validate(Array(payload.utf8))) != nil else {
            return try stray("the event \(event) \(id) has no JSON payload", in: transaction)
        }
        for definition in catalog.started(by: event) {
            do {
                try start(
                    definition, id: "\(definition.name)/\(id)", data: payload, trace: trace, in: transaction)
            } catch let error as FleetError where error.code == .invalidInput {
                try stray("the event \(event) \(id) starts no \(definition.name): \(error.message)", in: transaction)
            }
        }
        try drain(in: transaction)
        let isAnswer = try answer(event, id: id, payload, in: transaction)
        for field in catalog.fields(of: event).sorted() {
            let path = JSONFieldPath(field.split(separator: ".").map(String.init))
            guard let values = try? JSONFields([path]).extract(from: Array(payload.utf8)), let value = values[0],
                value != .null
            else {
                if !isAnswer { try stray("the event \(event) \(id) has no field \(field)", in: transaction) }
                continue
            }
            let wait = SagaJournal.Wait(event: event, field: field, value: JSONText.text(value))
            try journal.remember(wait, id: id, payload: payload, at: now, in: transaction)
            for saga in try journal.waiting(for: wait, in: transaction) {
                queue.append((saga, .occurred(event, payload: payload, id: id)))
            }
        }
    }

    /// - Returns: whether the event answers a request.
    private mutating func answer(
        _ event: SagaEventName, id: String, _ payload: String, in transaction: any StoreTransaction
    ) throws -> Bool {
        let path = JSONFieldPath(["saga", "request"])
        guard let found = try? JSONFields([path]).extract(from: Array(payload.utf8)).first,
            case .text(let text)? = found
        else {
            if catalog.isAnswer(event) {
                try stray("the event \(event) \(id) names no request in \(path)", in: transaction)
            }
            return false
        }
        guard let request = SagaRequestID(text), let run = try run(request.saga, in: transaction) else {
            try stray("the event \(event) \(id) answers \(text), which is no request of a saga", in: transaction)
            return true
        }
        guard let command = run.machine.command(of: request.ticket),
            event == command.reply || command.failures.contains(event)
        else {
            try stray("the event \(event) \(id) is no answer to \(text)", in: transaction)
            return true
        }
        if event == command.reply {
            queue.append((request.saga, .replied(request.ticket, reply: payload)))
        } else {
            let failure = SagaFailure(SagaFailureCode.rejected, "\(event) \(payload.prefix(300))", effect: .none)
            queue.append((request.saga, .failed(request.ticket, failure)))
        }
        return true
    }

    private mutating func stray(_ note: String, in transaction: any StoreTransaction) throws {
        result.strays.append(note)
        result.observations.append(.stray)
        try journal.note(note, at: now, in: transaction)
    }

    // MARK: Sagas

    /// A saga as it stands within the turn; `nil` where there is none.
    private mutating func run(_ id: String, in transaction: any StoreTransaction) throws -> SagaRun? {
        if let run = touched[id] { return run }
        if let run = known[id] { return run }
        do {
            guard let found = try journal.saga(id, catalog, in: transaction) else { return nil }
            let run = SagaRun(machine: found.machine, entry: found.entry)
            keep(run, as: id)
            return run
        } catch let error as FleetError where [.corrupt, .missing].contains(error.code) {
            try setAside(id, error, in: transaction)
            return nil
        }
    }

    /// A saga that cannot be read keeps nobody else from going on: it is told once, and waits for an operator.
    private mutating func setAside(_ id: String, _ error: FleetError, in transaction: any StoreTransaction) throws {
        unreadable.insert(id)
        if try journal.setAside(id, in: transaction) {
            try stray("\(id) is parked, as it cannot be read: \(error)", in: transaction)
        }
    }

    private mutating func keep(_ run: SagaRun, as id: String) {
        if touched.updateValue(run, forKey: id) == nil { order.append(id) }
    }

    private mutating func drain(in transaction: any StoreTransaction) throws {
        var next = 0
        while next < queue.count {
            let (id, input) = queue[next]
            let status = next < statuses.count ? statuses[next] : nil
            next += 1
            guard var run = try run(id, in: transaction) else {
                if unreadable.contains(id) { continue }
                try stray("there is no saga \(id) for \(input)", in: transaction)
                continue
            }
            let lostBefore = run.lostLocks
            let before = parties.isTraced && run.machine.state.trace != nil ? run.machine : nil
            let actions = run.machine.handle(input, at: now, jitter: jitter.next())
            run.isChanged = true
            keep(run, as: id)
            if let before { result.traced += run.machine.endings(since: before, input, status) }
            for occurrence in run.machine.occurrences {
                result.observations.append(.step(saga: run.machine.definition.name.text, occurrence))
            }
            for action in actions { try perform(action, of: id, in: transaction) }
            for key in (touched[id]?.lostLocks ?? []).subtracting(lostBefore) { try nudge(key, in: transaction) }
            try registerWaits(of: id, in: transaction)
        }
        queue = []
        statuses = []
    }

    private mutating func perform(
        _ action: SagaAction, of id: String, in transaction: any StoreTransaction
    ) throws {
        switch action {
        case .takeLock(let key, let duration, let conflict):
            let until = now.advanced(by: duration)
            switch try journal.takeLock(key, for: id, until: until, at: now, in: transaction) {
            case .taken(let until):
                try journal.endLockWait(key, of: id, in: transaction)
                queue.append((id, .lockTaken(key: key, until: until)))
            case .held(let holder, _):
                // A saga that waits asks again with each input, and need not be told each time.
                if conflict == .wait, touched[id]?.isWaitingForLock == true { return }
                if conflict == .wait {
                    try journal.waitForLock(key, of: id, at: now, in: transaction)
                    touched[id]?.isWaitingForLock = true
                    let now = now
                    touched[id]?.machine.noteLockWait(key, holder: holder, at: now)
                } else {
                    queue.append((id, .lockConflict(key: key, holder: holder)))
                }
            }
        case .releaseLock(let key):
            try journal.releaseLock(key, of: id, in: transaction)
            try nudge(key, in: transaction)
        case .perform(let work): try perform(work, of: id, in: transaction)
        case .wake: break
        case .park(let ticket, let reason):
            let what = ticket.direction == .forward ? "" : "the compensation of "
            result.parked.append(
                SagaTurnResult.Parking(
                    saga: id, place: "\(what)\(ticket.step)", reason: reason,
                    trace: touched[id]?.machine.trace(of: ticket, isTraced: parties.isTraced).flatMap(TraceContext.init)
                ))
        case .finish(let outcome):
            if touched[id]?.hasWaits == true { try journal.removeWaits(of: id, in: transaction) }
            result.ended.append(
                SagaTurnResult.Ending(
                    saga: id, outcome: outcome, trace: touched[id]?.machine.trace(isTraced: parties.isTraced)))
            if let state = touched[id]?.machine.state {
                result.observations.append(
                    .ended(
                        saga: state.saga.text, SagaStatus(state), took: now.elapsed(since: state.startedAt)))
            }
        }
    }

    /// Has whoever has waited longest for a lock ask for it.
    private mutating func nudge(_ key: String, in transaction: any StoreTransaction) throws {
        guard let next = try journal.nextForLock(key, in: transaction) else { return }
        if var run = try run(next, in: transaction) {
            run.isWaitingForLock = false
            keep(run, as: next)
            queue.append((next, .started))
        }
    }

    private mutating func perform(_ work: SagaWork, of id: String, in transaction: any StoreTransaction) throws {
        guard let run = touched[id] else { return }
        let effect: SagaEffect?
        do {
            effect = try run.machine.effect(of: work, parties)
        } catch let error as FleetError where error.code == .invalidInput {
            let failure = SagaFailure(SagaFailureCode.badData, error.message, effect: .none)
            queue.append((id, .failed(work.ticket, failure)))
            return
        }
        switch effect {
        case .sql(let statements) where parties.sharesJournal(statements.service):
            do {
                let reply = try transaction.savepoint { try SagaTransactions.run(statements, in: transaction) }
                queue.append((id, .replied(work.ticket, reply: reply)))
            } catch {
                guard let failure = SagaTransactions.failure(error) else { throw error }
                queue.append((id, .failed(work.ticket, failure)))
            }
        case .local(let call) where call.isTransactional:
            do {
                let parties = parties
                let reply = try transaction.savepoint { try parties.perform(call, in: transaction) }
                queue.append((id, .replied(work.ticket, reply: reply)))
            } catch {
                guard let failure = SagaTransactions.failure(error) else { throw error }
                queue.append((id, .failed(work.ticket, failure)))
            }
        case .command(let command) where parties.sharesJournal(command.service):
            try parties.write(command, in: transaction)
        case .some(let effect):
            touched[id]?.entry.orders.insert(work.ticket)
            result.orders.append(SagaOrder(saga: id, ticket: work.ticket, effect: effect))
        case nil: break
        }
    }

    private mutating func registerWaits(of id: String, in transaction: any StoreTransaction) throws {
        guard let run = touched[id], run.machine.hasEventSteps, run.machine.state.outcome == nil else { return }
        let new = run.machine.waits.filter { !run.waits.contains($0) }
        guard !new.isEmpty else { return }
        try journal.add(new, of: id, in: transaction)
        touched[id]?.waits.formUnion(new)
        for wait in new {
            for seen in try journal.seen(wait, in: transaction) {
                queue.append((id, .occurred(wait.event, payload: seen.payload, id: seen.id)))
            }
        }
    }

    // MARK: The end of it

    private mutating func write(in transaction: any StoreTransaction) throws {
        var entries: [SagaEntry] = []
        var ids: [String] = []
        for id in order {
            guard var run = touched[id], run.isChanged else { continue }
            run.entry.state = run.machine.state
            run.entry.orders.formIntersection(run.machine.openTickets)
            touched[id] = run
            entries.append(run.entry)
            ids.append(id)
        }
        let written = try journal.write(entries, in: transaction)
        for (id, isWritten) in zip(ids, written) {
            guard isWritten else {
                throw FleetError(
                    .conflict, "another process has gone on with the saga \(id)", isRetriable: true)
            }
            touched[id]?.entry.revision += 1
            touched[id]?.isChanged = false
        }
        result.runs = touched
    }
}

/// One saga in memory.
struct SagaRun: Sendable {
    var machine: SagaMachine
    var entry: SagaEntry
    /// What was registered in the journal, as far as this process remembers.
    var waits: Set<SagaJournal.Wait> = []
    var isWaitingForLock = false
    /// Whether it differs from the entry in the journal.
    var isChanged = false

    var hasWaits: Bool { machine.hasEventSteps }

    var lostLocks: Set<String> { Set(machine.state.locks.filter { $0.status == .lost }.map(\.key)) }
}

/// What a turn led to, once its transaction has committed.
struct SagaTurnResult: Sendable {
    struct Ending: Sendable {
        var saga: String
        var outcome: SagaOutcome
        /// Its place in a trace, where it has one.
        var trace: TraceContext?
    }

    struct Parking: Sendable {
        var saga: String
        /// For people.
        var place: String
        var reason: String
        /// Its place in a trace, where it has one.
        var trace: TraceContext?
    }

    /// Attempts to carry out.
    var orders: [SagaOrder] = []
    var runs: [String: SagaRun] = [:]
    var ended: [Ending] = []
    /// What has ended of sagas that belong to a trace.
    var traced: [SagaTrace] = []
    /// What an operator should know.
    var parked: [Parking] = []
    var strays: [String] = []
    /// For those who measure.
    var observations: [SagaObservation] = []
    var started = 0
    /// Messages and times that were taken.
    var count = 0
    var hasMore = false
    var nextDue: Timestamp?
}

/// Chance for back-offs: the same where a turn is run again.
struct SagaJitter: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// From 0 to 1 (SplitMix64, https://prng.di.unimi.it/splitmix64.c).
    mutating func next() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((value ^ (value >> 31)) >> 11) / 9_007_199_254_740_992
    }
}
