/// A pure state machine, without I/O, clock or randomness: every action that it returns is answered by exactly one input.
public protocol Machine {
    associatedtype Step: Hashable, Sendable
    associatedtype Action: MachineAction where Action.Step == Step
    associatedtype Input: MachineInput where Input.Step == Step

    /// Whether there was nothing to do at the last look, and nothing is under way.
    var isIdle: Bool { get }

    /// The first actions.
    mutating func start() -> [Action]

    /// Takes an answer, and returns what to do next.
    mutating func handle(_ input: Input) -> [Action]

    /// Takes answers that came at the same time, in order.
    mutating func handle(_ inputs: [Input]) -> [Action]
}

extension Machine {
    public mutating func handle(_ inputs: [Input]) -> [Action] { inputs.flatMap { handle($0) } }
}

/// A machine that can be told from outside to rest, to go on, and to begin anew.
public protocol SteerableMachine: Machine {
    /// Ends what is under way, takes on nothing new, and lets go of what it holds open; then begins anew from what the store
    /// says, or, where it is paused, once it is told to go on.
    mutating func restart(isPaused: Bool) -> [Action]
}

/// What a machine wants to be done.
public protocol MachineAction: Sendable {
    associatedtype Step

    /// What it is part of.
    var step: Step { get }
}

/// What became of an action.
public protocol MachineInput: Sendable {
    associatedtype Step

    static func failed(_ step: Step, _ error: FleetError) -> Self

    /// How the action ended; `nil` where it was only waited for.
    var ending: MachineEnding<Step>? { get }
}

/// How an action ended.
public enum MachineEnding<Step> {
    case success(Step)
    case failure(Step, FleetError)
}

/// Drives a machine: has its actions carried out, answers them, and tells how it is doing.
public struct MachineDriver: Sendable {
    private let progress: Progress
    private let observer: (any WorkObserver)?

    public init(progress: Progress, observer: (any WorkObserver)? = nil) {
        self.progress = progress
        self.observer = observer
    }

    /// Drives a machine until the task is cancelled.
    /// - Parameters:
    ///   - isExpected: whether a failure is part of the work, and not to be told.
    ///   - perform: carries an action out; what it throws is its failure.
    public func drive<M: Machine>(
        _ machine: consuming M, isExpected: (M.Step, FleetError) -> Bool = { _, _ in false },
        perform: @escaping @Sendable (M.Action) async throws -> M.Input
    ) async {
        var loop = DrivenMachine(machine: machine, progress: progress, observer: observer)
        await withTaskGroup(of: M.Input.self) { group in
            for action in loop.machine.start() { group.addTask { await Self.answer(action, perform) } }
            while let input = await group.next() {
                if Task.isCancelled { break }
                for action in loop.handle([input], isExpected) { group.addTask { await Self.answer(action, perform) } }
            }
            group.cancelAll()
        }
    }

    /// Drives a machine until the task is cancelled, and tells it what `gate` is told.
    /// - Parameters:
    ///   - inbox: where the answers come to actions that `handOver` has taken.
    ///   - handOver: takes what needs no task of its own, all that is to be done now at once, and returns the rest.
    public func drive<M: SteerableMachine>(
        _ machine: consuming M, gate: FlowGate, inbox: AnswerInbox<M.Input> = AnswerInbox(),
        isExpected: (M.Step, FleetError) -> Bool = { _, _ in false }, handOver: ([M.Action]) -> [M.Action] = { $0 },
        perform: @escaping @Sendable (M.Action) async throws -> M.Input
    ) async {
        var loop = DrivenMachine(machine: machine, progress: progress, observer: observer)
        await withTaskGroup(of: Happening<M.Input>.self) { group in
            let begun = gate.standing
            group.addTask { .told(await gate.standing(after: begun)) }
            group.addTask { .answers(await inbox.next()) }
            // One that is paused from the beginning opens nothing.
            var actions = begun.isPaused ? loop.machine.restart(isPaused: true) : []
            actions += loop.machine.start()
            for action in handOver(actions) { group.addTask { .answer(await Self.answer(action, perform)) } }
            progress.setIdle(loop.machine.isIdle)
            while let event = await group.next() {
                if Task.isCancelled { break }
                switch event {
                case .answer(let input): actions = loop.handle([input], isExpected)
                case .answers(let inputs):
                    group.addTask { .answers(await inbox.next()) }
                    actions = loop.handle(inputs, isExpected)
                case .told(let standing):
                    group.addTask { .told(await gate.standing(after: standing)) }
                    actions = loop.machine.restart(isPaused: standing.isPaused)
                    progress.setIdle(loop.machine.isIdle)
                }
                for action in handOver(actions) { group.addTask { .answer(await Self.answer(action, perform)) } }
            }
            group.cancelAll()
        }
    }

    private static func answer<Action: MachineAction, Input: MachineInput>(
        _ action: Action, _ perform: (Action) async throws -> Input
    ) async -> Input where Input.Step == Action.Step {
        do {
            return try await perform(action)
        } catch {
            return .failed(action.step, FleetError.wrapping(error))
        }
    }
}

/// What a driver waits for.
private enum Happening<Input: Sendable>: Sendable {
    case answer(Input)
    case answers([Input])
    case told(FlowGate.Standing)
}

/// A machine at work, and what is known of how it is doing.
private struct DrivenMachine<M: Machine> {
    var machine: M
    let progress: Progress
    let observer: (any WorkObserver)?
    /// Steps that failed and have not succeeded since.
    private var failing: Set<M.Step> = []

    init(machine: consuming M, progress: Progress, observer: (any WorkObserver)?) {
        self.machine = machine
        self.progress = progress
        self.observer = observer
    }

    /// Answers actions, and returns what is to be carried out next.
    mutating func handle(_ inputs: [M.Input], _ isExpected: (M.Step, FleetError) -> Bool) -> [M.Action] {
        let actions = machine.handle(inputs)
        let isIdle = machine.isIdle
        if isIdle { failing.removeAll() }
        for input in inputs { observe(input.ending, isExpected) }
        progress.setIdle(isIdle)
        return actions
    }

    /// Tells what stands in the way, until the step that failed has succeeded, or nothing is left to do.
    private mutating func observe(_ ending: MachineEnding<M.Step>?, _ isExpected: (M.Step, FleetError) -> Bool) {
        switch ending {
        case .failure(let step, let error):
            // One who works beside it, or the end: the next try tells more.
            if error.code == .cancelled || error.code == .conflict || isExpected(step, error) { return }
            failing.insert(step)
            progress.fail(error)
            observer?.observe(.failed(error.code))
        case .success(let step):
            failing.remove(step)
            if failing.isEmpty { progress.recover() }
        case nil: return
        }
    }
}
