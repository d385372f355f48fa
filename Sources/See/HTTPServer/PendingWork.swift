import Synchronization

/// The answers that take a while: bounded in number, and ended with the server.
final class PendingWork: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var next = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    /// Answers under way at once.
    static let limit = 8

    /// - Returns: `false` where too many are under way.
    func start(_ work: @escaping @Sendable () async -> Void) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.tasks.count < Self.limit else { return false }
            let number = state.next
            state.next += 1
            // Who asks is an event loop, which cannot wait; `close` does, for all of them.
            state.tasks[number] = Task {
                await work()
                self.state.withLock { $0.tasks[number] = nil }
            }
            return true
        }
    }

    /// Has all of it end, and waits for that.
    func close() async {
        let tasks = state.withLock { state in
            state.isClosed = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
