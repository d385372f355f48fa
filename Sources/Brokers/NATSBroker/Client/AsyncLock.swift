#if NATS
    import Synchronization

    /// Lets one at a time work at something, in the order in which they came.
    final class AsyncLock: Sendable {
        private struct State {
            var isHeld = false
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        /// What is done in it must end by itself: who waits cannot be cancelled.
        func withLock<Result>(_ body: () async throws -> Result) async rethrows -> Result {
            await take()
            defer { release() }
            return try await body()
        }

        private func take() async {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    if state.isHeld {
                        state.waiters.append(continuation)
                        return false
                    }
                    state.isHeld = true
                    return true
                }
                if isFree { continuation.resume() }
            }
        }

        private func release() {
            let next = state.withLock { state in
                if state.waiters.isEmpty {
                    state.isHeld = false
                    return nil as CheckedContinuation<Void, Never>?
                }
                return state.waiters.removeFirst()
            }
            next?.resume()
        }
    }
#endif
