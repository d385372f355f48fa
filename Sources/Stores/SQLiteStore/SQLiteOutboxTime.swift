import FleetCore
import SQLiteConnection
import Stores

/// Reads the optional column `time` of an outbox: text (RFC 3339), or a number of seconds, milliseconds or microseconds
/// since 1970, told apart by size. `nil` for anything else.
enum SQLiteOutboxTime {
    /// The years 0 to 9999: what is beyond is no time of an event, and would overflow whoever reckons with it.
    private static let range = Int64(-62_167_219_200_000_000)...253_402_300_799_999_999

    static func timestamp(_ value: SQLValue) -> Timestamp? {
        switch value {
        case .text(let text): Int64(text).map(timestamp(number:)) ?? Timestamp(text)
        case .integer(let number): timestamp(number: number)
        default: nil
        }
    }

    /// The same of the row at hand; the usual text is read without being made into a `String`.
    static func timestamp(_ row: SQLiteStatement, _ column: Int) -> Timestamp? {
        row.time(column) ?? timestamp(row.value(column))
    }

    private static func timestamp(number: Int64) -> Timestamp? {
        let time =
            switch number.magnitude {
            case ..<100_000_000_000: Timestamp(microseconds: number * 1_000_000)
            case ..<100_000_000_000_000: Timestamp(microseconds: number * 1_000)
            default: Timestamp(microseconds: number)
            }
        return range.contains(time.microseconds) ? time : nil
    }
}
