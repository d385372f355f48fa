import FleetCore

/// What a step, or its compensation, does.
public enum SagaActivity: Sendable, Hashable, Codable {
    case command(SagaCommand)
    case http(SagaHTTPCall)
    case sql(SagaSQL)
    /// Code of the program that carries the saga out.
    case local(SagaLocal)
    case event(SagaAwaitedEvent)
    case timer(Duration)
    case decision(SagaDecision)

    /// Whether it does something that may have to be undone; the others only wait.
    public var hasEffect: Bool {
        switch self {
        case .command, .http, .sql, .local: true
        case .event, .timer, .decision: false
        }
    }

    /// The references to the saga's data that it needs.
    public var references: [SagaReference] {
        switch self {
        case .command(let command): command.key.references + command.payload.flatMap(\.value.references)
        case .http(let call): call.url.references + call.body.flatMap(\.value.references)
        case .sql(let sql): sql.references
        case .event(let event): [event.equals]
        case .local, .timer, .decision: []
        }
    }
}

/// A field of what is sent, and its value.
public struct SagaField: Sendable, Hashable, Codable {
    public var name: String
    public var value: SagaValue

    public init(_ name: String, _ value: SagaValue) {
        self.name = name
        self.value = value
    }
}

/// An event that asks a service to do something, and the events that answer it. The answer carries the request's id.
public struct SagaCommand: Sendable, Hashable, Codable {
    /// Whose outbox the command leaves by, and its type.
    public var event: SagaEventName
    public var key: SagaTemplate
    /// Fields of the payload; without any, the payload is the saga's data.
    public var payload: [SagaField]
    /// The answer that says that it is done.
    public var reply: SagaEventName
    /// Answers that say that nothing was done.
    public var failures: [SagaEventName]

    public init(
        event: SagaEventName, key: SagaTemplate, payload: [SagaField] = [], reply: SagaEventName,
        failures: [SagaEventName] = []
    ) {
        self.event = event
        self.key = key
        self.payload = payload
        self.reply = reply
        self.failures = failures
    }
}

/// An HTTP request with an idempotency key. 2xx is done; 4xx, but for 408, 425 and 429, is not done; anything else is
/// not known.
public struct SagaHTTPCall: Sendable, Hashable, Codable {
    public enum Method: String, Sendable, Hashable, Codable, CaseIterable { case get, post, put, patch, delete }

    public var method: Method
    public var url: SagaTemplate
    /// Fields of the JSON body; without any, the body is the saga's data.
    public var body: [SagaField]

    public init(method: Method = .post, url: SagaTemplate, body: [SagaField] = []) {
        self.method = method
        self.url = url
        self.body = body
    }
}

/// Statements in one transaction of a service's store.
public struct SagaSQL: Sendable, Hashable, Codable {
    public var service: String
    /// As written, with parameters such as `:data.order_id`.
    public var statements: String
    /// What its parameters refer to.
    public var references: [SagaReference]
    /// Whether it is a refusal where the last statement returns no row.
    public var expectsRow: Bool

    public init(service: String, statements: String, references: [SagaReference] = [], expectsRow: Bool = false) {
        self.service = service
        self.statements = statements
        self.references = references
        self.expectsRow = expectsRow
    }
}

/// Code of the program that carries the saga out, found by the names of saga and step.
public struct SagaLocal: Sendable, Hashable, Codable {
    /// Whether it is part of the journal's transaction: then it is done exactly if the journal says so.
    public var isTransactional: Bool

    public init(isTransactional: Bool) { self.isTransactional = isTransactional }
}

/// An event that somebody publishes some time.
public struct SagaAwaitedEvent: Sendable, Hashable, Codable {
    public var event: SagaEventName
    /// The field of the event's payload that tells which saga it is for …
    public var field: String
    /// … by being equal to this.
    public var equals: SagaReference

    public init(event: SagaEventName, field: String, equals: SagaReference) {
        self.event = event
        self.field = field
        self.equals = equals
    }
}

/// A decision that a person takes.
public struct SagaDecision: Sendable, Hashable, Codable {
    public var options: [String]
    /// What holds when nobody decided in time; without it the step fails then.
    public var otherwise: String?

    public init(options: [String], otherwise: String? = nil) {
        self.options = options
        self.otherwise = otherwise
    }
}

/// An event of a service, written `service.Type`.
public struct SagaEventName: Sendable, Hashable, Codable, CustomStringConvertible {
    public var service: String
    public var type: String

    public init(service: String, type: String) {
        self.service = service
        self.type = type
    }

    /// `nil` where `text` is not a service's name, a dot and an event type.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, ServiceName.allows(parts[0]), EventType.allows(parts[1]) else { return nil }
        self.init(service: parts[0], type: parts[1])
    }

    public var description: String { "\(service).\(type)" }
}
