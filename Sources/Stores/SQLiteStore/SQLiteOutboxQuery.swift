import FleetCore
import Outbox
import SQLiteConnection
import Stores

/// Reads rows of an outbox table as events.
struct SQLiteOutboxQuery {
    let source: String
    private let sql: String

    init(table: SQLiteOutboxTable, source: String) {
        self.source = source
        let optional = ["time", "traceparent", "headers"].map { table.columns.contains($0) ? $0 : "NULL" }
        sql = """
            SELECT _rowid_, id, type, aggregateid, aggregatetype, payload, \(optional.joined(separator: ", "))
            FROM \(table.quoted) WHERE _rowid_ > $1 ORDER BY _rowid_
            """
    }

    /// - Parameter known: rows to pass over, by row id and id; the ids of all others are returned beside them. `nil` where
    ///   nobody needs them.
    func rows(
        after position: Int64, limit: BatchLimit, capturedAt: Timestamp, except known: [Int64: SQLValue]?,
        in session: SQLiteSession
    ) throws -> (rows: CapturedRows, ids: [SQLValue]) {
        let statement = try session.statement(sql)
        statement.bind(position, at: 0)
        defer { statement.reset() }
        var rows = CapturedRows()
        var ids: [SQLValue] = []
        var shared = Shared()
        while rows.count < limit.events.value, rows.size < limit.bytes, try statement.step() {
            if let known {
                let id = statement.isNull(1) ? .null : statement.isBlob(1) ? .bytes(statement.bytes(1)) : SQLValue.text(statement.text(1))
                if known[statement.integer(0)] == id { continue }
                ids.append(id)
            }
            take(statement, into: &rows, capturedAt: capturedAt, &shared)
        }
        return (rows, ids)
    }

    /// Texts that most rows share with the row before them.
    private struct Shared {
        var type = ""
        var aggregateType = ""
    }

    private func take(_ row: SQLiteStatement, into rows: inout CapturedRows, capturedAt: Timestamp, _ shared: inout Shared) {
        let position = OutboxPosition(row.integer(0))
        guard let key = row.validText(3) else {
            rows.append(.init(at: position, key: "", reason: "its aggregateid is null, or not UTF-8"))
            return
        }
        guard let type = row.validText(2, last: shared.type) else {
            rows.append(.init(at: position, key: key, reason: "its type is null, or not UTF-8"))
            return
        }
        guard let id = row.eventID(1) else {
            rows.append(.init(at: position, key: key, reason: "its id \"\(row.text(1).prefix(64))\" is not a UUID"))
            return
        }
        shared.type = type
        shared.aggregateType = row.validText(4, last: shared.aggregateType) ?? ""
        rows.append(
            Event(
                id: id, source: source, type: type, key: key, aggregateType: shared.aggregateType,
                time: row.time(6) ?? capturedAt, traceParent: row.optionalText(7), headers: row.optionalText(8),
                payload: row.bytes(5)),
            at: position)
    }
}
