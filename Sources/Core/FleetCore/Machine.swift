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

    public init(progress: Progress) {
        self.progress = progress
    }

    /// Drives a machine until the task is cancelled.
    /// - Parameters:
    ///   - isExpected: whether a failure is part of the work, and not to be told.
    ///   - perform: carries an action out; what it throws is its failure.
    public func drive<M: Machine>(
        _ machine: consuming M, isExpected: (M.Step, FleetError) -> Bool = { _, _ in false },
        perform: @escaping @Sendable (M.Action) async throws -> M.Input
    ) async {
        await withTaskGroup(of: M.Input.self) { group in
            var failing: Set<M.Step> = []
            for action in machine.start() { group.addTask { await Self.answer(action, perform) } }
            while let input = await group.next() {
                if Task.isCancelled { break }
                let ending = input.ending
                let actions = machine.handle(input)
                for action in actions { group.addTask { await Self.answer(action, perform) } }
                let isIdle = machine.isIdle
                if isIdle { failing.removeAll() }
                observe(ending, &failing, isExpected)
                progress.setIdle(isIdle)
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

    /// Tells what stands in the way, until the step that failed has succeeded, or nothing is left to do.
    private func observe<Step: Hashable>(
        _ ending: MachineEnding<Step>?, _ failing: inout Set<Step>, _ isExpected: (Step, FleetError) -> Bool
    ) {
        switch ending {
        case .failure(let step, let error):
            // One who works beside it, or the end: the next try tells more.
            if error.code == .cancelled || error.code == .conflict || isExpected(step, error) { return }
            failing.insert(step)
            progress.fail(error)
        case .success(let step):
            failing.remove(step)
            if failing.isEmpty { progress.recover() }
        case nil: return
        }
    }
}
