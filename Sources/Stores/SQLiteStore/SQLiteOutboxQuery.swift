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

    /// - Parameter skipped: rows to leave out, by row id and event id; `nil` where nobody wants the ids.
    /// - Returns: the rows, and the value of each one's column `id` where they are wanted.
    func rows(
        after position: Int64, limit: BatchLimit, capturedAt: Timestamp, skipping skipped: [Int64: SQLValue]?,
        in session: SQLiteSession
    ) throws -> (rows: [CapturedRow], ids: [SQLValue]) {
        let statement = try session.statement(sql)
        statement.bind(position, at: 0)
        defer { statement.reset() }
        var rows: [CapturedRow] = []
        var ids: [SQLValue] = []
        var bytes = 0
        while rows.count < limit.events.value, bytes < limit.bytes.value, try statement.step() {
            if let skipped {
                let id = statement.value(1)
                if skipped[statement.integer(0)] == id { continue }
                ids.append(id)
            }
            let content = content(of: statement, capturedAt: capturedAt)
            if case .event(let event) = content { bytes += event.size.value }
            rows.append(CapturedRow(position: OutboxPosition(statement.integer(0)), content: content))
        }
        return (rows, ids)
    }

    private func content(of row: SQLiteStatement, capturedAt: Timestamp) -> CapturedRow.Content {
        func required(_ column: Int) -> String? {
            row.isNull(column) ? nil : row.withBytes(column) { String(validating: $0, as: UTF8.self) }
        }
        let key = required(3)
        let id = row.isBlob(1)
            ? row.withBytes(1) { EventID(bytes: $0) ?? EventID(hexadecimal: $0) }
            : row.withBytes(1) { EventID(hexadecimal: $0) }
        guard let key else { return .malformed(key: "", reason: "its aggregateid is null, or not UTF-8") }
        guard let type = required(2) else { return .malformed(key: key, reason: "its type is null, or not UTF-8") }
        guard let id else {
            return .malformed(key: key, reason: "its id \"\(row.text(1).prefix(64))\" is not a UUID")
        }
        return .event(
            Event(
                id: id, source: source, type: type, key: key, aggregateType: row.text(4),
                time: row.optionalText(6).flatMap { SQLiteOutboxTime.timestamp($0) } ?? capturedAt,
                traceParent: row.optionalText(7), headers: row.optionalText(8), payload: row.bytes(5)))
    }
}
