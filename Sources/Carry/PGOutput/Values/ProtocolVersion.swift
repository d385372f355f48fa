/// A version of the logical replication protocol, as the option `proto_version` asks for it.
public enum ProtocolVersion: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Transactions one after the other, each once it is committed.
    case one = 1
    /// PostgreSQL 14: large transactions in pieces while they are still in progress.
    case two
    /// PostgreSQL 15: two-phase commit.
    case three
    /// PostgreSQL 16: aborts of streamed transactions with their place and time, where `streaming` is `parallel`.
    case four

    public static func < (left: ProtocolVersion, right: ProtocolVersion) -> Bool { left.rawValue < right.rawValue }
}
