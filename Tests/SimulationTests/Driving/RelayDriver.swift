import FleetCore
import Outbox
import Relay

/// Carries out what a relay's machine asks for, against the model, in whatever order it is told to.
final class RelayDriver: Driver {
    private unowned let world: World
    private var machine: RelayMachine
    private var work: [Work<RelayMachine.Action, RelayMachine.Input>] = []
    /// Batches that the machine holds: captured and not appended; appended and not settled.
    private var captured = 0
    private var appended = 0
    /// What a planted bug appends too late.
    private var belated: [Int] = []

    init(_ world: World) throws {
        self.world = world
        machine = RelayMachine(contract: world.contract)
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
        if let input = work.remove(at: index).answer { try deliver(input) }
    }

    func crash() throws {
        while !work.isEmpty {
            let lost = work.remove(at: world.random.below(work.count))
            if lost.answer == nil, !lost.action.isWait, world.random.chance(50) { _ = try perform(lost.action) }
        }
        belated = []
        machine = RelayMachine(contract: world.contract)
        if isPaused { _ = machine.restart(isPaused: true) }
        try schedule(machine.start())
    }

    /// Tells the machine to rest, to go on, or to begin anew.
    func steer(isPaused: Bool) throws {
        world.note("relay is told to \(isPaused ? "rest" : "begin")")
        self.isPaused = isPaused
        try schedule(machine.restart(isPaused: isPaused))
    }

    // MARK: The machine

    private func schedule(_ actions: [RelayMachine.Action]) throws {
        for action in actions {
            world.note("relay: \(action.summary)")
            if isPaused, action.isNewWork { throw Failure(.workedWhilePaused, action.summary) }
            if case .open = action { (captured, appended) = (0, 0) }
            let step = action.step
            if work.contains(where: { $0.action.step == step }) {
                throw Failure(.twiceUnderWay, "\(step) of the relay")
            }
            work.append(Work(action: action))
        }
    }

    private func deliver(_ input: RelayMachine.Input) throws {
        switch input {
        case .captured(let rows) where !rows.isEmpty: captured += 1
        case .appended: (captured, appended) = (captured - 1, appended + 1)
        case .settled: appended -= 1
        default: break
        }
        let actions = machine.handle(input)
        if captured > 2 || appended > 2 {
            throw Failure(.heldTooMuch, "\(captured) batches to append and \(appended) to settle")
        }
        try schedule(actions)
    }

    // MARK: The model

    private func perform(_ action: RelayMachine.Action) throws -> RelayMachine.Input {
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

    private func act(_ action: RelayMachine.Action) throws -> RelayMachine.Input {
        switch action {
        case .open:
            world.count(.reopening)
            return .opened(heldKeys: world.bug == .outboxForgetsHeldKeys ? [] : world.outbox.parking.heldKeys)
        case .capture(let position):
            return .captured(world.outbox.capture(after: position, limit: world.scenario.batchLimit))
        case .append(let events):
            if world.bug == .settlesBeforeAppending {
                belated = events.map(\.number)
            } else if !events.isEmpty {
                try world.broker.append(events.map(\.number))
            }
            return .appended
        case .settle(let batch):
            try world.outbox.settle(batch)
            if !belated.isEmpty { try world.broker.append(belated) }
            return .settled
        case .close:
            return .closed
        case .wait(_, let step):
            return .waited(step)
        }
    }
}

extension RelayMachine.Action {
    var isWait: Bool {
        if case .wait = self { true } else { false }
    }

    /// Whether it takes on what was not taken on before.
    var isNewWork: Bool {
        switch self {
        case .open, .capture: true
        default: false
        }
    }

    var summary: String {
        switch self {
        case .open: "open"
        case .close: "close"
        case .capture(let position): "capture after \(position == .start ? "the start" : "\(position)")"
        case .append(let events): "append \(events.map(\.number))"
        case .settle(let batch):
            "settle \(batch.published.map(\.value)), park \(batch.parked.map(\.position.value)),"
                + " through \(batch.through)"
        case .wait(let failures, let step): "wait after \(failures) failures, then \(step)"
        }
    }
}
