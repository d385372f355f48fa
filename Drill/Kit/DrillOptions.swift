/// What a drill is asked for.
public struct DrillOptions: Sendable {
    /// What the faults, and what the writers write, begin with.
    public var seed: UInt64
    /// How long there are faults, in seconds; the fleet's start, its draining and the judgement come on top.
    public var seconds = 600
    public var broker = BrokerKind.embedded
    /// How many `flotilla run` there are; one carries at a time.
    public var instances = 2
    /// Of each service, each with a connection of its own.
    public var writers = 3
    /// Transactions a second, of all writers together.
    public var rate = 80
    /// Where the fleet, the history and the report are kept.
    public var directory: String
    /// Within so many seconds after a fault the fleet must carry everything again.
    public var recoveryBound = 60

    public init(seed: UInt64, directory: String) {
        self.seed = seed
        self.directory = directory
    }
}

/// Which broker a fleet is drilled with.
public enum BrokerKind: String, Sendable, CaseIterable {
    case embedded
    #if NATS
        case nats
        /// Three NATS servers.
        case cluster
    #endif
}
