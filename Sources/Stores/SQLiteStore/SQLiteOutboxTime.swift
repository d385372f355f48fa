import FleetCore
import Outbox
import SQLiteConnection
import Stores

/// Reads the optional column `time` of an outbox in SQLite.
enum SQLiteOutboxTime {
    static func timestamp(_ value: SQLValue) -> Timestamp? {
        switch value {
        case .text(let text): OutboxTime.timestamp(text)
        case .integer(let number): OutboxTime.timestamp(number: number)
        default: nil
        }
    }

    /// The same of the row at hand; the usual text is read without being made into a `String`.
    static func timestamp(_ row: SQLiteStatement, _ column: Int) -> Timestamp? {
        row.time(column) ?? timestamp(row.value(column))
    }
}
