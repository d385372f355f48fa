public import FleetCore

/// A value that crosses between Flotilla and a store, as a parameter or in a row.
public enum SQLValue: Sendable, Hashable {
    case null
    /// SQLite stores it as 0 or 1.
    case boolean(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    case bytes([UInt8])
    /// The 16 bytes of an event's id: as a parameter the same as `.bytes(id.bytes)`, without an array of its own. A row
    /// tells them as `.bytes`.
    case id(EventID)
}

extension SQLValue {
    /// The integer, where the value is one.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The text, where the value is text.
    public var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    /// The bytes of a blob, of a text or of an id.
    public var bytes: [UInt8]? {
        switch self {
        case .bytes(let value): value
        case .text(let value): Array(value.utf8)
        case .id(let value): value.bytes
        default: nil
        }
    }
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .real(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(nilLiteral: ()) { self = .null }
}

/// One row of a result, by column number and name.
public struct SQLRow: Sendable, Hashable {
    public let columns: [String]
    public let values: [SQLValue]

    public init(columns: [String], values: [SQLValue]) {
        self.columns = columns
        self.values = values
    }

    /// The value of a column by its number from 0.
    public subscript(index: Int) -> SQLValue { values[index] }

    /// The value of a column by its name; null where there is no such column.
    public subscript(name: String) -> SQLValue {
        columns.firstIndex(of: name).map { values[$0] } ?? .null
    }
}
