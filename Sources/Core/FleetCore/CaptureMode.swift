/// How committed rows of an outbox leave their store.
public enum CaptureMode: String, Sendable, CaseIterable {
    /// Rows are read in order, and removed once they are published.
    case poll
    /// Inserted rows are read from the server's write-ahead log (logical replication).
    case log
    /// Logical messages are read from the server's write-ahead log; there is no table.
    case message
}
