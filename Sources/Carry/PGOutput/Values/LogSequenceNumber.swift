/// A place in a PostgreSQL server's write-ahead log: the number of bytes before it. It only grows.
public struct LogSequenceNumber: Hashable, Sendable, Comparable, BitwiseCopyable {
    public let value: UInt64

    public init(_ value: UInt64) { self.value = value }

    /// What the server writes where it means no place at all.
    public static let none = LogSequenceNumber(0)

    /// Reads what the server's type `pg_lsn` reads: two hexadecimal numbers of one to eight digits, with `/` between.
    /// `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        var halves: (UInt64, UInt64) = (0, 0)
        var digits = 0
        var isPastSlash = false
        for character in text.utf8 {
            if character == UInt8(ascii: "/") {
                guard !isPastSlash, digits > 0 else { return nil }
                isPastSlash = true
                halves = (halves.1, 0)
                digits = 0
                continue
            }
            guard let digit = LogSequenceNumber.digit(character), digits < 8 else { return nil }
            halves.1 = halves.1 << 4 | digit
            digits += 1
        }
        guard isPastSlash, digits > 0 else { return nil }
        self.init(halves.0 << 32 | halves.1)
    }

    private static func digit(_ character: UInt8) -> UInt64? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character - UInt8(ascii: "0"))
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(character - UInt8(ascii: "A") + 10)
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(character - UInt8(ascii: "a") + 10)
        default: nil
        }
    }

    public static func < (left: LogSequenceNumber, right: LogSequenceNumber) -> Bool { left.value < right.value }
}

extension LogSequenceNumber: CustomStringConvertible {
    /// As the server writes it: `16/B374D848`.
    public var description: String {
        "\(String(value >> 32, radix: 16, uppercase: true))/\(String(value & 0xFFFF_FFFF, radix: 16, uppercase: true))"
    }
}
