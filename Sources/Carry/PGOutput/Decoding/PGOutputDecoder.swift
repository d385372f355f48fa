public import FleetCore

/// Decodes the messages of PostgreSQL's output plugin `pgoutput`, one after the other as the server sent them.
///
///     var decoder = PGOutputDecoder(version: .two)
///     if case .insert(let row) = try decoder.decode(bytes) {
///         let table = decoder.relation(row.relation)
///         let key = bytes.text(of: decoder.newColumns[1].bytes)
///     }
///
/// A row costs no allocation: its values are places in the bytes that were decoded, in arrays that the decoder uses
/// again for the next row. (Who keeps one of the arrays has a copy made.) After an error the decoder is as it was before
/// the message, except for ``newColumns`` and ``oldColumns``.
///
/// Source: PostgreSQL's documentation, "Logical Replication Message Formats", and `proto.c`, which writes them.
public struct PGOutputDecoder: Sendable {
    /// The longest message: what the length of a CopyData message can say.
    public static let messageLimit = ByteCount(Int(Int32.max))
    /// As many columns as a table of PostgreSQL may have (`MaxHeapAttributeNumber`).
    public static let columnLimit = 1_600
    /// How many tables a decoder remembers, if it is told nothing else.
    public static let relationLimit = 65_536

    public let version: ProtocolVersion
    /// The values of the row that the last Insert or Update wrote; else empty.
    public internal(set) var newColumns: [ColumnValue] = []
    /// What the last Update or Delete says of the row before; else empty.
    public internal(set) var oldColumns: [ColumnValue] = []
    /// The transaction of which a piece is being streamed.
    public internal(set) var openStream: TransactionID?

    let relationLimit: Int
    var relations: [RelationID: Relation] = [:]
    var relationVersion: UInt64 = 0
    /// The table of the last row, since the next row mostly belongs to the same.
    var lastRelation: (id: RelationID, columns: Int)?

    public init(version: ProtocolVersion, relationLimit: Int = PGOutputDecoder.relationLimit) {
        self.version = version
        self.relationLimit = relationLimit
    }

    /// The last description of a table.
    public func relation(_ id: RelationID) -> Relation? { relations[id] }

    /// Decodes one message, which is all of `bytes`.
    public mutating func decode(_ bytes: RawSpan) throws(PGOutputError) -> PGOutputMessage {
        guard bytes.byteCount > 0 else { throw PGOutputError(.unknown, at: 0, .empty) }
        guard bytes.byteCount <= PGOutputDecoder.messageLimit.value else {
            throw PGOutputError(.unknown, at: 0, .tooLarge(bytes.byteCount))
        }
        let byte = bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
        guard let kind = MessageKind(rawValue: byte) else {
            throw PGOutputError(.unknown, at: 0, .unknownKind(byte))
        }
        guard kind.firstVersion <= version else {
            throw PGOutputError(.message(kind), at: 0, .needsVersion(kind.firstVersion))
        }
        newColumns.removeAll(keepingCapacity: true)
        oldColumns.removeAll(keepingCapacity: true)
        var cursor = MessageCursor(.message(kind), at: 1)
        let transaction = try transaction(of: kind, &cursor, bytes)
        switch kind {
        case .insert: return .insert(try insert(transaction, &cursor, bytes))
        case .update: return .update(try update(transaction, &cursor, bytes))
        case .delete: return .delete(try delete(transaction, &cursor, bytes))
        case .truncate: return .truncate(try truncate(transaction, &cursor, bytes))
        case .logicalMessage: return .logicalMessage(try logicalMessage(transaction, &cursor, bytes))
        case .relation: return .relation(try describe(transaction, &cursor, bytes))
        case .type: return .type(try type(transaction, &cursor, bytes))
        case .begin: return .begin(try begin(&cursor, bytes))
        case .commit: return .commit(try commit(&cursor, bytes))
        case .origin: return .origin(try origin(&cursor, bytes))
        case .streamStart: return .streamStart(try streamStart(&cursor, bytes))
        case .streamStop:
            try streamStop(&cursor, bytes)
            return .streamStop
        case .streamCommit: return .streamCommit(try streamCommit(&cursor, bytes))
        case .streamAbort: return .streamAbort(try streamAbort(&cursor, bytes))
        case .beginPrepare: return .beginPrepare(try prepared(hasFlags: false, &cursor, bytes))
        case .prepare: return .prepare(try prepared(hasFlags: true, &cursor, bytes))
        case .streamPrepare: return .streamPrepare(try prepared(hasFlags: true, &cursor, bytes))
        case .commitPrepared: return .commitPrepared(try commitPrepared(&cursor, bytes))
        case .rollbackPrepared: return .rollbackPrepared(try rollbackPrepared(&cursor, bytes))
        }
    }

    /// Holds that the message may stand here, and reads the transaction's number where it must have one.
    @inline(__always) private func transaction(
        of kind: MessageKind, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> TransactionID? {
        guard let openStream else {
            if kind == .streamStop { throw cursor.error(.noStream, at: 0) }
            return nil
        }
        if kind.carriesTransactionInStream { return try cursor.transaction(bytes) }
        switch kind {
        case .origin, .streamStop: return nil
        case .streamStart: throw cursor.error(.streamInStream(openStream), at: 0)
        default: throw cursor.error(.notInStream(openStream), at: 0)
        }
    }
}
