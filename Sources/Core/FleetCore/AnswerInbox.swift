import Synchronization

/// Where answers come in that no task waits for: many are handed over at once.
public final class AnswerInbox<Answer: Sendable>: Sendable {
    private struct State {
        var answers: [Answer] = []
        var waiting: CheckedContinuation<Void, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    public init() {}

    public func put(_ answer: Answer) {
        let waiting = state.withLock { state in
            state.answers.append(answer)
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    /// Waits for answers, and takes all that are there; none where the task is cancelled. One task at a time may wait.
    public func next() async -> [Answer] {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if !state.answers.isEmpty || state.isCancelled { return true }
                    state.waiting = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                state.isCancelled = true
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume()
        }
        return state.withLock { state in
            defer { state.answers = [] }
            return state.answers
        }
    }
}
