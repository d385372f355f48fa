import FleetCore
import Stores

/// Reads the optional column `time` of an outbox.
enum SQLiteOutboxTime {
    /// The years 0 to 9999: what is beyond is no time of an event, and would overflow whoever reckons with it.
    private static let range = Int64(-62_167_219_200_000_000)...253_402_300_799_999_999

    /// A time as text (RFC 3339), or as a number of seconds, milliseconds or microseconds since 1970, told apart by
    /// size. `nil` for anything else.
    static func timestamp(_ text: String) -> Timestamp? {
        guard let number = Int64(text) else { return Timestamp(text) }
        let time = switch number.magnitude {
        case ..<100_000_000_000: Timestamp(microseconds: number * 1_000_000)
        case ..<100_000_000_000_000: Timestamp(microseconds: number * 1_000)
        default: Timestamp(microseconds: number)
        }
        return range.contains(time.microseconds) ? time : nil
    }

    static func timestamp(_ value: SQLValue) -> Timestamp? {
        switch value {
        case .text(let text): timestamp(text)
        case .integer(let number): timestamp(String(number))
        default: nil
        }
    }
}
