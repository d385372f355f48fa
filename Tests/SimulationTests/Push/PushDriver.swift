import Brokers
import Endpoints
import FleetCore
import Parking
import Push

/// Carries out what a push's machine asks for, against the model, in whatever order it is told to.
final class PushDriver {
    private unowned let world: PushWorld
    private var machine: PushMachine
    private var isPaused = false
    private(set) var work: [Work<PushMachine.Action, PushMachine.Input>] = []

    init(_ world: PushWorld) throws {
        self.world = world
        machine = Self.machine(world)
        try schedule(machine.start())
    }

    private static func machine(_ world: PushWorld) -> PushMachine {
        PushMachine(routes: PushWorld.routes, inFlightLimits: world.scenario.inFlightLimits)
    }

    var isIdle: Bool { machine.isIdle && !work.contains { $0.answer != nil } }

    func advance(_ index: Int, isHasty: Bool) throws {
        if work[index].answer == nil {
            work[index].answer = try perform(work[index].action)
            if !isHasty { return }
        }
        guard let input = work.remove(at: index).answer else { return }
        // Answers of endpoints come together.
        var inputs = [input]
        if case .answered = input {
            while let next = work.firstIndex(where: Self.isAnswered), world.random.chance(60) {
                inputs += [work.remove(at: next).answer].compactMap(\.self)
            }
        }
        try schedule(inputs.count == 1 ? machine.handle(input) : machine.handle(inputs))
        if world.bug == .answersTwice, case .answered(_, _, .delivered) = input {
            try schedule(machine.handle(input))
        }
    }

    private static func isAnswered(_ work: Work<PushMachine.Action, PushMachine.Input>) -> Bool {
        if case .answered? = work.answer { true } else { false }
    }

    /// An operator has the push rest, go on, or begin anew.
    func steer(isPaused: Bool) throws {
        world.note(isPaused ? "paused" : "told to go on")
        world.count("steering")
        self.isPaused = isPaused
        try schedule(machine.restart(isPaused: isPaused))
    }

    func crash() throws {
        world.note("the process dies")
        world.count("crash")
        while !work.isEmpty {
            let lost = work.remove(at: world.random.below(work.count))
            if lost.answer == nil, lost.action.step != .wait, world.random.chance(50) { _ = try perform(lost.action) }
        }
        machine = Self.machine(world)
        // As the driver does it.
        if isPaused { try schedule(machine.restart(isPaused: true)) }
        try schedule(machine.start())
    }

    private func schedule(_ actions: [PushMachine.Action]) throws {
        for action in actions {
            world.note("\(action)")
            if action.step != .wait, work.contains(where: { $0.action.step == action.step }) {
                throw Failure(.twiceUnderWay, "\(action.step)")
            }
            work.append(Work(action: action))
        }
        for (endpoint, limit) in world.scenario.inFlightLimits.enumerated() {
            let sent = work.filter { if case .send(_, to: endpoint) = $0.action { true } else { false } }
            if sent.count > limit { throw Failure(.heldTooMuch, "\(sent.count) requests at endpoint \(endpoint)") }
        }
    }

    // MARK: The model

    private func perform(_ action: PushMachine.Action) throws -> PushMachine.Input {
        switch action {
        case .send(let event, let endpoint):
            if !world.isCalm, world.random.chance(2) { return .unsent(key: event.key, endpoint: endpoint) }
            return .answered(key: event.key, endpoint: endpoint, try answer(event, endpoint))
        case .wait(let failures, let least, let wake):
            let wait = failures == 0 ? .zero : Backoff.standard.delay(afterFailures: failures, using: &world.random)
            world.now = world.now.advanced(by: max(wait, least ?? .zero))
            return .waited(wake)
        case .report(let endpoint, let error, _):
            if let error { return .failed(.report(endpoint), error) }
            return .reported(endpoint)
        default: break
        }
        let saved = world.saved
        do {
            if world.isCalm || !world.random.chance(world.scenario.faultPercent) { return try act(action) }
            if world.random.chance(70) { throw Self.faults[world.random.below(Self.faults.count)] }
            // Done, and the answer is lost.
            _ = try act(action)
            throw FleetError(.unavailable, "the answer is lost", isRetriable: true)
        } catch let error as FleetError {
            // A transaction that fails leaves nothing.
            if error.code == .conflict { world.undo(saved) }
            world.count(error.code == .conflict ? "conflict" : "fault")
            world.note("  \(action.step) failed: \(error.message)")
            return .failed(action.step, error)
        }
    }

    private static let faults = [
        FleetError(.busy, "locked", isRetriable: true), FleetError(.unavailable, "unreachable", isRetriable: true),
        FleetError(.full, "full", isRetriable: true), FleetError(.readOnly, "read-only"),
    ]

    private func answer(_ event: Event, _ endpoint: Int) throws -> DeliveryAnswer {
        if world.bug == .saysDelivered, world.random.chance(5) { return .delivered() }
        let (status, isLost) = try world.receive(event, at: endpoint)
        world.note("  \(event.id.low) at \(endpoint): \(isLost ? "lost" : "\(status)")")
        if isLost {
            world.count("lost answer")
            let wait: Duration? = world.random.chance(10) ? .seconds(3) : nil
            return .notNow(
                FleetError(.unavailable, "lost", isRetriable: true), wait: wait, mayBeTheEvent: world.random.chance(80))
        }
        switch status {
        case 200: return .delivered()
        case 500:
            return .notNow(FleetError(.unavailable, "500", isRetriable: true), wait: nil, mayBeTheEvent: true)
        default: return .refused(FleetError(.badEvent, "\(status)"))
        }
    }

    private func act(_ action: PushMachine.Action) throws -> PushMachine.Input {
        switch action {
        case .open:
            world.count("opening")
            return .opened(
                PushMachine.Opening(
                    position: world.cursor, heldKeys: world.bug == .forgetsHeldKeys ? [] : world.heldKeys,
                    nextDue: world.nextDue))
        case .close: return .closed
        case .read(let position): return .read(world.read(after: position))
        case .commit(let commit): return try self.commit(commit)
        case .acknowledge(let position):
            if position > world.cursor { throw Failure(.acknowledgedTooFar, "\(position)") }
            return .acknowledged
        case .findDue(let due):
            if world.random.chance(70) { world.now = max(world.now, due) }
            let keys = world.parked.filter { $0.nextAttempt.map { $0 <= world.now } ?? false }.map { world.key($0) }
            let heads = keys.prefix(4).compactMap { world.head(of: $0) }
            if !heads.isEmpty { world.count("automatic retry") }
            return .due(heads.map { world.parkedEvent($0) }, nextDue: world.nextDue)
        case .settle(let event, let settlement): return try settle(event, settlement)
        case .send, .wait, .report: throw Failure(.stuck, "not here")
        }
    }

    private func commit(_ commit: PushMachine.Commit) throws -> PushMachine.Input {
        guard commit.from == world.cursor else { throw FleetError(.conflict, "moved", isRetriable: true) }
        var held: Set<String> = []
        for parked in commit.parked {
            let key = parked.record.event.key
            if parked.failure == nil, !held.contains(key), world.head(of: key) == nil {
                throw FleetError(.conflict, "the key is no longer held", isRetriable: true)
            }
            held.insert(key)
            if world.bug == .forgetsWaiting, parked.failure == nil { continue }
            let next = parked.isRetried ? world.now.advanced(by: .milliseconds(200)) : nil
            if parked.isRetried { world.count("set aside") }
            world.park(Int(parked.record.event.id.low), reason: parked.failure?.message, nextAttempt: next)
        }
        try world.moveCursor(to: commit.last.position)
        return .committed(nextDue: commit.parked.isEmpty ? nil : world.nextDue)
    }

    private func settle(
        _ event: ParkedEvent, _ settlement: PushMachine.Settlement
    ) throws -> PushMachine.Input {
        let key = event.event.key
        guard world.head(of: key)?.sequence == event.sequence else {
            throw FleetError(.conflict, "no longer the first", isRetriable: true)
        }
        var settlement = settlement
        if world.bug == .settlesUndelivered, case .failed = settlement { settlement = .delivered }
        switch settlement {
        case .delivered:
            world.remove(event.sequence)
            let next = world.head(of: key).map { world.parkedEvent($0) }
            return .settled(key: key, next: next, isFree: next == nil)
        case .failed(let error, let isFinal):
            let isOver = isFinal || event.attempts + 1 >= world.scenario.attempts
            if isOver { world.count("parked for good") }
            world.change(event.sequence) { row in
                row.reason = error.message
                row.attempts += 1
                row.nextAttempt = isOver ? nil : world.now.advanced(by: .milliseconds(200))
            }
        case .postponed(let error):
            world.count("postponed")
            world.change(event.sequence) { row in
                row.reason = error.message
                row.nextAttempt = world.now.advanced(by: .milliseconds(500))
            }
        }
        return .settled(key: key, next: nil, isFree: false)
    }
}
