import PGOutput

/// A message in words, with everything that it says.
struct Telling {
    let decoder: PGOutputDecoder
    let bytes: [UInt8]

    private func text(_ part: ByteRange) -> String { bytes.span.bytes.text(of: part) ?? "?" }

    private func inTransaction(_ id: TransactionID?) -> String { id.map { "in \($0), " } ?? "" }

    private func columns(_ columns: [ColumnValue]) -> String {
        let values = columns.map { value in
            switch value.kind {
            case .null, .unchanged: "\(value.kind)"
            case .text: "text \"\(text(value.bytes))\""
            case .binary:
                "binary "
                    + bytes.span.bytes.copy(of: value.bytes).map {
                        $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16)
                    }
                    .joined()
            }
        }
        return "[\(values.joined(separator: ", "))]"
    }

    private func row(_ row: PGOutputMessage.RowChange) -> String {
        "\(inTransaction(row.transaction))\(row.relation) \(row.old) \(columns(decoder.oldColumns)) "
            + columns(decoder.newColumns)
    }

    private func relation(_ id: RelationID) -> String {
        guard let relation = decoder.relation(id) else { return "\(id) ?" }
        let columns = relation.columns.map { "\($0.name)\($0.isKey ? " key" : "") \($0.type) \($0.typeModifier)" }
        return "\(relation.id) \(relation.schema).\(relation.name) \(relation.replicaIdentity) "
            + "[\(columns.joined(separator: ", "))]"
    }

    private func prepared(_ prepared: PGOutputMessage.Prepared) -> String {
        "\(prepared.transaction) \"\(text(prepared.name))\", \(prepared.prepare) to \(prepared.end), \(prepared.time)"
    }

    func callAsFunction(_ message: PGOutputMessage) -> String {
        switch message {
        case .begin(let begin): "Begin: \(begin.transaction) at \(begin.time), commit \(begin.final)"
        case .commit(let commit): "Commit: \(commit.commit) to \(commit.end), \(commit.time)"
        case .origin(let origin): "Origin: \(text(origin.name)), \(origin.commit)"
        case .relation(let told): "Relation: \(inTransaction(told.transaction))\(relation(told.relation))"
        case .type(let type):
            "Type: \(inTransaction(type.transaction))\(type.type) \(text(type.schema)).\(text(type.name))"
        case .insert(let change): "Insert: \(row(change))"
        case .update(let change): "Update: \(row(change))"
        case .delete(let change): "Delete: \(row(change))"
        case .truncate(let truncate):
            "Truncate: \(inTransaction(truncate.transaction))"
                + (0..<truncate.count).map { "\(truncate.relation($0, in: bytes.span.bytes))" }.joined(separator: " ")
                + (truncate.cascades ? " cascade" : "") + (truncate.restartsIdentity ? " restart" : "")
        case .logicalMessage(let message):
            "Message: \(inTransaction(message.transaction))\(message.place) "
                + "\(message.isTransactional ? "transactional" : "at once") \(text(message.prefix)) "
                + "\"\(text(message.content))\""
        case .streamStart(let start): "Stream Start: \(start.transaction) \(start.isFirst ? "first" : "further")"
        case .streamStop: "Stream Stop:"
        case .streamCommit(let commit):
            "Stream Commit: \(commit.transaction), \(commit.commit) to \(commit.end), \(commit.time)"
        case .streamAbort(let abort):
            "Stream Abort: \(abort.aborted) of \(abort.transaction)"
                + (abort.details.map { ", \($0.place), \($0.time)" } ?? "")
        case .beginPrepare(let told): "Begin Prepare: \(prepared(told))"
        case .prepare(let told): "Prepare: \(prepared(told))"
        case .streamPrepare(let told): "Stream Prepare: \(prepared(told))"
        case .commitPrepared(let commit):
            "Commit Prepared: \(commit.transaction) \"\(text(commit.name))\", \(commit.commit) to \(commit.end), "
                + "\(commit.time)"
        case .rollbackPrepared(let rollback):
            "Rollback Prepared: \(rollback.transaction) \"\(text(rollback.name))\", \(rollback.prepareEnd) to "
                + "\(rollback.rollbackEnd), \(rollback.prepareTime), undone \(rollback.rollbackTime)"
        }
    }
}
