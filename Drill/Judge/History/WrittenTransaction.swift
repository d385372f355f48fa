/// What a writer was told of a transaction's end.
public enum Outcome: String, Codable, Sendable {
    case committed
    case rolledBack = "rolled-back"
    /// The connection was lost in the commit: it may be either, and only all of it.
    case unknown
}

/// A transaction of one writer in one service's store.
public struct WrittenTransaction: Sendable, Codable, Hashable {
    public var id: String
    public var service: String
    /// In the order in which they were written.
    public var events: [WrittenEvent]
    /// Written, and undone by a savepoint of the same transaction.
    public var undone: [WrittenEvent]
    public var outcome: Outcome
    /// When its outcome was about to be decided, in milliseconds from the drill's beginning.
    public var at: Int

    public init(
        id: String, service: String, events: [WrittenEvent], undone: [WrittenEvent] = [], outcome: Outcome = .unknown,
        at: Int = 0
    ) {
        self.id = id
        self.service = service
        self.events = events
        self.undone = undone
        self.outcome = outcome
        self.at = at
    }
}
