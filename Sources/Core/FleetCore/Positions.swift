/// A place in a stream of a broker's log. Positions of a stream only grow, and are never used twice; 0 is before
/// the first.
public struct LogPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let value: Int64

    public init(_ value: Int64) { self.value = value }

    /// Before the first record.
    public static let start = LogPosition(0)

    public static func < (left: LogPosition, right: LogPosition) -> Bool { left.value < right.value }
    public var description: String { String(value) }
}

/// A place in the commit order of one outbox.
public struct OutboxPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let value: Int64

    public init(_ value: Int64) { self.value = value }

    /// Before any row that a store can hold.
    public static let start = OutboxPosition(.min)

    public static func < (left: OutboxPosition, right: OutboxPosition) -> Bool { left.value < right.value }
    public var description: String { String(value) }
}
