import FleetCore
import Outbox
import Parking
import SQLiteConnection
import Stores

/// Settles one captured batch, within one transaction: parks what must not leave, removes or marks what was published.
struct SQLiteSettlement {
    let table: SQLiteOutboxTable
    let stream: StreamName
    let keep: Duration
    let maximumParked: EventCount
    let now: Timestamp
    /// Where row ids may be given again: the id that each captured row had.
    let capturedIDs: [Int64: SQLValue?]

    /// Kept rows are removed in at most this many pieces of time.
    private static let marksPerKeep = 100
    /// Kept rows are removed at most this many at once.
    private static let removalLimit: Int64 = 8192

    func perform(_ batch: CapturedBatch, in session: SQLiteSession, file: String) throws {
        try park(batch.parked, in: session, file: file)
        if keep > .zero {
            let outbox = SQLValue.text(table.table.text)
            try session.run(
                """
                INSERT INTO flotilla_outboxes (name, published_through) VALUES ($1, $2)
                ON CONFLICT (name) DO UPDATE SET published_through = max(published_through, excluded.published_through)
                """, [outbox, .integer(batch.through.value)])
            try removeExpired(in: session)
        } else {
            try remove(batch.published, in: session)
        }
    }

    // MARK: Parking

    private func park(_ rows: [RowToPark], in session: SQLiteSession, file: String) throws {
        guard !rows.isEmpty else { return }
        let parking = Parking(place: .outbox, stream: stream)
        try parking.checkRoom(for: rows.count, limit: maximumParked, in: session, at: file)
        for row in rows {
            if row.reason == nil, try !parking.isHeld(row.key, in: session) {
                throw FleetError(.conflict, "key \(row.key) of \(file) is no longer held", isRetriable: true)
            }
            try park(row, in: session)
        }
    }

    private func park(_ row: RowToPark, in session: SQLiteSession) throws {
        let rowID = SQLValue.integer(row.position.value)
        let columns = table.columns.contains("time") ? "id, time" : "id, NULL AS time"
        let found = try session.firstRow("SELECT \(columns) FROM \(table.quoted) WHERE _rowid_ = $1", [rowID])
        // A row that is gone, or another by now, is not the one that was captured.
        guard let found, table.neverReusesRowIDs || found[0] == capturedID(row.position) else { return }
        try session.run(
            move,
            [
                rowID, .text(Parking.Place.outbox.text), .text(stream.service.text), .text(row.key),
                row.reason.map { .text($0) } ?? .null, .integer(now.microseconds),
                .integer((SQLiteOutboxTime.timestamp(found[1]) ?? now).microseconds),
            ])
        try session.run("DELETE FROM \(table.quoted) WHERE _rowid_ = $1", [rowID])
    }

    /// Copies a row as it stands, without carrying its payload through this process.
    private var move: String {
        // As text, whatever the column holds: they are read as text as well.
        func column(_ name: String) -> String { table.columns.contains(name) ? "CAST(\(name) AS TEXT)" : "NULL" }
        return """
            INSERT INTO flotilla_parked (place, stream, position, event_id, event_type, event_key, aggregate_type,
                event_time, trace_parent, headers, content_type, payload, reason, attempts, next_attempt, parked_at)
            SELECT $2, $3, $1, CASE typeof(id) WHEN 'blob' THEN lower(hex(id)) ELSE coalesce(id, '') END,
                coalesce(type, ''), $4, coalesce(aggregatetype, ''), $7, \(column("traceparent")), \(column("headers")),
                CASE WHEN payload IS NULL THEN '\(Event.noContentType)' END, coalesce(CAST(payload AS BLOB), x''), $5, 1, NULL, $6
            FROM \(table.quoted) WHERE _rowid_ = $1
            """
    }

    private func capturedID(_ position: OutboxPosition) -> SQLValue {
        (capturedIDs[position.value] ?? nil) ?? .null
    }

    // MARK: Removing

    private func remove(_ positions: [OutboxPosition], in session: SQLiteSession) throws {
        guard let first = positions.first, let last = positions.last else { return }
        guard table.neverReusesRowIDs else {
            let statement = try session.prepare("DELETE FROM \(table.quoted) WHERE _rowid_ = $1 AND id IS $2")
            for position in positions {
                try statement.run([.integer(position.value), capturedID(position)])
            }
            return
        }
        // Ids without a gap are one range, in which there is no row that was not captured.
        if last.value &- first.value == Int64(positions.count - 1) {
            try session.run(
                "DELETE FROM \(table.quoted) WHERE _rowid_ BETWEEN $1 AND $2",
                [.integer(first.value), .integer(last.value)])
        } else {
            let statement = try session.prepare("DELETE FROM \(table.quoted) WHERE _rowid_ = $1")
            for position in positions { try statement.run([.integer(position.value)]) }
        }
    }

    // MARK: Keeping

    /// Notes up to where rows are published by now, unless that is noted, or was noted a moment ago: what is not noted
    /// now is noted with a later batch, or when the file is idle.
    private func mark(in session: SQLiteSession) throws {
        let outbox = SQLValue.text(table.table.text)
        guard
            let published = try session.firstRow(
                "SELECT published_through FROM flotilla_outboxes WHERE name = $1", [outbox])?[0].integer
        else { return }
        let latest = try session.firstRow(
            "SELECT max(through), max(published_at) FROM flotilla_outbox_marks WHERE name = $1", [outbox])
        let kept = try session.firstRow(
            "SELECT 1 FROM \(table.quoted) WHERE _rowid_ > $1 AND _rowid_ <= $2 LIMIT 1",
            [.integer(latest?[0].integer ?? .min), .integer(published)])
        if kept == nil { return }
        let spacing = keep.wholeMicroseconds / Int64(Self.marksPerKeep)
        if let last = latest?[1].integer, now.microseconds - last < spacing { return }
        try session.run(
            "INSERT OR REPLACE INTO flotilla_outbox_marks (name, through, published_at) VALUES ($1, $2, $3)",
            [outbox, .integer(published), .integer(now.microseconds)])
    }

    /// Removes rows that were kept long enough, in a bounded batch.
    func removeExpired(in session: SQLiteSession) throws {
        try mark(in: session)
        let outbox = SQLValue.text(table.table.text)
        let expired = SQLValue.integer(now.microseconds - keep.wholeMicroseconds)
        let mark = try session.firstRow(
            "SELECT max(through) FROM flotilla_outbox_marks WHERE name = $1 AND published_at <= $2", [outbox, expired])
        guard let through = mark?[0].integer else { return }
        let removed = try session.run(
            """
            DELETE FROM \(table.quoted) WHERE _rowid_ IN
                (SELECT _rowid_ FROM \(table.quoted) WHERE _rowid_ <= $1 ORDER BY _rowid_ LIMIT $2)
            """, [.integer(through), .integer(Self.removalLimit)])
        if removed < Self.removalLimit {
            try session.run(
                "DELETE FROM flotilla_outbox_marks WHERE name = $1 AND through <= $2", [outbox, .integer(through)])
        }
    }
}
