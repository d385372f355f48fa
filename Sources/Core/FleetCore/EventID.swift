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
        let text = UnsafeRawBufferPointer(bytes)
        func eight(at offset: Int) -> UInt64 {
            UInt64(bigEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        func four(at offset: Int) -> UInt64 {
            UInt64(UInt32(bigEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
        let groups: (UInt64, UInt64, UInt64, UInt64)
        switch bytes.count {
        case 36:
            let dash = UInt8(ascii: "-")
            guard bytes[8] == dash, bytes[13] == dash, bytes[18] == dash, bytes[23] == dash else { return nil }
            groups = (eight(at: 0), four(at: 9) << 32 | four(at: 14), four(at: 19) << 32 | four(at: 24), eight(at: 28))
        case 32: groups = (eight(at: 0), eight(at: 8), eight(at: 16), eight(at: 24))
        default: return nil
        }
        guard let first = Self.number(ofDigits: groups.0), let second = Self.number(ofDigits: groups.1),
            let third = Self.number(ofDigits: groups.2), let fourth = Self.number(ofDigits: groups.3)
        else { return nil }
        self.init(high: first << 32 | second, low: third << 32 | fourth)
    }

    /// The number that eight hexadecimal digits write, the first in the highest byte; all eight at once.
    private static func number(ofDigits digits: UInt64) -> UInt64? {
        func each(_ byte: UInt64) -> UInt64 { byte &* 0x0101_0101_0101_0101 }
        let isLetter = (digits >> 6) & each(1)
        let low = digits & each(0x0F)
        let nibbles = low &+ (isLetter &* 9)
        // Digits are 0x30 to 0x39; letters 0x41 to 0x46 and 0x61 to 0x66.
        let wrongHigh = (digits & each(0xD0)) ^ (each(0x10) &+ (isLetter &* 0x30))
        let wrongCase = ~((digits >> 5) | isLetter) & each(1)
        let wrongDigit = (low &+ each(6)) & each(0x10) & ~(isLetter << 4)
        let letterZero = ~(low &+ each(0x0F)) & (isLetter << 4)
        let wrongLetter = (nibbles & each(0x10)) | letterZero
        guard wrongHigh | wrongCase | wrongDigit | wrongLetter == 0 else { return nil }
        let pairs = (nibbles | (nibbles >> 4)) & 0x00FF_00FF_00FF_00FF
        let quads = (pairs | (pairs >> 8)) & 0x0000_FFFF_0000_FFFF
        return (quads | (quads >> 16)) & 0xFFFF_FFFF
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
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
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
        String(unsafeUninitializedCapacity: 36) { buffer in
            var out = 0
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
                    buffer[out] = UInt8(ascii: "-")
                    out += 1
                }
                let digit =
                    UInt8(truncatingIfNeeded: (nibble < 16 ? high : low) >> UInt64(60 - 4 * (nibble & 15))) & 0xF
                buffer[out] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
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
