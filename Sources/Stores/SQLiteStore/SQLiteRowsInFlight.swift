import FleetCore
import Stores

/// Rows of an outbox that were captured and are not settled, where SQLite may give their row ids again.
///
/// A table without AUTOINCREMENT gives a new row the id after the largest that is there: once rows at its end are
/// deleted, ids come again, also those of rows in flight. So positions are counted here, and each stands for a row id
/// with the event id that the row had.
struct SQLiteRowsInFlight: Sendable {
    /// A row as it was captured.
    struct Row: Sendable, Hashable {
        var rowID: Int64
        /// The value of its column `id`.
        var id: SQLValue
    }

    private var count: Int64 = 0
    private var rows: [OutboxPosition: Row] = [:]
    /// By row id, the newest that was captured there.
    private(set) var newest: [Int64: SQLValue] = [:]

    /// Takes a captured row, and gives it a position.
    mutating func add(_ row: Row) -> OutboxPosition {
        count += 1
        let position = OutboxPosition(count)
        rows[position] = row
        newest[row.rowID] = row.id
        return position
    }

    subscript(position: OutboxPosition) -> Row? { rows[position] }

    /// Forgets a row: it is settled.
    mutating func remove(_ position: OutboxPosition) {
        guard let row = rows.removeValue(forKey: position) else { return }
        if newest[row.rowID] == row.id { newest[row.rowID] = nil }
    }
}
