import Brokers
import FleetCore
public import FleetFile
import Inbox
import Outbox
import Parking
import Stores

/// How every stream and view of a fleet is doing, as its stores tell, whether it runs or not.
public struct FleetStatus: Codable, Sendable {
    /// A publishing service's way into the broker.
    public struct Stream: Codable, Sendable {
        public var service: String
        public var stream: String
        /// Outbox rows that are not in the broker yet.
        public var pending: Int?
        /// The age of the oldest of them, in seconds.
        public var lagSeconds: Double?
        /// Events that failed for good at the outbox.
        public var parked: Int
        /// Events that wait behind those.
        public var waiting: Int
        /// Records ever appended to the stream.
        public var appended: Int64?
        /// What the stream holds, in bytes.
        public var bytes: Int?
        /// What the service's store keeps of its log because it was not captured yet, in bytes; null where it is not
        /// captured from a log.
        public var retainedBytes: Int?
        /// More than this is an error.
        public var retainedLimitBytes: Int?
        public var lastError: String?

        enum CodingKeys: String, CodingKey {
            case service, stream, pending, lagSeconds = "lag_seconds", parked, waiting, appended, bytes
            case retainedBytes = "retained_bytes", retainedLimitBytes = "retained_limit_bytes"
            case lastError = "last_error"
        }

        /// Every key is there, also where its value is null.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(service, forKey: .service)
            try container.encode(stream, forKey: .stream)
            try container.encode(pending, forKey: .pending)
            try container.encode(lagSeconds, forKey: .lagSeconds)
            try container.encode(parked, forKey: .parked)
            try container.encode(waiting, forKey: .waiting)
            try container.encode(appended, forKey: .appended)
            try container.encode(bytes, forKey: .bytes)
            try container.encode(retainedBytes, forKey: .retainedBytes)
            try container.encode(retainedLimitBytes, forKey: .retainedLimitBytes)
            try container.encode(lastError, forKey: .lastError)
        }
    }

    /// A view, or what is pushed to a service, and one of the streams that it reads.
    public struct View: Codable, Sendable {
        public var view: String
        public var service: String
        public var stream: String
        /// Records that it has not seen yet.
        public var pending: Int?
        /// The age of the oldest of them, in seconds.
        public var lagSeconds: Double?
        public var parked: Int
        /// Events that failed, and will be tried again by themselves.
        public var retrying: Int
        public var waiting: Int
        /// The first record that it has seen; 1 is the stream's beginning.
        public var builtFrom: Int64?
        public var lastError: String?

        enum CodingKeys: String, CodingKey {
            case view, service, stream, pending, lagSeconds = "lag_seconds", parked, retrying, waiting
            case builtFrom = "built_from", lastError = "last_error"
        }

        /// Every key is there, also where its value is null.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(view, forKey: .view)
            try container.encode(service, forKey: .service)
            try container.encode(stream, forKey: .stream)
            try container.encode(pending, forKey: .pending)
            try container.encode(lagSeconds, forKey: .lagSeconds)
            try container.encode(parked, forKey: .parked)
            try container.encode(retrying, forKey: .retrying)
            try container.encode(waiting, forKey: .waiting)
            try container.encode(builtFrom, forKey: .builtFrom)
            try container.encode(lastError, forKey: .lastError)
        }
    }

    public var fleet: String
    /// Who carries it at the moment; `nil` where nobody does.
    public var runningAs: String?
    /// Why that is not known.
    public var stateError: String?
    public var streams: [Stream]
    public var views: [View]
    /// Whether something could not be looked at.
    public var unreachable: Bool

    enum CodingKeys: String, CodingKey {
        case fleet, runningAs = "running", stateError = "state_error", streams, views, unreachable
    }

    /// Every key is there, also where its value is null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(fleet, forKey: .fleet)
        try container.encode(runningAs, forKey: .runningAs)
        try container.encode(stateError, forKey: .stateError)
        try container.encode(streams, forKey: .streams)
        try container.encode(views, forKey: .views)
        try container.encode(unreachable, forKey: .unreachable)
    }

    public var parked: Int { streams.map(\.parked).reduce(0, +) + views.map(\.parked).reduce(0, +) }

    /// Whether nothing is pending: no outbox row, log record or delivery.
    public var isDrained: Bool {
        streams.allSatisfy { $0.pending == 0 } && views.allSatisfy { $0.pending == 0 && $0.retrying == 0 }
    }

    /// Looks at every store and stream. What cannot be looked at is told in its row.
    public static func read(_ fleet: FleetDefinition) async -> FleetStatus {
        await read(fleet, includingStreams: true)
    }

    /// The views alone.
    static func readViews(_ fleet: FleetDefinition) async -> FleetStatus {
        await read(fleet, includingStreams: false)
    }

    private static func read(_ fleet: FleetDefinition, includingStreams: Bool) async -> FleetStatus {
        let broker = Connectors.broker(of: fleet)
        var status = FleetStatus(fleet: fleet.name.text, streams: [], views: [], unreachable: false)
        let record = await readState(of: fleet, into: &status)
        func lastError(_ subject: String, _ stream: StreamName) -> String? {
            record?.conditions.first { $0.subject == subject && $0.stream == stream.description }?.message
        }
        let publishers = includingStreams ? fleet.publishers : []
        for (number, look) in await lookAtStreams(publishers, broker).enumerated() {
            var row = look.row
            if let error = look.error {
                row.lastError = error.description
                status.unreachable = true
            } else {
                let (service, stream) = publishers[number]
                row.lastError = lastError(service.name.text, stream) ?? row.lastError
            }
            status.streams.append(row)
        }
        for service in fleet.services where !service.subscriptions.isEmpty {
            let store = SharedStore(service)
            for (name, sources) in service.subscriptions {
                for source in sources {
                    let stream = fleet.stream(of: source)
                    var row = View(
                        view: name.description, service: service.name.text, stream: stream.description, parked: 0,
                        retrying: 0, waiting: 0, lastError: lastError(name.description, stream))
                    do {
                        try await fill(&row, name, stream, try await store.store(), broker)
                    } catch {
                        row.lastError = FleetError.wrapping(error).description
                        status.unreachable = true
                    }
                    status.views.append(row)
                }
            }
            await store.close()
        }
        await broker.close()
        return status
    }

    /// How many outboxes are looked at at a time. While one is captured from a log, a look may take over a second.
    private static let looksAtATime = 8

    /// - Returns: a row for each, in their order, and why it could not be filled.
    private static func lookAtStreams(
        _ publishers: [(service: ServiceDefinition, stream: StreamName)], _ broker: any Broker
    ) async -> [(row: Stream, error: FleetError?)] {
        await withTaskGroup(of: (number: Int, row: Stream, error: FleetError?).self) { group in
            var looks: [Int: (row: Stream, error: FleetError?)] = [:]
            for (number, (service, stream)) in publishers.enumerated() {
                if number >= looksAtATime, let look = await group.next() { looks[look.number] = (look.row, look.error) }
                group.addTask {
                    var row = Stream(
                        service: service.name.text, stream: stream.description, parked: 0, waiting: 0)
                    do {
                        try await fill(&row, service, stream, broker)
                        return (number, row, nil)
                    } catch {
                        return (number, row, FleetError.wrapping(error))
                    }
                }
            }
            for await look in group { looks[look.number] = (look.row, look.error) }
            return publishers.indices.compactMap { looks[$0] }
        }
    }

    /// - Returns: what the last run said of itself.
    private static func readState(of fleet: FleetDefinition, into status: inout FleetStatus) async -> RunRecord? {
        let state = Connectors.state(of: fleet)
        var record: RunRecord?
        do {
            status.runningAs = try await state.holder()
            record = try await state.record()
        } catch {
            status.stateError = FleetError.wrapping(error).description
            status.unreachable = true
        }
        await state.close()
        return record
    }

    private static func fill(
        _ row: inout Stream, _ service: ServiceDefinition, _ stream: StreamName, _ broker: any Broker
    ) async throws {
        let pending = try await Connectors.pendingRows(of: service, stream: stream)
        row.pending = pending.count
        row.retainedBytes = pending.retainedLog?.value
        row.retainedLimitBytes = pending.retainedLog == nil ? nil : service.outbox.maximumRetainedLog.value
        if let retained = pending.retainedLog, let error = RetainedLog.error(of: service, retained) {
            row.lastError = row.lastError ?? error.description
        }
        row.lagSeconds = pending.oldest.map { lag(since: $0) } ?? (pending.count == 0 ? 0 : nil)
        let parking = Parking(place: .outbox, stream: stream)
        let counts = try await Connectors.withStore(of: service) { store in
            try await store.read { try parking.counts(in: $0) }
        }
        row.parked = counts.parked
        row.waiting = counts.waiting
        let bounds = try await broker.bounds(of: stream)
        row.appended = bounds.last.value
        row.bytes = bounds.size.value
    }

    private static func fill(
        _ row: inout View, _ name: SubscriptionName, _ stream: StreamName, _ store: any Store, _ broker: any Broker
    ) async throws {
        let parking = Parking(place: .subscription(name.name), stream: stream)
        let (state, counts) = try await store.read { transaction in
            (try Inbox.state(of: name.name, in: stream, transaction), try parking.counts(in: transaction))
        }
        row.parked = counts.parked
        row.retrying = counts.retrying
        row.waiting = counts.waiting
        let bounds = try await broker.bounds(of: stream)
        let position = state?.position ?? LogPosition(bounds.first.value - 1)
        row.builtFrom = state.map { $0.begunAfter.value + 1 }
        row.pending = bounds.count(after: position)
        row.lagSeconds = 0
        if bounds.last > position {
            let next = try await broker.read(stream, after: position, limit: BatchLimit(events: 1, bytes: ByteCount(1)))
            row.lagSeconds = next.first.map { lag(since: $0.event.time) }
        }
    }

    private static func lag(since time: Timestamp) -> Double {
        max(0, (Timestamp.now().elapsed(since: time).inSeconds * 1000).rounded() / 1000)
    }
}
