/// Why some bytes are not the message that they should be.
public struct PGOutputError: Error, Hashable, Sendable {
    /// What the message is, as far as its first byte tells.
    public enum Subject: Hashable, Sendable {
        case message(MessageKind)
        /// The frame around messages: XLogData or a keepalive.
        case envelope
        case unknown
    }

    public enum Problem: Hashable, Sendable {
        case empty
        case tooLarge(Int)
        case unknownKind(UInt8)
        /// It came with a later version than the one that was asked for.
        case needsVersion(ProtocolVersion)
        /// So many bytes are needed here, and fewer are left.
        case endsTooEarly(needed: Int)
        case trailingBytes(Int)
        case negativeLength(Int)
        case negativeCount(Int)
        case tooManyColumns(Int)
        case columnCountDiffers(described: Int, found: Int)
        case unknownRelation(RelationID)
        /// More tables than the decoder was told to remember.
        case tooManyRelations(limit: Int)
        case missingTerminator
        case invalidUTF8
        case unknownFlags(UInt8)
        case unknownRowKind(UInt8)
        case unknownColumnKind(UInt8)
        case unknownReplicaIdentity(UInt8)
        /// A place in the log, or a transaction, that must not be zero.
        case zero
        /// Stream Start in a stream that was not stopped.
        case streamInStream(TransactionID)
        case noStream
        /// A message that must not stand between Stream Start and Stream Stop.
        case notInStream(TransactionID)
    }

    public let subject: Subject
    /// The byte at which it was noticed, counted from 0.
    public let offset: Int
    public let problem: Problem

    init(_ subject: Subject, at offset: Int, _ problem: Problem) {
        self.subject = subject
        self.offset = offset
        self.problem = problem
    }
}

extension PGOutputError: CustomStringConvertible {
    /// Never quotes contents: only counts, numbers and names of the protocol.
    public var description: String {
        switch subject {
        case .message(let kind): "\(kind) message, byte \(offset): \(problem)"
        case .envelope: "replication message, byte \(offset): \(problem)"
        case .unknown: "message, byte \(offset): \(problem)"
        }
    }
}

extension PGOutputError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .empty: "it is empty"
        case .tooLarge(let count): "\(count) bytes are more than a message may have"
        case .unknownKind(let byte): "no message begins with byte \(byte)"
        case .needsVersion(let version): "it needs version \(version.rawValue) of the protocol"
        case .endsTooEarly(let needed): "it ends where \(needed) more bytes are needed"
        case .trailingBytes(let count): "\(count) bytes follow its end"
        case .negativeLength(let length): "a length is \(length)"
        case .negativeCount(let count): "a count is \(count)"
        case .tooManyColumns(let count): "\(count) columns are more than a table may have"
        case .columnCountDiffers(let described, let found):
            "the row has \(found) columns, and its table was described with \(described)"
        case .unknownRelation(let id): "table \(id) was not described before"
        case .tooManyRelations(let limit): "more than \(limit) tables are described"
        case .missingTerminator: "a text has no end"
        case .invalidUTF8: "a name is not UTF-8"
        case .unknownFlags(let flags): "the flags \(flags) are unknown"
        case .unknownRowKind(let byte): "byte \(byte) does not say which row follows"
        case .unknownColumnKind(let byte): "byte \(byte) does not say what a column is"
        case .unknownReplicaIdentity(let byte): "byte \(byte) is no replica identity"
        case .zero: "a place or a transaction is 0"
        case .streamInStream(let open): "the stream of transaction \(open) was not stopped"
        case .noStream: "no stream was started"
        case .notInStream(let open): "it stands in the stream of transaction \(open)"
        }
    }
}
