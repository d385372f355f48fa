#if NATS
    import FleetCore
    import Synchronization

    /// Gets the messages of one consumer in order, and has some ready.
    final class PullReader: MessageReceiver, ConnectionWatcher {
        struct Arrival: Sendable {
            var message: NATSMessage
            var delivery: Delivery
        }

        enum Trouble: Sendable {
            /// What was asked for will not come: the consumer or the connection is gone.
            case lost(String)
            /// The message of a sequence did not come, but later ones.
            case hole(UInt64)
        }

        fileprivate struct State {
            var ledger = PullLedger()
            var arrivals: [Arrival] = []
            /// How many of them were taken.
            var taken = 0
            var bytes = 0
            /// The sequence of the message that is to come next.
            var expected: UInt64
            var trouble: Trouble?
            /// For how long nothing may be heard yet.
            var quiet = WaitingTime(PullReader.silence)
        }

        let connection: NATSConnection
        let consumer: String
        /// Told whenever something comes.
        let changes = ChangeSignal()
        private let subject: String
        private let stream: String
        private let toleratesHoles: Bool
        private let state: Mutex<State>
        /// Where messages come to, until the reader ends.
        private let subscription = Mutex<NATSSubscription?>(nil)
        private let inbox: String

        /// How long a request waits at the server.
        private let expiry: Duration
        /// How often the server says that it still does.
        private static let heartbeat = Duration.seconds(1)
        /// Without any sign for so long the request is lost.
        private static let silence = Duration.seconds(3)

        private init(
            _ connection: NATSConnection, consumer: String, of stream: String, from first: UInt64, toleratesHoles: Bool,
            expiry: Duration
        ) {
            self.connection = connection
            self.consumer = consumer
            self.stream = stream
            self.toleratesHoles = toleratesHoles
            self.expiry = expiry
            inbox = connection.events.newInbox()
            subject = "$JS.API.CONSUMER.MSG.NEXT.\(stream).\(consumer)"
            state = Mutex(State(expected: first))
        }

        /// - Parameters:
        ///   - first: the sequence of the message that is to come first.
        ///   - expiry: how long each request waits at the server; more than two heartbeats.
        static func begin(
            _ connection: NATSConnection, consumer: String, of stream: String, from first: UInt64,
            toleratesHoles: Bool = false, requestsExpire expiry: Duration = .seconds(30)
        ) async throws -> PullReader {
            let reader = PullReader(
                connection, consumer: consumer, of: stream, from: first, toleratesHoles: toleratesHoles, expiry: expiry)
            let subscription = try await connection.subscribe(to: reader.inbox + "*", reader)
            reader.subscription.withLock { $0 = subscription }
            connection.events.add(watcher: reader)
            return reader
        }

        /// Takes nothing more. Must be called at the end.
        func end() {
            connection.events.remove(watcher: self)
            let last = subscription.withLock { subscription in
                defer { subscription = nil }
                return subscription
            }
            if let last { connection.discard(last) }
        }

        // MARK: What comes

        func receive(_ message: NATSMessage) {
            let wakes = state.withLock { state in
                state.quiet = WaitingTime(Self.silence)
                if let delivery = message.delivery {
                    state.ledger.delivered()
                    // What comes again is known.
                    guard delivery.sequence >= state.expected, state.trouble == nil else { return false }
                    if delivery.sequence > state.expected, !toleratesHoles {
                        state.trouble = .hole(state.expected)
                        return true
                    }
                    state.expected = delivery.sequence + 1
                    state.bytes += message.size
                    state.arrivals.append(Arrival(message: message, delivery: delivery))
                    return true
                }
                // What the server says of a request goes to the request's own subject.
                guard let status = message.status, let pull = UInt64(message.subject.dropFirst(inbox.utf8.count)) else {
                    return false
                }
                return state.take(status, of: pull)
            }
            if wakes { changes.notify() }
        }

        func connectionChanged() {
            state.withLock { $0.trouble = $0.trouble ?? .lost("the connection was lost") }
            changes.notify()
        }

        // MARK: What is taken

        /// What stands in the way of more; what came before can still be taken.
        var trouble: Trouble? {
            state.withLock { state in
                if state.trouble == nil, state.ledger.isWaiting, state.quiet.isOver() {
                    state.trouble = .lost("the server is silent")
                }
                return state.trouble
            }
        }

        var isEmpty: Bool { state.withLock { $0.taken == $0.arrivals.count } }

        /// The next message, which stays there until it is taken.
        var next: Arrival? { state.withLock { $0.taken < $0.arrivals.count ? $0.arrivals[$0.taken] : nil } }

        func take() {
            state.withLock { state in
                guard state.taken < state.arrivals.count else { return }
                state.bytes -= state.arrivals[state.taken].message.size
                state.taken += 1
                // Half of it is let go of at a time.
                if state.taken == state.arrivals.count || state.taken >= 1024 {
                    state.arrivals.removeFirst(state.taken)
                    state.taken = 0
                }
            }
        }

        /// Asks for more where it is time.
        func askForMore() async throws {
            let pull = state.withLock { state -> PullLedger.Pull? in
                guard state.trouble == nil else { return nil }
                let isSilent = !state.ledger.isWaiting
                let pull = state.ledger.next(held: state.arrivals.count - state.taken, heldBytes: state.bytes)
                if pull != nil, isSilent { state.quiet = WaitingTime(Self.silence) }
                return pull
            }
            guard let pull else { return }
            let (expires, heartbeat) = (expiry / .nanoseconds(1), Self.heartbeat / .nanoseconds(1))
            var request =
                "{\"batch\":\(pull.count),\"expires\":\(Int(expires)),\"idle_heartbeat\":\(Int(heartbeat))"
            if let bytes = pull.bytes { request += ",\"max_bytes\":\(bytes)" }
            try await connection.publish(
                Array((request + "}").utf8), to: subject, reply: "\(inbox)\(pull.number)",
                doing: "read stream \(stream)")
        }
    }

    extension PullReader.State {
        /// - Returns: whether those who wait are to know.
        fileprivate mutating func take(_ status: (code: Int, text: String), of pull: UInt64) -> Bool {
            switch status.code {
            case 100: return false
            case 404, 408:
                // Who waits asks again.
                ledger.ended(pull, isTooLarge: false)
                return true
            case 409 where status.text.lowercased().contains("maxbytes") || status.text == "Batch Completed":
                ledger.ended(pull, isTooLarge: status.text != "Batch Completed")
                return true
            default:
                trouble = trouble ?? .lost("\(status.code) \(status.text)")
                return true
            }
        }
    }
#endif
