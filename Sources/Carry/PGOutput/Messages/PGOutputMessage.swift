public import FleetCore

/// One decoded message. It owns nothing: names and contents are ranges of the bytes that were decoded, the values of a
/// row are in the decoder until its next message, and a table's description is ``PGOutputDecoder/relation(_:)``.
public enum PGOutputMessage: Hashable, Sendable {
    case begin(Begin)
    case commit(Commit)
    case origin(Origin)
    case relation(RelationDescribed)
    case type(TypeDescribed)
    case insert(RowChange)
    case update(RowChange)
    case delete(RowChange)
    case truncate(Truncate)
    case logicalMessage(LogicalMessage)
    case streamStart(StreamStart)
    case streamStop
    case streamCommit(StreamCommit)
    case streamAbort(StreamAbort)
    case beginPrepare(Prepared)
    case prepare(Prepared)
    case commitPrepared(CommitPrepared)
    case rollbackPrepared(RollbackPrepared)
    case streamPrepare(Prepared)
}

extension PGOutputMessage {
    /// A committed transaction follows, up to its ``Commit``.
    public struct Begin: Hashable, Sendable {
        /// The place of the commit: the `commit` of the ``Commit`` that will come.
        public let final: LogSequenceNumber
        public let time: Timestamp
        public let transaction: TransactionID
    }

    public struct Commit: Hashable, Sendable {
        public let commit: LogSequenceNumber
        /// The first place behind the transaction: what to confirm once all of it is safe.
        public let end: LogSequenceNumber
        public let time: Timestamp
    }

    /// The transaction was replicated into this server from another.
    public struct Origin: Hashable, Sendable {
        /// The place of the commit on the server of origin.
        public let commit: LogSequenceNumber
        public let name: ByteRange
    }

    /// A table was described, or described anew: see ``PGOutputDecoder/relation(_:)``.
    public struct RelationDescribed: Hashable, Sendable {
        /// In a stream: the (sub-)transaction.
        public let transaction: TransactionID?
        public let relation: RelationID
    }

    /// A type that a user made, before the first table that has it.
    public struct TypeDescribed: Hashable, Sendable {
        /// In a stream: the (sub-)transaction.
        public let transaction: TransactionID?
        public let type: DataTypeID
        /// Empty for `pg_catalog`.
        public let schema: ByteRange
        public let name: ByteRange
    }

    /// A row was written, changed or removed. Its values are ``PGOutputDecoder/newColumns`` and
    /// ``PGOutputDecoder/oldColumns``, as many as the table has columns.
    public struct RowChange: Hashable, Sendable {
        /// What is known of the row before the change.
        public enum Old: UInt8, Sendable {
            case nothing
            /// The columns of the replica identity; all others are null.
            case key
            /// All columns.
            case row
        }

        /// In a stream: the (sub-)transaction.
        public let transaction: TransactionID?
        public let relation: RelationID
        public let old: Old
    }

    /// Tables were emptied, all at once.
    public struct Truncate: Hashable, Sendable {
        /// In a stream: the (sub-)transaction.
        public let transaction: TransactionID?
        /// How many tables: ``relation(_:in:)`` for each.
        public let count: Int
        public let cascades: Bool
        public let restartsIdentity: Bool
        let ids: ByteRange

        /// One of the tables, from the bytes that were decoded.
        public func relation(_ index: Int, in bytes: RawSpan) -> RelationID {
            precondition(index >= 0 && index < count, "this Truncate is of \(count) tables")
            let id = bytes.unsafeLoadUnaligned(fromByteOffset: Int(ids.offset) + 4 * index, as: UInt32.self)
            return RelationID(UInt32(bigEndian: id))
        }
    }

    /// What `pg_logical_emit_message` wrote into the log.
    public struct LogicalMessage: Hashable, Sendable {
        /// In a stream: the (sub-)transaction.
        public let transaction: TransactionID?
        /// Whether it counts only if its transaction commits. Otherwise it belongs to none.
        public let isTransactional: Bool
        public let place: LogSequenceNumber
        public let prefix: ByteRange
        public let content: ByteRange
    }
}

extension PGOutputMessage {
    /// A piece of a transaction in progress follows, up to Stream Stop.
    public struct StreamStart: Hashable, Sendable {
        public let transaction: TransactionID
        public let isFirst: Bool
    }

    public struct StreamCommit: Hashable, Sendable {
        public let transaction: TransactionID
        public let commit: LogSequenceNumber
        /// The first place behind the transaction: what to confirm once all of it is safe.
        public let end: LogSequenceNumber
        public let time: Timestamp
    }

    public struct StreamAbort: Hashable, Sendable {
        /// The transaction that is streamed.
        public let transaction: TransactionID
        /// What of it was undone: a sub-transaction, or the same number for all of it.
        public let aborted: TransactionID
        /// Where and when, if the server says so: it does where `streaming` is `parallel`.
        public let details: Details?

        public struct Details: Hashable, Sendable {
            public let place: LogSequenceNumber
            public let time: Timestamp
        }
    }

    /// A transaction that a two-phase commit has prepared: where it begins, or that it is whole.
    public struct Prepared: Hashable, Sendable {
        public let prepare: LogSequenceNumber
        public let end: LogSequenceNumber
        public let time: Timestamp
        public let transaction: TransactionID
        /// The name that the application gave to it.
        public let name: ByteRange
    }

    public struct CommitPrepared: Hashable, Sendable {
        public let commit: LogSequenceNumber
        public let end: LogSequenceNumber
        public let time: Timestamp
        public let transaction: TransactionID
        /// The name that the application gave to it.
        public let name: ByteRange
    }

    public struct RollbackPrepared: Hashable, Sendable {
        public let prepareEnd: LogSequenceNumber
        public let rollbackEnd: LogSequenceNumber
        public let prepareTime: Timestamp
        public let rollbackTime: Timestamp
        public let transaction: TransactionID
        /// The name that the application gave to it.
        public let name: ByteRange
    }
}
