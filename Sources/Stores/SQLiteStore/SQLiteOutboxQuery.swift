import FleetCore
import Outbox
import SQLiteConnection
import Stores

/// Reads rows of an outbox table as events.
struct SQLiteOutboxQuery {
    let source: String
    private let sql: String
    private let idSQL: String

    init(table: SQLiteOutboxTable, source: String) {
        self.source = source
        let optional = ["time", "traceparent", "headers"].map { table.columns.contains($0) ? $0 : "NULL" }
        sql = """
            SELECT _rowid_, id, type, aggregateid, aggregatetype, payload, \(optional.joined(separator: ", "))
            FROM \(table.quoted) WHERE _rowid_ > $1 ORDER BY _rowid_
            """
        idSQL = "SELECT id FROM \(table.quoted) WHERE _rowid_ = $1"
    }

    /// Where uncaptured rows begin in a table that gives row ids again. A new row gets the greatest there is plus one,
    /// so they are behind the newest captured row as long as it stands; once it is gone, they may be anywhere.
    func start(behind unsettled: [Int64: SQLValue], in session: SQLiteSession) throws -> Int64 {
        guard let newest = unsettled.keys.max() else { return .min }
        let statement = try session.statement(idSQL)
        statement.bind(newest, at: 0)
        defer { statement.reset() }
        guard try statement.step() else { return .min }
        return id(of: statement, 0) == unsettled[newest] ? newest : .min
    }

    private func id(of row: SQLiteStatement, _ column: Int) -> SQLValue {
        row.isBlob(column) ? .bytes(row.bytes(column)) : .text(row.text(column))
    }

    /// - Parameter unsettled: in a table that gives row ids again, the captured rows that are not settled, by row id:
    ///   those are left out, and a new row under the same number waits until the old one is settled.
    func rows(
        after position: Int64, limit: BatchLimit, capturedAt: Timestamp, unsettled: [Int64: SQLValue]?,
        in session: SQLiteSession
    ) throws -> (rows: [CapturedRow], ids: [SQLValue]) {
        let statement = try session.statement(sql)
        statement.bind(position, at: 0)
        defer { statement.reset() }
        var rows: [CapturedRow] = []
        var ids: [SQLValue] = []
        var bytes = 0
        while rows.count < limit.events.value, bytes < limit.bytes.value, try statement.step() {
            if let unsettled {
                let id = id(of: statement, 1)
                if let known = unsettled[statement.integer(0)] {
                    if known == id { continue }
                    break
                }
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
                time: time(of: row, 6) ?? capturedAt, traceParent: row.optionalText(7), headers: row.optionalText(8),
                payload: row.bytes(5)))
    }

    /// A time as text (RFC 3339), or as a number of seconds, milliseconds or microseconds since 1970, told apart by size.
    private func time(of row: SQLiteStatement, _ column: Int) -> Timestamp? {
        if row.isNull(column) { return nil }
        let text = row.text(column)
        guard let number = Int64(text) else { return Timestamp(text) }
        return switch abs(number) {
        case ..<100_000_000_000: Timestamp(microseconds: number * 1_000_000)
        case ..<100_000_000_000_000: Timestamp(microseconds: number * 1_000)
        default: Timestamp(microseconds: number)
        }
    }
}
