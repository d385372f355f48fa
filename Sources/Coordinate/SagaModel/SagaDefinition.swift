public import FleetCore

/// A saga as it is declared: a business operation over several services that completes, or is undone.
///
/// A definition is a value without behaviour. ``problems()`` says what is wrong with it; only a definition without problems
/// may be run. The form follows the saga pattern as Richardson has it: compensatable steps, at most one pivot, then retriable
/// steps (https://microservices.io/patterns/data/saga.html).
public struct SagaDefinition: Sendable, Hashable, Codable {
    /// The most blocks that a saga may have, and how deep they may be nested.
    public static let blockLimit = 256
    public static let depthLimit = 16

    public var name: SagaName
    /// The event that starts one: its payload is the saga's data, its id the saga's; `nil` where only a caller does.
    public var start: SagaEventName?
    /// Counted from the start of the saga. A saga that can still be undone then is undone.
    public var deadline: Duration
    /// What the saga has to itself while it runs.
    public var locks: [SagaLock]
    /// One after the other.
    public var steps: [SagaBlock]

    public init(
        name: SagaName, start: SagaEventName? = nil, deadline: Duration, locks: [SagaLock] = [], steps: [SagaBlock]
    ) {
        self.name = name
        self.start = start
        self.deadline = deadline
        self.locks = locks
        self.steps = steps
    }
}

/// The name of a saga.
public struct SagaName: CheckedName, Codable {
    public let text: String
    public init(unchecked text: String) { self.text = text }
    public static let rule = "a lower-case letter, then lower-case letters, digits, - or _, at most 63 characters"
    public static func allows(_ text: String) -> Bool { ServiceName.allows(text) }
}
