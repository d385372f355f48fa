public import FleetCore

/// What an operator has told one part of a fleet, as the fleet's own state keeps it.
public struct FlowEntry: Sendable, Hashable {
    /// A service (its outbox), or a subscription: `orders`, `orders.order_lines`.
    public var subject: String
    /// `nil` where it is not paused.
    public var pausedSince: Timestamp?
    /// Why, in the operator's words.
    public var reason: String?
    /// Counts how often it was to begin anew from what its store says.
    public var restarts: Int64

    public init(subject: String, pausedSince: Timestamp? = nil, reason: String? = nil, restarts: Int64 = 0) {
        self.subject = subject
        self.pausedSince = pausedSince
        self.reason = reason
        self.restarts = restarts
    }
}
