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
        /// The service's committed events; every one of them is or will be in the stream, or is parked.
        public var written: StatusStage?
        /// Those that a `flotilla run` has taken out of the outbox.
        public var captured: StatusStage?
        /// Those that are durable in the broker.
        public var broker: StatusStage?
        /// What the broker holds of them.
        public var records: StatusRecords?
        /// The age of the oldest event that failed for good, in seconds; null where there is none.
        public var oldestParkedSeconds: Double?
        /// That an operator has the outbox rest; null where it does not.
        public var paused: FlowAdministration.Pause?

        enum CodingKeys: String, CodingKey {
            case service, stream, pending, lagSeconds = "lag_seconds", parked, waiting, appended, bytes
            case written, captured, broker, records, oldestParkedSeconds = "oldest_parked_seconds", paused
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
            try container.encode(written, forKey: .written)
            try container.encode(captured, forKey: .captured)
            try container.encode(broker, forKey: .broker)
            try container.encode(records, forKey: .records)
            try container.encode(oldestParkedSeconds, forKey: .oldestParkedSeconds)
            try container.encode(paused, forKey: .paused)
        }
    }

    /// A view, or another subscription, and one of the streams that it reads.
    public struct View: Codable, Sendable {
        public enum Kind: String, Codable, Sendable { case view, push, consumer, flow, sagas }

        public var kind: Kind
        public var view: String
        public var service: String
        public var stream: String
        /// Records that the view has not seen yet.
        public var pending: Int?
        /// The age of the oldest of them, in seconds.
        public var lagSeconds: Double?
        public var parked: Int
        /// Events that failed, and will be tried again by themselves.
        public var retrying: Int
        public var waiting: Int
        /// The first record that the view was built from; 1 is the stream's beginning.
        public var builtFrom: Int64?
        public var lastError: String?
        /// The stream's records that the view has taken.
        public var delivered: StatusStage?
        /// The age of the oldest event that failed for good, in seconds; null where there is none.
        public var oldestParkedSeconds: Double?
        /// That an operator has the view rest; null where it does not.
        public var paused: FlowAdministration.Pause?
        /// How many events take effect in a time at most, as the fleet file writes it; null where there is no such limit.
        public var rate: String?
        /// How many events one transaction takes at most.
        public var inFlight: Int?

        enum CodingKeys: String, CodingKey {
            case kind, view, service, stream, pending, lagSeconds = "lag_seconds", parked, retrying, waiting
            case builtFrom = "built_from", lastError = "last_error", delivered
            case oldestParkedSeconds = "oldest_parked_seconds", paused, rate, inFlight = "in_flight"
        }

        /// Every key is there, also where its value is null.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(kind, forKey: .kind)
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
            try container.encode(delivered, forKey: .delivered)
            try container.encode(oldestParkedSeconds, forKey: .oldestParkedSeconds)
            try container.encode(paused, forKey: .paused)
            try container.encode(rate, forKey: .rate)
            try container.encode(inFlight, forKey: .inFlight)
        }
    }

    /// How the runs of a flow stand.
    public struct Flow: Codable, Sendable {
        public var flow: String
        /// Something of them came, and not their start.
        public var unstarted: Int64 = 0
        public var running: Int64 = 0
        /// A limit of them has passed.
        public var stuck: Int64 = 0
        public var ended: Int64 = 0
        public var failed: Int64 = 0
        /// Of all those, how many had something come when it should not.
        public var outOfOrder: Int64 = 0
        /// And of how many a limit passed, whether they ended afterwards or not.
        public var late: Int64 = 0
        public var lastError: String?

        enum CodingKeys: String, CodingKey {
            case flow, unstarted, running, stuck, ended, failed, outOfOrder = "out_of_order", late
            case lastError = "last_error"
        }

        /// Every key is there, also where its value is null.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(flow, forKey: .flow)
            try container.encode(unstarted, forKey: .unstarted)
            try container.encode(running, forKey: .running)
            try container.encode(stuck, forKey: .stuck)
            try container.encode(ended, forKey: .ended)
            try container.encode(failed, forKey: .failed)
            try container.encode(outOfOrder, forKey: .outOfOrder)
            try container.encode(late, forKey: .late)
            try container.encode(lastError, forKey: .lastError)
        }
    }

    /// The sagas of one name.
    public struct Sagas: Codable, Sendable {
        public var saga: String
        /// The service in whose store the journal is; null for the fleet's own state.
        public var journal: String?
        public var running: Int
        public var compensating: Int
        /// Those of which nothing goes on without an operator.
        public var parked: Int
        public var completed: Int
        public var compensated: Int
        public var rejected: Int
        public var lastError: String?

        enum CodingKeys: String, CodingKey {
            case saga, journal, running, compensating, parked, completed, compensated, rejected
            case lastError = "last_error"
        }

        /// Every key is there, also where its value is null.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(saga, forKey: .saga)
            try container.encode(journal, forKey: .journal)
            try container.encode(running, forKey: .running)
            try container.encode(compensating, forKey: .compensating)
            try container.encode(parked, forKey: .parked)
            try container.encode(completed, forKey: .completed)
            try container.encode(compensated, forKey: .compensated)
            try container.encode(rejected, forKey: .rejected)
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
    /// In the order of the file.
    public var flows: [Flow] = []
    /// In the order of the journals.
    public var sagas: [Sagas] = []
    /// Sagas that have not ended, and that the file does not declare any more.
    public var undeclaredSagas: [UndeclaredSagas] = []
    /// What operators have told to rest, in the order of the names.
    public var paused: [FlowAdministration.Pause] = []
    /// Whether something could not be looked at.
    public var unreachable: Bool

    enum CodingKeys: String, CodingKey {
        case fleet, runningAs = "running", stateError = "state_error", streams, views, flows, sagas, paused
        case undeclaredSagas = "undeclared_sagas"
        case unreachable
    }

    /// Every key is there, also where its value is null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(fleet, forKey: .fleet)
        try container.encode(runningAs, forKey: .runningAs)
        try container.encode(stateError, forKey: .stateError)
        try container.encode(streams, forKey: .streams)
        try container.encode(views, forKey: .views)
        try container.encode(flows, forKey: .flows)
        try container.encode(sagas, forKey: .sagas)
        try container.encode(undeclaredSagas, forKey: .undeclaredSagas)
        try container.encode(paused, forKey: .paused)
        try container.encode(unreachable, forKey: .unreachable)
    }

    public var parked: Int { streams.map(\.parked).reduce(0, +) + views.map(\.parked).reduce(0, +) }

    /// Whether nothing is pending but where an operator has it rest, or a service reads by itself: no outbox row, log record
    /// or delivery.
    public var isDrained: Bool {
        streams.allSatisfy { $0.pending == 0 || $0.paused != nil }
            && views.allSatisfy {
                ($0.pending == 0 && $0.retrying == 0) || $0.paused != nil || $0.kind == .consumer
            }
    }

    /// How many events wait at a part that rests; `nil` where that is not known.
    public func waiting(at subject: String) -> Int? {
        let views = views.filter { $0.view == subject }
        let counts = views.isEmpty ? streams.filter { $0.service == subject }.map(\.pending) : views.map(\.pending)
        return counts.isEmpty || counts.contains(nil) ? nil : counts.compactMap(\.self).reduce(0, +)
    }
}
