extension PGOutputDecoder {
    mutating func describe(
        _ transaction: TransactionID?, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.RelationDescribed {
        let id = RelationID(UInt32(bitPattern: try cursor.int32(bytes)))
        let schema = try cursor.string(bytes)
        let name = try cursor.string(bytes)
        let identityByte = try cursor.byte(bytes)
        guard let identity = Relation.ReplicaIdentity(rawValue: identityByte) else {
            throw cursor.error(.unknownReplicaIdentity(identityByte), at: cursor.offset - 1)
        }
        let columns = try columns(&cursor, bytes)
        try cursor.finish(bytes)
        guard relations[id] != nil || relations.count < relationLimit else {
            throw cursor.error(.tooManyRelations(limit: relationLimit), at: 0)
        }
        relationVersion += 1
        relations[id] = Relation(
            id: id, version: relationVersion, schema: schema.isEmpty ? "pg_catalog" : schema, name: name,
            replicaIdentity: identity, columns: columns)
        lastRelation = nil
        // Room for the rows that follow, so that none of them has to make it.
        newColumns.reserveCapacity(columns.count)
        oldColumns.reserveCapacity(columns.count)
        return PGOutputMessage.RelationDescribed(transaction: transaction, relation: id)
    }

    private func columns(
        _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> [Relation.Column] {
        let start = cursor.offset
        let count = try cursor.int16(bytes)
        guard count >= 0 else { throw cursor.error(.negativeCount(count), at: start) }
        guard count <= PGOutputDecoder.columnLimit else { throw cursor.error(.tooManyColumns(count), at: start) }
        var columns: [Relation.Column] = []
        columns.reserveCapacity(count)
        for _ in 0..<count {
            let flags = try cursor.flags(known: 1, bytes)
            let name = try cursor.string(bytes)
            let type = DataTypeID(UInt32(bitPattern: try cursor.int32(bytes)))
            columns.append(
                Relation.Column(name: name, type: type, typeModifier: try cursor.int32(bytes), isKey: flags != 0))
        }
        return columns
    }

    func type(
        _ transaction: TransactionID?, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.TypeDescribed {
        let described = PGOutputMessage.TypeDescribed(
            transaction: transaction, type: DataTypeID(UInt32(bitPattern: try cursor.int32(bytes))),
            schema: try cursor.text(bytes), name: try cursor.text(bytes))
        try cursor.finish(bytes)
        return described
    }

    func truncate(
        _ transaction: TransactionID?, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.Truncate {
        let start = cursor.offset
        let count = Int(try cursor.int32(bytes))
        guard count >= 0 else { throw cursor.error(.negativeCount(count), at: start) }
        let flags = try cursor.flags(known: 3, bytes)
        // At most 2^31 of four bytes each: no overflow in 64 bits.
        let ids = ByteRange(offset: try cursor.take(4 * count, bytes), count: 4 * count)
        try cursor.finish(bytes)
        let truncate = PGOutputMessage.Truncate(
            transaction: transaction, count: count, cascades: flags & 1 != 0, restartsIdentity: flags & 2 != 0,
            ids: ids)
        for index in 0..<count {
            let id = truncate.relation(index, in: bytes)
            guard relations[id] != nil else {
                throw cursor.error(.unknownRelation(id), at: Int(ids.offset) + 4 * index)
            }
        }
        return truncate
    }

    func logicalMessage(
        _ transaction: TransactionID?, _ cursor: inout MessageCursor, _ bytes: RawSpan
    ) throws(PGOutputError) -> PGOutputMessage.LogicalMessage {
        let flags = try cursor.flags(known: 1, bytes)
        let message = PGOutputMessage.LogicalMessage(
            transaction: transaction, isTransactional: flags != 0, place: try cursor.place(bytes),
            prefix: try cursor.text(bytes), content: try cursor.counted(bytes))
        try cursor.finish(bytes)
        return message
    }
}
