extension PGOutputDecoder {
    private static let new = UInt8(ascii: "N")
    private static let key = UInt8(ascii: "K")
    private static let old = UInt8(ascii: "O")

    mutating func insert(
        _ transaction: TransactionID?, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.RowChange {
        let (relation, count) = try rowRelation(&cursor, bytes)
        let kind = try cursor.byte(bytes)
        guard kind == PGOutputDecoder.new else { throw cursor.error(.unknownRowKind(kind), at: cursor.offset - 1) }
        try PGOutputDecoder.readRow(into: &newColumns, described: count, &cursor, bytes)
        try cursor.finish(bytes)
        return PGOutputMessage.RowChange(transaction: transaction, relation: relation, old: .nothing)
    }

    mutating func update(
        _ transaction: TransactionID?, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.RowChange {
        let (relation, count) = try rowRelation(&cursor, bytes)
        var kind = try cursor.byte(bytes)
        var old = PGOutputMessage.RowChange.Old.nothing
        if kind == PGOutputDecoder.key || kind == PGOutputDecoder.old {
            old = kind == PGOutputDecoder.key ? .key : .row
            try PGOutputDecoder.readRow(into: &oldColumns, described: count, &cursor, bytes)
            kind = try cursor.byte(bytes)
        }
        guard kind == PGOutputDecoder.new else { throw cursor.error(.unknownRowKind(kind), at: cursor.offset - 1) }
        try PGOutputDecoder.readRow(into: &newColumns, described: count, &cursor, bytes)
        try cursor.finish(bytes)
        return PGOutputMessage.RowChange(transaction: transaction, relation: relation, old: old)
    }

    mutating func delete(
        _ transaction: TransactionID?, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.RowChange {
        let (relation, count) = try rowRelation(&cursor, bytes)
        let kind = try cursor.byte(bytes)
        guard kind == PGOutputDecoder.key || kind == PGOutputDecoder.old else {
            throw cursor.error(.unknownRowKind(kind), at: cursor.offset - 1)
        }
        try PGOutputDecoder.readRow(into: &oldColumns, described: count, &cursor, bytes)
        try cursor.finish(bytes)
        return PGOutputMessage.RowChange(
            transaction: transaction, relation: relation, old: kind == PGOutputDecoder.key ? .key : .row)
    }

    /// The table of a row, and how many columns it was described with.
    @inline(__always) private mutating func rowRelation(
        _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> (RelationID, Int) {
        let id = RelationID(UInt32(bitPattern: try cursor.int32(bytes)))
        if let lastRelation, lastRelation.id == id { return lastRelation }
        guard let described = relations[id] else {
            throw cursor.error(.unknownRelation(id), at: cursor.offset - 4)
        }
        lastRelation = (id, described.columns.count)
        return (id, described.columns.count)
    }

    /// Reads where the values of a row are. `columns` is empty, and has room for as many as any table known has.
    private static func readRow(
        into columns: inout [ColumnValue], described: Int, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) {
        let start = cursor.offset
        let count = try cursor.int16(bytes)
        guard count == described else { throw cursor.countError(count, described: described, at: start) }
        for _ in 0..<count {
            let kind = try cursor.byte(bytes)
            switch kind {
            case UInt8(ascii: "t"): columns.append(ColumnValue(.text, try cursor.counted(bytes)))
            case UInt8(ascii: "b"): columns.append(ColumnValue(.binary, try cursor.counted(bytes)))
            case UInt8(ascii: "n"): columns.append(ColumnValue(.null, ByteRange(offset: cursor.offset, count: 0)))
            case UInt8(ascii: "u"): columns.append(ColumnValue(.unchanged, ByteRange(offset: cursor.offset, count: 0)))
            default: throw cursor.error(.unknownColumnKind(kind), at: cursor.offset - 1)
            }
        }
    }
}

extension MessageCursor {
    @inline(never) fileprivate func countError(_ count: Int, described: Int, at offset: Int) -> PGOutputError {
        if count < 0 { return error(.negativeCount(count), at: offset) }
        if count > PGOutputDecoder.columnLimit { return error(.tooManyColumns(count), at: offset) }
        return error(.columnCountDiffers(described: described, found: count), at: offset)
    }
}
