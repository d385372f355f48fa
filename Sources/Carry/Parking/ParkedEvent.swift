public import FleetCore

/// An event whose effect failed, or that waits behind such an event of its key.
public struct ParkedEvent: Sendable, Hashable {
    /// Grows in the order in which events were parked.
    public var sequence: Int64
    /// The event's position: in the stream's log for a subscription, in the outbox otherwise.
    public var position: Int64
    /// As the writer wrote it; a UUID unless that is what is wrong with it.
    public var eventID: String
    /// Everything else. Its ``Event/id`` is only right where ``eventID`` is a UUID.
    public var event: Event
    /// Why it is parked; `nil` where it waits behind another.
    public var reason: String?
    /// How often its effect was tried.
    public var attempts: Int
    /// When it is tried again without anybody asking; `nil` where an operator must.
    public var nextAttempt: Timestamp?
    public var parkedAt: Timestamp

    public init(
        sequence: Int64, position: Int64, eventID: String, event: Event, reason: String?, attempts: Int,
        nextAttempt: Timestamp?, parkedAt: Timestamp
    ) {
        self.sequence = sequence
        self.position = position
        self.eventID = eventID
        self.event = event
        self.reason = reason
        self.attempts = attempts
        self.nextAttempt = nextAttempt
        self.parkedAt = parkedAt
    }
}

/// How many events a place has parked.
public struct ParkedCounts: Sendable, Hashable {
    /// Failed for good: an operator must retry or discard them.
    public var parked = 0
    /// Failed, and will be tried again by themselves.
    public var retrying = 0
    /// Waiting behind one of the above.
    public var waiting = 0

    public init(parked: Int = 0, retrying: Int = 0, waiting: Int = 0) {
        self.parked = parked
        self.retrying = retrying
        self.waiting = waiting
    }

    public var total: Int { parked + retrying + waiting }
}
