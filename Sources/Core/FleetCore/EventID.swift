/// A universally unique identifier (RFC 9562) given to an event by its writer, held as 128 bits.
public struct EventID: Hashable, Sendable {
    /// The first eight bytes, big-endian.
    public let high: UInt64
    /// The last eight bytes, big-endian.
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 36 characters (`8-4-4-4-12`) or 32 hexadecimal digits, in either case. `nil` for anything else.
    public init?(_ text: some StringProtocol) {
        let parsed = text.utf8.withContiguousStorageIfAvailable { EventID(hexadecimal: $0) }
        guard let id = parsed ?? Array(text.utf8).withUnsafeBufferPointer({ EventID(hexadecimal: $0) }) else {
            return nil
        }
        self = id
    }

    /// Reads the text form from bytes, without making a `String`.
    public init?(hexadecimal bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == 36 || bytes.count == 32 else { return nil }
        let dashed = bytes.count == 36
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if dashed, index == 8 || index == 13 || index == 18 || index == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            // Letters differ from digits in bit 6, and by case in bit 5.
            let isLetter = byte & 0x40 != 0
            let value = isLetter ? (byte | 0x20) &- UInt8(ascii: "a") &+ 10 : byte &- UInt8(ascii: "0")
            guard value <= 15, isLetter ? value >= 10 : value <= 9 else { return nil }
            if digits < 16 {
                high = high << 4 | UInt64(value)
            } else {
                low = low << 4 | UInt64(value)
            }
            digits += 1
        }
        self.init(high: high, low: low)
    }

    /// Reads exactly 16 bytes, big-endian. `nil` for any other count.
    public init?(bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count == 16 else { return nil }
        let words = UnsafeRawBufferPointer(bytes)
        self.init(
            high: UInt64(bigEndian: words.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: words.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    /// Reads exactly 16 bytes, big-endian. `nil` for any other count.
    public init?(bytes: [UInt8]) {
        guard let id = bytes.withUnsafeBufferPointer({ EventID(bytes: $0) }) else { return nil }
        self = id
    }

    /// The 16 bytes, big-endian.
    public var bytes: [UInt8] {
        (0..<16).map { index in
            let half = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * (index % 8)))
        }
    }

    /// A version 7 identifier (RFC 9562, section 5.7): sorts by the time it was made.
    public static func version7(at time: Timestamp, using random: inout some RandomNumberGenerator) -> EventID {
        let milliseconds = UInt64(max(0, time.microseconds / 1000)) & 0xFFFF_FFFF_FFFF
        let high = milliseconds << 16 | 0x7000 | UInt64.random(in: 0...0xFFF, using: &random)
        let low = UInt64.random(in: 0...0x3FFF_FFFF_FFFF_FFFF, using: &random) | 0x8000_0000_0000_0000
        return EventID(high: high, low: low)
    }

    /// A version 7 identifier made now.
    public static func make() -> EventID {
        var random = SystemRandomNumberGenerator()
        return version7(at: .now(), using: &random)
    }
}

extension EventID: CustomStringConvertible {
    /// The canonical lower-case form, `8-4-4-4-12`.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var out = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[out] = UInt8(ascii: "-")
                    out += 1
                }
                let half = nibble < 16 ? high : low
                buffer[out] = digits[Int(half >> UInt64(60 - 4 * (nibble % 16)) & 0xF)]
                out += 1
            }
            return out
        }
    }
}

extension EventID: Comparable {
    public static func < (left: EventID, right: EventID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
