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
    ///
    /// One that was undone runs alone when it is done again: else a large one would always be the one in whose way the small
    /// ones are.
    final class WriteTurns: Sendable {
        private struct State {
            var limit: WriteLimit
            var running = 0
            var isAlone = false
            var waiting: [Waiting] = []
            var lastNumber = 0

            /// Begins a turn, where it can begin now.
            mutating func begin(alone: Bool) -> Bool {
                guard !isAlone, alone ? running == 0 : running < limit.value else { return false }
                running += 1
                isAlone = alone
                return true
            }

            /// Begins the turns of those who have waited longest, as far as they can begin now.
            mutating func startNext() -> [CheckedContinuation<Void, any Error>] {
                var next: [CheckedContinuation<Void, any Error>] = []
                while let first = waiting.first, begin(alone: first.isAlone) {
                    next.append(waiting.removeFirst().continuation)
                }
                return next
            }
        }

        private struct Waiting {
            var number: Int
            var isAlone: Bool
            var continuation: CheckedContinuation<Void, any Error>
        }

        private let state: Mutex<State>

        init(most: Int) { state = Mutex(State(limit: WriteLimit(most: most))) }

        /// Waits for a turn, runs `body`, and learns from how it ended.
        /// - Parameter alone: whether no other may run meanwhile.
        func take<Result>(alone: Bool, _ body: () async throws -> Result) async throws -> Result {
            try await begin(alone: alone)
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

        private func begin(alone: Bool) async throws {
            let number = state.withLock { state in
                state.lastNumber += 1
                return state.lastNumber
            }
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let answer: Swift.Result<Void, any Error>? = state.withLock { state in
                        // Whoever is cancelled from here on is found among those who wait.
                        if Task.isCancelled { return .failure(Self.cancelled) }
                        if state.waiting.isEmpty, state.begin(alone: alone) { return .success(()) }
                        state.waiting.append(Waiting(number: number, isAlone: alone, continuation: continuation))
                        return nil
                    }
                    if let answer { continuation.resume(with: answer) }
                }
            } onCancel: {
                let waiting = state.withLock { state in
                    state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
                }
                waiting?.continuation.resume(throwing: Self.cancelled)
                // It may have been the one that all others waited behind.
                for continuation in state.withLock({ $0.startNext() }) { continuation.resume() }
            }
        }

        private func end(_ learn: (inout WriteLimit) -> Void) {
            let next = state.withLock { state in
                learn(&state.limit)
                state.running -= 1
                state.isAlone = false
                return state.startNext()
            }
            for continuation in next { continuation.resume() }
        }
    }
#endif
