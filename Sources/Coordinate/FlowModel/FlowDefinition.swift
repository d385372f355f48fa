public import FleetCore

/// A flow as it is declared: which events of several services must follow one another, for each correlation key, and by when.
///
/// Nobody conducts it: services react to each other's events, and Flotilla watches. A definition is a value without behaviour;
/// ``problems()`` says what is wrong with it, and only one without problems may be watched.
public struct FlowDefinition: Sendable, Hashable, Codable {
    /// The most events that a flow may name.
    public static let eventLimit = 64

    public var name: FlowName
    /// Begins a flow.
    public var start: FlowEvent
    /// From the start event's time to an end.
    public var within: Duration
    /// What must come on the way, in this order unless ``FlowStep/after`` says otherwise.
    public var steps: [FlowStep]
    /// What ends a flow, well or not.
    public var ends: [FlowEnd]
    /// What is written to a service's outbox when ``within`` has passed; `nil` for nothing.
    public var onTimeout: FlowTimeout?
    /// How long something that has not been seen may still be on its way before it counts as missing.
    public var grace: Duration
    /// How far apart the clocks of two services may be.
    public var skew: Duration
    /// How long a flow that has ended is remembered.
    public var keep: Duration

    public static let standardGrace = Duration.seconds(10)
    public static let standardSkew = Duration.milliseconds(100)
    public static let standardKeep = Duration.seconds(7 * 86_400)

    public init(
        name: FlowName, start: FlowEvent, within: Duration, steps: [FlowStep] = [], ends: [FlowEnd],
        onTimeout: FlowTimeout? = nil, grace: Duration = standardGrace, skew: Duration = standardSkew,
        keep: Duration = standardKeep
    ) {
        self.name = name
        self.start = start
        self.within = within
        self.steps = steps
        self.ends = ends
        self.onTimeout = onTimeout
        self.grace = grace
        self.skew = skew
        self.keep = keep
    }

    /// Every event that it watches: the start, the steps, the ends.
    public var events: [FlowEvent] { [start] + steps.map(\.event) + ends.map(\.event) }
}

/// The name of a flow.
public struct FlowName: CheckedName, Codable {
    public let text: String
    public init(unchecked text: String) { self.text = text }
    public static let rule = ServiceName.rule
    public static func allows(_ text: String) -> Bool { ServiceName.allows(text) }
}

/// A type of event and who publishes it: `orders.OrderPlaced`.
public struct FlowEventName: Sendable, Hashable, Codable, CustomStringConvertible {
    public var service: String
    public var type: String

    public init(service: String, type: String) {
        self.service = service
        self.type = type
    }

    public var description: String { "\(service).\(type)" }
}

/// An event that a flow watches, and what of it is the flow's key.
public struct FlowEvent: Sendable, Hashable, Codable {
    public var name: FlowEventName
    public var key: FlowKey

    public init(_ name: FlowEventName, key: FlowKey) {
        self.name = name
        self.key = key
    }
}

/// What tells the events of one flow from those of another.
public enum FlowKey: Sendable, Hashable, Codable {
    /// The event's own key.
    case event
    /// A field of the payload, by the names that lead to it.
    case field([String])

    /// Reads `event`, or a field's path with dots; `nil` for a path with an empty part.
    public init?(_ text: String) {
        if text == "event" {
            self = .event
            return
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self = .field(parts)
    }
}
