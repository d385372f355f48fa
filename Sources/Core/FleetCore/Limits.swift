/// A number of events.
public struct EventCount: Hashable, Sendable, Comparable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    public let value: Int

    public init(_ value: Int) { self.value = value }
    public init(integerLiteral value: Int) { self.value = value }

    public static func < (left: EventCount, right: EventCount) -> Bool { left.value < right.value }
    public var description: String { "\(value) events" }
}

/// A number of bytes.
public struct ByteCount: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let value: Int

    public init(_ value: Int) { self.value = value }

    public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(count << 10) }
    public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }
    public static func gibibytes(_ count: Int) -> ByteCount { ByteCount(count << 30) }

    /// Reads a count and a unit of IEC 80000-13, as the fleet file writes them: `512B`, `64KiB`, `1MiB`, `16GiB`,
    /// `2TiB`. `nil` for anything else, and for what does not fit.
    public init?(unitText text: some StringProtocol) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits) else { return nil }
        let shift: Int
        switch text.dropFirst(digits.count) {
        case "B": shift = 0
        case "KiB": shift = 10
        case "MiB": shift = 20
        case "GiB": shift = 30
        case "TiB": shift = 40
        default: return nil
        }
        guard count <= Int.max >> (shift + 1) else { return nil }
        self.init(count << shift)
    }

    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.value < right.value }

    public var description: String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] where value >= 1 << shift {
            let tenths = ((value >> (shift - 10)) * 10) >> 10
            return tenths % 10 == 0 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(value) B"
    }
}

/// How much one batch may hold: whichever bound is reached first. A batch always holds at least one event.
public struct BatchLimit: Hashable, Sendable {
    public var events: EventCount
    public var bytes: ByteCount

    public init(events: EventCount, bytes: ByteCount) {
        self.events = events
        self.bytes = bytes
    }

    /// 4,096 events or 4 MiB of payload.
    public static let standard = BatchLimit(events: 4096, bytes: .mebibytes(4))
}
