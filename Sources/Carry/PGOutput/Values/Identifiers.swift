/// The server's number for a transaction or one of its sub-transactions. Used again after four thousand million others.
public struct TransactionID: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    public let value: UInt32

    public init(_ value: UInt32) { self.value = value }

    public var description: String { String(value) }
}

/// The server's number (its object identifier) for a table.
public struct RelationID: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    public let value: UInt32

    public init(_ value: UInt32) { self.value = value }

    public var description: String { String(value) }
}

/// The server's number (its object identifier) for a data type.
public struct DataTypeID: Hashable, Sendable, BitwiseCopyable, CustomStringConvertible {
    public let value: UInt32

    public init(_ value: UInt32) { self.value = value }

    public var description: String { String(value) }
}
