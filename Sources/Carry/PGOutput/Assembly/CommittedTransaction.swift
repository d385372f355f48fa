public import FleetCore

/// A transaction that the server has committed.
public struct CommittedTransaction: Hashable, Sendable {
    public let id: TransactionID
    /// The place of its commit. Together with a change's ordinal it names the change, however often the server sends it.
    public let commit: LogSequenceNumber
    public let time: Timestamp
    /// The first place behind it, to be confirmed once all its changes are safe; `nil` as long as changes still follow.
    public let end: LogSequenceNumber?
}

/// A change of a transaction that is known to be committed.
public struct CommittedChange: Hashable, Sendable {
    public let transaction: CommittedTransaction
    /// How many changes of the transaction come before this one. Counted are rows, Truncate and transactional messages
    /// that took effect, whether they were kept or not; so it is the same whether the transaction is streamed or not.
    public let ordinal: Int
}

/// Some changes of a committed transaction that was streamed, in order. Made once, and filled again and again.
public struct ReplayBatch: Sendable {
    public struct Record: Hashable, Sendable {
        public let ordinal: Int
        /// Where the record is in ``ReplayBatch/bytes``.
        public let range: Range<Int>
    }

    public internal(set) var records: [Record] = []
    /// Holds the records, with other things between them.
    public internal(set) var bytes: [UInt8] = []
    /// Nothing of the transaction follows this batch.
    public internal(set) var isLast = false

    public init() {}

    /// A copy of a record.
    public func record(_ index: Int) -> [UInt8] { Array(bytes[records[index].range]) }
}

extension FleetError.Code {
    /// A server sent what the protocol does not allow, so that what it sends next cannot be trusted.
    public static let protocolViolation = FleetError.Code("protocol-violation")
}

extension FleetError {
    /// What was wrong with a message, for those who know nothing of messages.
    public init(_ error: PGOutputError) {
        self.init(.protocolViolation, "the server's replication stream cannot be understood: \(error)")
    }
}
