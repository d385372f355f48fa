/// Something that must come between start and end.
public struct FlowStep: Sendable, Hashable, Codable {
    public var event: FlowEvent
    /// The event that it must follow: the start's or an earlier step's; `nil` for the step before it.
    public var after: FlowEventName?
    /// By when; `nil` where only the end has a limit.
    public var limit: FlowLimit?
    /// Whether it may come more than once.
    public var mayRepeat: Bool

    public init(
        _ event: FlowEvent, after: FlowEventName? = nil, limit: FlowLimit? = nil, mayRepeat: Bool = false
    ) {
        self.event = event
        self.after = after
        self.limit = limit
        self.mayRepeat = mayRepeat
    }
}

/// By when a step must have come.
public struct FlowLimit: Sendable, Hashable, Codable {
    /// What a limit is counted from.
    public enum Beginning: String, Sendable, Hashable, Codable, CaseIterable {
        /// The start event's time.
        case start
        /// The time of the event that it must follow.
        case before
    }

    public var time: Duration
    public var since: Beginning

    public init(_ time: Duration, since: Beginning = .start) {
        self.time = time
        self.since = since
    }
}

/// Something that ends a flow.
public struct FlowEnd: Sendable, Hashable, Codable {
    public var event: FlowEvent
    public var isFailure: Bool
    /// The event that it must follow. Where it is `nil`, all steps must have come before a good end, and the start alone
    /// before a failure.
    public var after: FlowEventName?

    public init(_ event: FlowEvent, isFailure: Bool = false, after: FlowEventName? = nil) {
        self.event = event
        self.isFailure = isFailure
        self.after = after
    }
}

/// An event that is written when a flow has not ended in time.
public struct FlowTimeout: Sendable, Hashable, Codable {
    /// Whose outbox it goes to, and its type.
    public var event: FlowEventName
    /// The members of its payload, in order.
    public var payload: [Field]

    public struct Field: Sendable, Hashable, Codable {
        public var name: String
        public var value: FlowValue

        public init(_ name: String, _ value: FlowValue) {
            self.name = name
            self.value = value
        }
    }

    public init(_ event: FlowEventName, payload: [Field] = []) {
        self.event = event
        self.payload = payload
    }
}

/// What a field of a payload is filled with.
public enum FlowValue: Sendable, Hashable, Codable {
    /// The flow's key, as it stands in the start event.
    case key
    /// The flow's name.
    case flow
    /// A field of the start event's payload; null where there is none.
    case start([String])
    case text(String)

    /// Reads `key`, `flow` or `start.FIELD`; all else is a text that stands for itself. `nil` for a path with an empty part.
    public init?(_ text: String) {
        switch text {
        case "key": self = .key
        case "flow": self = .flow
        default:
            guard text.hasPrefix("start.") else {
                self = .text(text)
                return
            }
            let parts = text.split(separator: ".", omittingEmptySubsequences: false).dropFirst().map(String.init)
            guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
            self = .start(parts)
        }
    }
}
