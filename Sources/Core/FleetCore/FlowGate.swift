import Synchronization

/// Where work that goes on for ever is told from outside to rest, to go on, or to begin anew.
///
/// One who decides (an operator's word, read from the fleet's state) writes; any number of pieces of work look.
public final class FlowGate: Sendable {
    /// What was told last.
    public struct Standing: Sendable, Hashable {
        public var isPaused: Bool
        /// Counts what was told.
        var generation: UInt64

        public init(isPaused: Bool) {
            self.init(isPaused: isPaused, generation: 0)
        }

        init(isPaused: Bool, generation: UInt64) {
            self.isPaused = isPaused
            self.generation = generation
        }
    }

    private let state: Mutex<Standing>
    private let changes = ChangeSignal()

    public init(isPaused: Bool = false) {
        state = Mutex(Standing(isPaused: isPaused))
    }

    public var standing: Standing { state.withLock { $0 } }
    public var isPaused: Bool { standing.isPaused }

    /// Has the work rest, or go on. Nothing happens where it is told what it was told last.
    public func setPaused(_ isPaused: Bool) {
        tell { isPaused == $0 ? nil : isPaused }
    }

    /// Has the work begin anew from what its store says, at once, or once it is no longer paused.
    public func restart() {
        tell { $0 }
    }

    private func tell(_ word: (Bool) -> Bool?) {
        let isNew = state.withLock { state in
            guard let isPaused = word(state.isPaused) else { return false }
            state = Standing(isPaused: isPaused, generation: state.generation &+ 1)
            return true
        }
        if isNew { changes.notify() }
    }

    /// Returns once something was told after `known`, or when the task is cancelled.
    public func standing(after known: Standing) async -> Standing {
        while !Task.isCancelled {
            let generation = changes.generation
            let now = standing
            if now != known { return now }
            await changes.wait(past: generation)
        }
        return standing
    }

    /// Runs `body`, and cancels it where something is told meanwhile.
    /// - Returns: `nil` where nothing came of it for that reason, or where the work is paused.
    public func whileOpen<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let begun = standing
        if begun.isPaused { return nil }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                _ = await self.standing(after: begun)
                return nil
            }
            defer { group.cancelAll() }
            if let result = try await group.next() ?? nil { return result }
            group.cancelAll()
            do {
                return try await group.next() ?? nil
            } catch {
                if Task.isCancelled { throw error }
                return nil
            }
        }
    }
}
