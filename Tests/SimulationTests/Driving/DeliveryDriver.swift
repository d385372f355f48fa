import Brokers
import FleetCore
import Views

/// Carries out what a delivery's machine asks for, against the model, in whatever order it is told to.
final class DeliveryDriver: Driver {
    private unowned let world: World
    private var machine = DeliveryMachine()
    private var work: [Work<DeliveryMachine.Action, DeliveryMachine.Input>] = []
    /// Batches that the machine holds: read and not applied.
    private var held = 0
    private var readThrough = LogPosition.start

    init(_ world: World) throws {
        self.world = world
        try schedule(machine.start())
    }

    private(set) var isPaused = false

    var workCount: Int { work.count }
    var isIdle: Bool { machine.isIdle && !work.contains { $0.answer != nil } }

    func advance(_ index: Int, isHasty: Bool) throws {
        if work[index].answer == nil {
            work[index].answer = try perform(work[index].action)
            if !isHasty { return }
        }
        guard let input = work.remove(at: index).answer else { return }
        try deliver(input)
        if world.bug == .answersReadTwice, case .read(let records) = input, !records.isEmpty { try deliver(input) }
    }

    func crash() throws {
        while !work.isEmpty {
            let lost = work.remove(at: world.random.below(work.count))
            if lost.answer == nil, !lost.action.isWait, world.random.chance(50) { _ = try perform(lost.action) }
        }
        machine = DeliveryMachine()
        if isPaused { _ = machine.restart(isPaused: true) }
        try schedule(machine.start())
    }

    /// Tells the machine to rest, to go on, or to begin anew.
    func steer(isPaused: Bool) throws {
        world.note("delivery is told to \(isPaused ? "rest" : "begin")")
        self.isPaused = isPaused
        try schedule(machine.restart(isPaused: isPaused))
    }

    // MARK: The machine

    private func schedule(_ actions: [DeliveryMachine.Action]) throws {
        for action in actions {
            world.note("delivery: \(action.summary)")
            if isPaused, action.isNewWork { throw Failure(.workedWhilePaused, action.summary) }
            if case .open = action { held = 0 }
            let step = action.step
            if work.contains(where: { $0.action.step == step }) {
                throw Failure(.twiceUnderWay, "\(step) of the delivery")
            }
            work.append(Work(action: action))
        }
    }

    private func deliver(_ input: DeliveryMachine.Input) throws {
        switch input {
        case .read(let records) where !records.isEmpty: held += 1
        case .applied: held -= 1
        default: break
        }
        let actions = machine.handle(input)
        if held > 2 { throw Failure(.heldTooMuch, "\(held) batches to apply") }
        try schedule(actions)
    }

    // MARK: The model

    private func perform(_ action: DeliveryMachine.Action) throws -> DeliveryMachine.Input {
        if case .wait(let failures, let step) = action {
            let wait = Backoff.standard.delay(afterFailures: failures, using: &world.random)
            world.now = world.now.advanced(by: wait)
            return .waited(step)
        }
        world.note("  performing \(action.summary)")
        do {
            return try world.call { try act(action) }
        } catch let error as FleetError {
            world.observe(error, action.step)
            return .failed(action.step, error)
        }
    }

    private func act(_ action: DeliveryMachine.Action) throws -> DeliveryMachine.Input {
        let (view, broker) = (world.view, world.broker)
        switch action {
        case .open:
            world.count(.reopening)
            broker.subscribe(at: view.cursor)
            return .opened(
                DeliveryMachine.Opening(
                    position: view.cursor, heldKeys: world.bug == .viewForgetsHeldKeys ? [] : view.parking.heldKeys,
                    nextDue: view.parking.nextDue))
        case .read(let position):
            let records = try broker.read(after: position, limit: world.scenario.batchLimit)
            if let last = records.last { readThrough = last.position }
            return .read(records)
        case .apply(let records, let position, let heldKeys, let isCareful):
            if isCareful { world.count(.carefulApply) }
            return .applied(
                try view.apply(
                    records, after: position, heldKeys: heldKeys, isCareful: isCareful, at: world.now,
                    using: &world.random))
        case .acknowledge(let position, _):
            let told = world.bug == .acknowledgesWhatWasRead ? max(position, readThrough) : position
            if told > view.cursor {
                throw Failure(.acknowledgedTooFar, "the broker hears \(told), and the store is at \(view.cursor)")
            }
            broker.acknowledge(upTo: told)
            return .acknowledged
        case .retry(let due):
            world.count(.automaticRetry)
            world.now = max(world.now, due)
            return .retried(try view.retryDue(at: world.now, using: &world.random))
        case .close:
            return .closed
        case .wait(_, let step):
            return .waited(step)
        }
    }
}

extension DeliveryMachine.Action {
    var isWait: Bool {
        if case .wait = self { true } else { false }
    }

    /// Whether it takes on what was not taken on before.
    var isNewWork: Bool {
        switch self {
        case .open, .read, .apply, .retry: true
        default: false
        }
    }

    var summary: String {
        switch self {
        case .open: "open"
        case .close: "close"
        case .read(let position): "read after \(position)"
        case .apply(let records, let position, let heldKeys, let isCareful):
            "apply \(records.map(\.event.number)) after \(position)\(isCareful ? " with care" : ""),"
                + " held: \(heldKeys.sorted())"
        case .acknowledge(let position, let records): "acknowledge \(position), \(records) records"
        case .retry(let due): "retry at \(due.microseconds / 1000) ms"
        case .wait(let failures, let step): "wait after \(failures) failures, then \(step)"
        }
    }
}
