public import FleetCore

/// Reads the optional column `time` of an outbox: text (RFC 3339), or a number of seconds, milliseconds or microseconds
/// since 1970, told apart by size. `nil` for anything else.
public enum OutboxTime {
    /// The years 0 to 9999: what is beyond is no time of an event, and would overflow whoever reckons with it.
    private static let range = Int64(-62_167_219_200_000_000)...253_402_300_799_999_999

    public static func timestamp(_ text: String) -> Timestamp? {
        Int64(text).map(timestamp(number:)) ?? Timestamp(text)
    }

    public static func timestamp(number: Int64) -> Timestamp? {
        let time =
            switch number.magnitude {
            case ..<100_000_000_000: Timestamp(microseconds: number * 1_000_000)
            case ..<100_000_000_000_000: Timestamp(microseconds: number * 1_000)
            default: Timestamp(microseconds: number)
            }
        return range.contains(time.microseconds) ? time : nil
    }
}
