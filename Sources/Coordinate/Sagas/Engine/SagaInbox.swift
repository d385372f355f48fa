import SagaModel
import Synchronization

/// What comes to an engine from its own process: answers, and the word that something has changed.
final class SagaInbox: Sendable {
    /// What became of an attempt, or was found out about a saga.
    struct Answer: Sendable {
        var saga: String
        var input: SagaInput
        /// What HTTP said; `nil` where nobody answered over HTTP.
        var status: Int?
    }

    struct Content: Sendable {
        var answers: [Answer] = []
        var sent: [(saga: String, ticket: SagaTicket)] = []

        var isEmpty: Bool { answers.isEmpty && sent.isEmpty }
    }

    private let state = Mutex(Content())
    private let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    init() {
        (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ saga: String, _ input: SagaInput, status: Int? = nil) {
        state.withLock { $0.answers.append(Answer(saga: saga, input: input, status: status)) }
        changed.yield()
    }

    func put(sent tickets: [(saga: String, ticket: SagaTicket)]) {
        state.withLock { $0.sent += tickets }
        changed.yield()
    }

    /// Has the engine look.
    func nudge() { changed.yield() }

    /// Takes what is there, the oldest first.
    func take(atMost limit: Int) -> Content {
        state.withLock { state in
            let taken = Content(
                answers: Array(state.answers.prefix(limit)), sent: Array(state.sent.prefix(limit)))
            state.answers.removeFirst(taken.answers.count)
            state.sent.removeFirst(taken.sent.count)
            return taken
        }
    }

    /// Puts back what was taken in vain.
    func putBack(_ content: Content) {
        state.withLock { state in
            state.answers = content.answers + state.answers
            state.sent = content.sent + state.sent
        }
        changed.yield()
    }

    var isEmpty: Bool { state.withLock { $0.isEmpty } }

    /// Yields whenever something may have changed.
    var nudges: AsyncStream<Void> { changes }
}
