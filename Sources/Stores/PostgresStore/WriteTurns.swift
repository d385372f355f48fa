#if Postgres
    import FleetCore
    import Synchronization

    /// How many write transactions run at a time: half as many after one was in another's way, and one more after some that
    /// were not (additive increase, multiplicative decrease).
    ///
    /// Transactions that always meet (all streams of a view write to one small table) would otherwise undo each other's work
    /// the more, the larger their batches grow while they fall behind.
    struct WriteLimit: Sendable {
        let most: Int
        private(set) var value: Int
        private var successes = 0

        /// So many in a row before one more is tried.
        static let patience = 32

        init(most: Int) {
            self.most = most
            value = most
        }

        mutating func conflicted() {
            value = max(1, value / 2)
            successes = 0
        }

        mutating func succeeded() {
            guard value < most else { return }
            successes += 1
            if successes < Self.patience { return }
            value += 1
            successes = 0
        }
    }

    /// Lets as many write transactions run at a time as a ``WriteLimit`` says; others wait, in their order.
    final class WriteTurns: Sendable {
        private struct State {
            var limit: WriteLimit
            var running = 0
            var waiting: [(number: Int, continuation: CheckedContinuation<Void, any Error>)] = []
            var lastNumber = 0
        }

        private let state: Mutex<State>

        init(most: Int) { state = Mutex(State(limit: WriteLimit(most: most))) }

        /// Waits for a turn, runs `body`, and learns from how it ended.
        func take<Result>(_ body: () async throws -> Result) async throws -> Result {
            try await begin()
            do {
                let result = try await body()
                end { $0.succeeded() }
                return result
            } catch {
                let isConflict = (error as? FleetError)?.code == .conflictingTransactions
                end { if isConflict { $0.conflicted() } }
                throw error
            }
        }

        private static var cancelled: FleetError { .wrapping(CancellationError()) }

        private func begin() async throws {
            let number = state.withLock { state in
                state.lastNumber += 1
                return state.lastNumber
            }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let answer: Swift.Result<Void, any Error>? = state.withLock { state in
                        // Whoever is cancelled from here on is found among those who wait.
                        if Task.isCancelled { return .failure(Self.cancelled) }
                        if state.running < state.limit.value, state.waiting.isEmpty {
                            state.running += 1
                            return .success(())
                        }
                        state.waiting.append((number, continuation))
                        return nil
                    }
                    if let answer { continuation.resume(with: answer) }
                }
            } onCancel: {
                let waiting = state.withLock { state in
                    state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
                }
                waiting?.continuation.resume(throwing: Self.cancelled)
            }
        }

        private func end(_ learn: (inout WriteLimit) -> Void) {
            let next = state.withLock { state in
                learn(&state.limit)
                state.running -= 1
                var next: [CheckedContinuation<Void, any Error>] = []
                while state.running < state.limit.value, !state.waiting.isEmpty {
                    state.running += 1
                    next.append(state.waiting.removeFirst().continuation)
                }
                return next
            }
            for continuation in next { continuation.resume() }
        }
    }
#endif
