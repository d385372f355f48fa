public import FleetCore
public import FlowModel
public import Objectives
public import Wire

/// A fleet as its file declares it: checked, with every default filled in and every variable replaced.
public struct FleetDefinition: Sendable {
    public var name: FleetName
    /// The file it was read from, as the user named it.
    public var file: String
    public var broker: BrokerDefinition
    public var state: StateDefinition
    /// Where signals are served; `nil` for nowhere.
    public var metrics: ServingDefinition?
    /// Where the operators' page is served; `nil` for nowhere.
    public var page: ServingDefinition?
    /// Where signals are sent; `nil` for nowhere.
    public var telemetry: TelemetryDefinition?
    /// As whom servers of stores are asked how they are; `nil` for as whoever works there.
    public var monitoring: MonitoringDefinition?
    /// In the order of the file.
    public var services: [ServiceDefinition]
    /// In the order of the file.
    public var sagas: [SagaDeclaration]
    /// What must follow what among the services' events; in the order of the file.
    public var flows: [FlowDefinition]
    /// How well its parts must do; in the order of the file.
    public var objectives: [Objective]
    /// The names of those that are declared, and left out while the fleet is carried: they are on what does not exist.
    public var objectivesLeftOut: Set<String> = []
    /// Who is told where they do not.
    public var alerts: AlertsDefinition

    public init(
        name: FleetName, file: String, broker: BrokerDefinition, state: StateDefinition,
        metrics: ServingDefinition? = nil, page: ServingDefinition? = nil, telemetry: TelemetryDefinition? = nil,
        monitoring: MonitoringDefinition? = nil, services: [ServiceDefinition],
        sagas: [SagaDeclaration] = [], flows: [FlowDefinition] = [], objectives: [Objective] = [],
        alerts: AlertsDefinition = AlertsDefinition()
    ) {
        self.name = name
        self.file = file
        self.broker = broker
        self.state = state
        self.metrics = metrics
        self.page = page
        self.telemetry = telemetry
        self.monitoring = monitoring
        self.services = services
        self.sagas = sagas
        self.flows = flows
        self.objectives = objectives
        self.alerts = alerts
    }

    public func service(_ name: ServiceName) -> ServiceDefinition? {
        services.first { $0.name == name }
    }
}

/// Where the fleet's own state is.
public struct StateDefinition: Sendable, Hashable {
    /// Directory of the embedded broker's streams and, without a ``store``, of everything else; absolute.
    public var directory: String
    /// The store that tells which of several processes carries the fleet; `nil` where only one may try.
    public var store: StoreAddress?

    public init(directory: String, store: StoreAddress? = nil) {
        self.directory = directory
        self.store = store
    }
}

/// Which broker carries the fleet's streams, and how much it keeps.
public struct BrokerDefinition: Sendable, Hashable {
    /// The engine's name: `embedded`, …
    public var engine: String
    public var retention: RetentionDefinition
    /// Where NATS is; `nil` for the embedded broker.
    public var nats: NATSDefinition?

    public init(
        engine: String = "embedded", retention: RetentionDefinition = RetentionDefinition(), nats: NATSDefinition? = nil
    ) {
        self.engine = engine
        self.retention = retention
        self.nats = nats
    }
}

/// How much of each stream a broker keeps. Records that a subscription has still to read are never dropped.
public struct RetentionDefinition: Sendable, Hashable {
    /// Records older than this are dropped once everybody has read them. 90 days by default.
    public var age: Duration
    /// Beyond this size of one stream its oldest records are dropped once everybody has read them. 8 GiB by default.
    public var size: ByteCount
    /// At this size of one stream, read or not, appending stops and events wait in their outboxes. 16 GiB by default.
    public var limit: ByteCount

    public init(
        age: Duration = .seconds(90 * 86_400), size: ByteCount = .gibibytes(8), limit: ByteCount = .gibibytes(16)
    ) {
        self.age = age
        self.size = size
        self.limit = limit
    }
}

public struct ServiceDefinition: Sendable {
    public var name: ServiceName
    public var store: StoreAddress
    public var outbox: OutboxDefinition
    public var publishes: PublishedTypes
    /// Where its events go on a broker that has topics; `nil` where the broker's own pattern is meant.
    public var topic: TopicPattern?
    /// How they are written there. `cloudevents` by default.
    public var format: WireFormat
    /// In the order of the file.
    public var views: [ViewDefinition]
    /// What is delivered to it over HTTP; in the order of the file, no two for one event.
    public var push: [PushDefinition]
    /// What it reads by a program of its own; in the order of the file.
    public var consumers: [ConsumerDefinition]
    /// Where the service is declared.
    public var location: SourceLocation

    public init(
        name: ServiceName, store: StoreAddress, outbox: OutboxDefinition = OutboxDefinition(),
        publishes: PublishedTypes = .listed([]), topic: TopicPattern? = nil, format: WireFormat = .cloudEvents,
        views: [ViewDefinition] = [], push: [PushDefinition] = [],
        consumers: [ConsumerDefinition] = [], location: SourceLocation
    ) {
        self.name = name
        self.store = store
        self.outbox = outbox
        self.publishes = publishes
        self.topic = topic
        self.format = format
        self.views = views
        self.push = push
        self.consumers = consumers
        self.location = location
    }

    /// The services whose streams are pushed to this one, each once, in the order of the file.
    public var pushSources: [ServiceName] {
        var seen: Set<ServiceName> = []
        return push.map(\.service).filter { seen.insert($0).inserted }
    }
}

/// Where a service's store is. ``text`` may hold a secret and is never printed; ``description`` may be.
public struct StoreAddress: Sendable, Hashable, CustomStringConvertible {
    /// The URL's scheme: `sqlite`, …
    public var scheme: String
    /// What the connector opens: for `sqlite` an absolute path.
    public var text: String
    /// What may be shown: for `sqlite` the path as it was written, with no password for the rest.
    public var description: String
    /// The schema of a server's database that holds the service's tables, where one is named.
    public var schema: String?

    public init(scheme: String, text: String, description: String, schema: String? = nil) {
        self.scheme = scheme
        self.text = text
        self.description = description
        self.schema = schema
    }
}

public struct OutboxDefinition: Sendable, Hashable {
    /// `outbox` by default.
    public var table: TableName
    /// How long published rows stay. None by default.
    public var keep: Duration
    public var capture: CaptureMode
    /// An event larger than this is parked. 1 MiB by default.
    public var maximumEventSize: ByteCount
    /// Where a store's log is captured: it is an error where the store keeps more of it than this, because it was not
    /// captured. 10 GiB by default.
    public var maximumRetainedLog: ByteCount

    public init(
        table: TableName = TableName(unchecked: "outbox"), keep: Duration = .zero, capture: CaptureMode = .poll,
        maximumEventSize: ByteCount = .mebibytes(1), maximumRetainedLog: ByteCount = .gibibytes(10)
    ) {
        self.table = table
        self.keep = keep
        self.capture = capture
        self.maximumEventSize = maximumEventSize
        self.maximumRetainedLog = maximumRetainedLog
    }
}

/// The contract of a service: the types of event that may leave it.
public enum PublishedTypes: Sendable, Hashable {
    /// `["*"]`: whatever is written.
    case all
    case listed([EventType])

    public func contains(_ type: String) -> Bool {
        switch self {
        case .all: true
        case .listed(let types): types.contains { $0.text == type }
        }
    }

    /// Whether the service publishes nothing, and so has no outbox.
    public var isEmpty: Bool { self == .listed([]) }
}

/// A read model that lives in its service's store.
public struct ViewDefinition: Sendable {
    public var name: ViewName
    /// DDL, run when the view does not exist yet.
    public var schema: SourceText
    /// In the order of the file; no two for one event.
    public var reactions: [Reaction]
    public var limit: SubscriptionLimit
    public var location: SourceLocation

    public init(
        name: ViewName, schema: SourceText, reactions: [Reaction], limit: SubscriptionLimit = SubscriptionLimit(),
        location: SourceLocation
    ) {
        self.name = name
        self.schema = schema
        self.reactions = reactions
        self.limit = limit
        self.location = location
    }

    /// The services whose streams the view reads, each once, in the order of the file.
    public var sources: [ServiceName] {
        var seen: Set<ServiceName> = []
        return reactions.map(\.service).filter { seen.insert($0).inserted }
    }
}

/// How fast, and how much at once, a subscription takes its events from each stream.
public struct SubscriptionLimit: Sendable, Hashable {
    /// Events that take effect in a time; `nil` for as many as the store takes.
    public var rate: EventRate?
    /// How many events one transaction takes at most.
    public var inFlight: EventCount

    public init(rate: EventRate? = nil, inFlight: EventCount = BatchLimit.standard.events) {
        self.rate = rate
        self.inFlight = inFlight
    }

    /// What one transaction takes at most.
    public var batch: BatchLimit { BatchLimit(events: inFlight, bytes: BatchLimit.standard.bytes) }

    /// Whether it limits nothing beyond what limits all.
    public var isStandard: Bool { self == SubscriptionLimit() }
}

/// What a view does when an event arrives: SQL with parameters (`:data.a.b`, `:key`, …).
public struct Reaction: Sendable {
    /// Who publishes the event.
    public var service: ServiceName
    /// The event's type.
    public var type: EventType
    public var statements: SourceText
    public var location: SourceLocation

    public init(service: ServiceName, type: EventType, statements: SourceText, location: SourceLocation) {
        self.service = service
        self.type = type
        self.statements = statements
        self.location = location
    }
}
