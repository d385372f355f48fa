#if NATS
    public import Brokers
    public import FleetCore
    import Synchronization
    public import Wire

    /// A broker on NATS JetStream: each stream is a stream there, each subscription a durable consumer.
    ///
    /// Streams and consumers are made by ``NATSBrokerSetup``; a stream that is missing is an error, never an empty stream.
    public final class NATSBroker: Broker {
        public let name: String
        private let retention: Retention
        private let clock: FleetClock
        private let notice: @Sendable (String) -> Void
        private let asking: ConnectionSource
        private let publishing: ConnectionSource
        private let mappings: [StreamName: NATSMapping]
        private let streams = Mutex<[StreamName: NATSStream]>([:])

        /// - Parameters:
        ///   - mappings: how messages are made of a stream's events; for a stream that is not among them, the standard.
        ///   - notice: is told what was mended by itself.
        public init(
            _ settings: NATSSettings, mappings: [StreamName: NATSMapping] = [:], retention: Retention,
            clock: FleetClock = .system, notice: @escaping @Sendable (String) -> Void = { _ in }
        ) {
            name = "NATS at \(settings.name)"
            self.mappings = mappings
            self.retention = retention
            self.clock = clock
            self.notice = notice
            asking = ConnectionSource(settings, for: .asking)
            publishing = ConnectionSource(settings, for: .publishing)
        }

        func stream(_ name: StreamName) throws -> NATSStream {
            if let known = streams.withLock({ $0[name] }) { return known }
            let mapping = try mappings[name] ?? NATSMapping(stream: name, subjects: SubjectMapping(stream: name))
            let made = NATSStream(mapping, notice: notice)
            return streams.withLock { streams in
                if let known = streams[name] { return known }
                streams[name] = made
                return made
            }
        }

        private func api(_ patience: JetStreamAPI.Patience = .brief) async throws -> JetStreamAPI {
            JetStreamAPI(connection: try await asking.connection(), patience: patience)
        }

        public func append(_ events: [Event], to name: StreamName) async throws -> LogPosition {
            if events.isEmpty { return try await bounds(of: name).last }
            let stream = try stream(name)
            return stream.appended(through: try await append(events, to: stream, after: nil))
        }

        /// - Parameter end: where the stream must end for the events to be copies of what is elsewhere; `nil` for new ones.
        /// - Returns: where the stream ends then.
        func append(_ events: [Event], to stream: NATSStream, after end: UInt64?) async throws -> UInt64 {
            let (api, connection) = (try await api(.lasting), try await publishing.connection())
            let look = StreamPublisher.Look {
                let info = try await api.stream(stream.name)
                stream.learn(info)
                return info
            } ids: {
                try await StreamScanner(api: api, leader: stream.leader).ids(of: stream.name, after: $0, through: $1)
            }
            return try await stream.publisher.append(events, connection, after: end, looking: look)
        }

        public func read(
            _ name: StreamName, for subscription: SubscriptionName?, after position: LogPosition, limit: BatchLimit
        ) async throws -> [LogRecord] {
            let stream = try stream(name)
            let connection = try await asking.connection()
            if subscription == nil, limit.events.value == 1,
                let sequence = stream.sequence(of: LogPosition(position.value &+ 1)), sequence > 0,
                let message = try await JetStreamAPI(connection: connection).message(of: stream.name, at: sequence)
            {
                return [try stream.record(message)]
            }
            return try await stream.reader(for: subscription).read(connection, after: position, limit: limit)
        }

        public func waitForRecords(
            in name: StreamName, for subscription: SubscriptionName?, after position: LogPosition, timeout: Duration
        ) async throws {
            try await stream(name).reader(for: subscription)
                .waitForRecords(try await asking.connection(), after: position, timeout: timeout)
        }

        public func bounds(of name: StreamName) async throws -> StreamBounds {
            let stream = try stream(name)
            let info = try await api().stream(stream.name)
            stream.learn(info)
            return StreamBounds(info)
        }

        public func weakness(of name: StreamName) async throws -> FleetError? {
            let stream = try stream(name)
            let info = try await api().stream(stream.name)
            let gone = info.cluster?.replicas?.filter(\.isGone).map(\.name) ?? []
            return gone.isEmpty ? nil : NATSFailure.gone(gone.sorted(), of: stream.name, at: self.name)
        }

        public func appendTime(of position: LogPosition, in name: StreamName) async throws -> Timestamp? {
            let stream = try stream(name)
            // Tells which sequence a position has.
            if stream.sequence(of: position) == nil { _ = try await bounds(of: name) }
            guard let sequence = stream.sequence(of: position), sequence > 0 else { return nil }
            return try await api().message(of: stream.name, at: sequence)?.stored
        }

        // MARK: Cursors

        public func subscribe(
            _ subscription: SubscriptionName, to name: StreamName, at position: LogPosition?
        ) async throws {
            let stream = try stream(name)
            let api = try await api()
            try await stream.lock.withLock {
                try await StreamCursors(stream: stream, api: api).place(subscription, at: position)
            }
        }

        public func acknowledge(
            upTo position: LogPosition, by subscription: SubscriptionName, in name: StreamName
        ) async throws {
            let stream = try stream(name)
            let api = try await api()
            if let sequence = stream.sequence(of: position),
                try await stream.reader(for: subscription).acknowledge(api.connection, upTo: sequence)
            {
                return
            }
            try await stream.lock.withLock {
                try await StreamCursors(stream: stream, api: api).advance(subscription, to: position)
            }
        }

        public func unsubscribe(_ subscription: SubscriptionName, from name: StreamName) async throws {
            let stream = try stream(name)
            try await ConsumerPlacing(api: api(), stream: stream.name).remove(ConsumerName.of(subscription))
            stream.reader(for: subscription).reset()
        }

        public func subscriptions(of name: StreamName) async throws -> [SubscriptionName: LogPosition] {
            let stream = try stream(name)
            return try await StreamCursors(stream: stream, api: api()).all()
        }

        public func trim(_ name: StreamName, sparing readers: [SubscriptionName]) async throws {
            let stream = try stream(name)
            let api = try await api()
            try await stream.lock.withLock {
                try await StreamTrimming(stream: stream, api: api, retention: retention, now: clock.now())
                    .run(sparing: readers)
            }
        }

        public func close() async {
            let known = streams.withLock { streams in
                defer { streams = [:] }
                return Array(streams.values)
            }
            let connection = asking.opened
            for stream in known {
                for reader in stream.takeReaders() { await reader.close(connection) }
            }
            await publishing.close()
            await asking.close()
        }
    }
#endif
