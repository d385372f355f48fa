#if NATS
    import CLibNATS
    import Dispatch
    import FleetCore
    import Synchronization

    /// A connection to a NATS server or cluster. It comes back by itself where it was lost; what is asked for meanwhile
    /// fails.
    ///
    /// Calls of libnats may wait for the network: they run on a queue of the connection's own.
    final class NATSConnection: Sendable {
        let events: ConnectionEvents
        /// What may be shown of where the server is.
        let name: String
        /// On how many servers each stream is to be.
        let replicas: Int
        /// Whether the next connection may be to another server.
        let hasOtherServers: Bool
        private let handle: NATSHandle
        private let queue: DispatchQueue
        /// Where all answers come.
        private let answers: NATSSubscription

        private init(
            _ handle: NATSHandle, _ events: ConnectionEvents, _ answers: NATSSubscription, queue: DispatchQueue,
            _ settings: NATSSettings
        ) {
            self.handle = handle
            self.events = events
            self.answers = answers
            self.queue = queue
            name = settings.name
            replicas = settings.replicas
            hasOtherServers = settings.servers.count > 1
        }

        static func open(_ settings: NATSSettings, for purpose: NATSOptions.Purpose) async throws -> NATSConnection {
            let queue = DispatchQueue(label: "flotilla.nats")
            return try await Self.perform(on: queue) {
                let events = ConnectionEvents(inbox: try inbox())
                let handle = try NATSOptions(settings, purpose: purpose, events: events).connect()
                let answers = try NATSSubscription(handle, to: events.inbox + "*", events, at: settings.name)
                return NATSConnection(handle, events, answers, queue: queue, settings)
            }
        }

        private static func inbox() throws -> String {
            var made: UnsafeMutablePointer<CChar>?
            guard natsInbox_Create(&made) == NATS_OK, let made else {
                throw FleetError(.unavailable, "libnats cannot be used: no memory", isRetriable: true)
            }
            defer { natsInbox_Destroy(made) }
            return String(cString: made)
        }

        var isConnected: Bool { handle.isConnected }
        /// Whether it will never come back.
        var isClosed: Bool { handle.isClosed }
        /// The largest message that the server takes, headers and payload, in bytes.
        var maximumMessage: Int { handle.maximumMessage }

        /// Ends it. What is under way fails.
        func close() async {
            let handle = handle
            try? await Self.perform(on: queue) { handle.close() }
        }

        /// Runs calls of libnats where they may block, one after the other.
        /// - Parameter queue: another than the connection's own, for what waits for long.
        func perform<Result: Sendable>(
            on queue: DispatchQueue? = nil, _ body: @escaping @Sendable (OpaquePointer) throws -> Result
        ) async throws -> Result {
            let handle = handle
            return try await Self.perform(on: queue ?? self.queue) { try body(handle.pointer) }
        }

        private static func perform<Result: Sendable>(
            on queue: DispatchQueue, _ body: @escaping @Sendable () throws -> Result
        ) async throws -> Result {
            let call = Once<Result>()
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    call.begin(continuation)
                    queue.async { call.end(Swift.Result(catching: body)) }
                }
            } onCancel: {
                // The call ends by itself; nobody waits for it any more.
                call.end(.failure(CancellationError()))
            }
        }

        // MARK: Messages

        /// What is sent to a subject comes to a receiver, until the subscription is discarded.
        func subscribe(to subject: String, _ receiver: any MessageReceiver) async throws -> NATSSubscription {
            let (handle, name) = (handle, name)
            return try await perform { _ in try NATSSubscription(handle, to: subject, receiver, at: name) }
        }

        /// Ends a subscription, where that may block.
        func discard(_ subscription: NATSSubscription) {
            queue.async { _ = subscription }
        }

        /// - Throws: `unavailable` while there is no connection: nothing is kept for later.
        func publish(_ payload: [UInt8], to subject: String, reply: String? = nil, doing: String) async throws {
            try requireConnection(doing)
            let name = name
            try await perform { connection in
                let status = payload.withUnsafeBytes { bytes in
                    reply.map {
                        natsConnection_PublishRequest(connection, subject, $0, bytes.baseAddress, Int32(bytes.count))
                    } ?? natsConnection_Publish(connection, subject, bytes.baseAddress, Int32(bytes.count))
                }
                if status != NATS_OK { throw NATSFailure.error(status, doing, at: name) }
            }
        }

        func requireConnection(_ doing: String) throws {
            guard isConnected else { throw NATSFailure.unavailable(doing, at: name, said: "the connection was lost") }
        }

        /// Returns once there is a connection, or after a time.
        func waitUntilConnected(_ timeout: Duration) async {
            var time = WaitingTime(timeout)
            while !isConnected, !isClosed, !time.isOver(), !Task.isCancelled {
                let generation = events.changes.generation
                if isConnected { return }
                await events.changes.wait(past: generation, timeout: time.piece)
            }
        }

        /// How an answer is waited for.
        struct Patience: Sendable {
            var timeout: Duration
            /// How often the same is asked again: for what may be done twice.
            var again: Duration?
            /// How long a better answer is waited for, where one says that something is not possible now.
            var settling: Duration
        }

        /// Asks, and waits for one answer.
        func request(
            _ payload: [UInt8], to subject: String, timeout: Duration, doing: String
        ) async throws -> NATSMessage {
            let patience = Patience(timeout: timeout, again: nil, settling: .zero)
            return try await request(payload, to: subject, patience, doing: doing) { _ in true }
        }

        /// Asks, and waits for one answer.
        /// - Parameter isFinal: whether no other server can have a better answer.
        /// - Throws: `unavailable`, also where nobody listens; `denied` where the server does not permit it.
        func request(
            _ payload: [UInt8], to subject: String, _ patience: Patience, doing: String,
            isFinal: (NATSMessage) -> Bool
        ) async throws -> NATSMessage {
            let errors = events.errorCount
            let slot = ReplySlot()
            let number = events.add(slot)
            defer { events.remove(number) }
            let reply = "\(events.inbox)\(number)"
            try await publish(payload, to: subject, reply: reply, doing: doing)
            var time = WaitingTime(patience.timeout)
            var next = patience.again.map { ContinuousClock.now + $0 }
            var last: NATSMessage?
            while true {
                let generation = slot.generation
                while let answer = slot.take() {
                    if answer.status?.code != 503, isFinal(answer) { return answer }
                    if last == nil { time.shorten(to: patience.settling) }
                    last = answer
                }
                try Task.checkCancellation()
                if let error = events.error(after: errors), error.status == NATS_NOT_PERMITTED,
                    error.text.contains(subject) || error.text.contains(events.inbox)
                {
                    throw NATSFailure.denied(doing, at: name, said: error.text)
                }
                try requireConnection(doing)
                guard !time.isOver() else {
                    guard let last else {
                        throw NATSFailure.unavailable(doing, at: name, said: "no answer within \(patience.timeout)")
                    }
                    if last.status?.code == 503 { throw NATSFailure.noJetStream(at: name, doing: doing) }
                    return last
                }
                if let due = next, due <= .now {
                    try await publish(payload, to: subject, reply: reply, doing: doing)
                    next = patience.again.map { .now + $0 }
                }
                await slot.wait(past: generation, timeout: min(time.piece, next.map { $0 - .now } ?? time.piece))
            }
        }
    }

    /// A call that is answered once: by what it returns, or by its cancellation.
    private final class Once<Result: Sendable>: Sendable {
        private struct State {
            var continuation: CheckedContinuation<Result, any Error>?
            var isEnded = false
        }

        private let state = Mutex(State())

        func begin(_ continuation: CheckedContinuation<Result, any Error>) {
            let isOver = state.withLock { state in
                if !state.isEnded { state.continuation = continuation }
                return state.isEnded
            }
            if isOver { continuation.resume(throwing: CancellationError()) }
        }

        func end(_ result: Swift.Result<Result, any Error>) {
            let waiting = state.withLock { state in
                defer { state.continuation = nil }
                state.isEnded = true
                return state.continuation
            }
            waiting?.resume(with: result)
        }
    }
#endif
