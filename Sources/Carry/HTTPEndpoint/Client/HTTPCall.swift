import NIOCore

/// One request, and who waits for its answer.
struct HTTPCall: Sendable {
    let number: Int
    /// Header and body, as they are sent.
    let bytes: ByteBuffer
    let demand: AnswerDemand
    let deadline: NIODeadline
    /// Whether it may be sent once more where the server has closed a connection that was idle before, and nothing of an
    /// answer came: the server has most likely not seen it.
    var mayBeRepeated: Bool
    /// Whether it wants a connection that is certainly there: a new one, or one that has just served.
    var wantsNewConnection = false
    /// Called once, on the event loop.
    let done: @Sendable (Result<HTTPAnswer, HTTPCallFailure>) -> Void
}

/// No answer came to a request.
struct HTTPCallFailure: Error {
    enum Reason: Error {
        /// In time.
        case timedOut
        /// The server closed the connection.
        case closed
        /// An endpoint that may not have a private address has one.
        case privateAddress
        case cancelled
        /// The client was closed.
        case shutDown
    }

    /// A ``Reason``, ``AnswerReader/Garbage``, or what NIO says.
    let cause: any Error
    /// Whether the request may have arrived.
    let mayHaveArrived: Bool
}
