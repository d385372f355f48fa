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
        row.isBlob(column) ? .bytes(row.bytes(column)) : row.optionalText(column).map { .text($0) } ?? .null
    }

    /// - Parameter unsettled: in a table that gives row ids again, the captured rows that are not settled, by row id:
    ///   those are left out, and a new row under the same number waits until the old one is settled.
    func rows(
        after position: Int64, limit: BatchLimit, capturedAt: Timestamp, unsettled: [Int64: SQLValue]?,
        in session: SQLiteSession
    ) throws -> (rows: CapturedRows, ids: [SQLValue]) {
        let statement = try session.statement(sql)
        statement.bind(position, at: 0)
        defer { statement.reset() }
        var rows = CapturedRows()
        var ids: [SQLValue] = []
        var shared = Shared()
        while rows.count < limit.events.value, rows.size < limit.bytes, try statement.step() {
            if let unsettled {
                let id = id(of: statement, 1)
                if let known = unsettled[statement.integer(0)] {
                    if known == id { continue }
                    break
                }
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

    private func take(
        _ row: SQLiteStatement, into rows: inout CapturedRows, capturedAt: Timestamp, _ shared: inout Shared
    ) {
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
                time: SQLiteOutboxTime.timestamp(row, 6) ?? capturedAt, traceParent: row.optionalText(7),
                headers: row.optionalText(8),
                contentType: row.isNull(5) ? Event.noContentType : Event.usualContentType, payload: row.bytes(5)),
            at: position)
    }
}
