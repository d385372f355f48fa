/// One transaction's changes in a ``SpoolStorage``. Never used twice by one assembler.
public struct SpoolID: Hashable, Sendable, CustomStringConvertible {
    public let value: UInt64

    public init(_ value: UInt64) { self.value = value }

    public var description: String { String(value) }
}

/// Keeps what transactions in progress have changed, where memory is too small for it: on a disk, for example.
///
/// Nothing in it has to outlive the connection: a server sends a transaction again from its first piece to whoever asks
/// anew. So nothing has to be made durable, and what an earlier process left behind can be thrown away.
public protocol SpoolStorage: Sendable {
    /// Appends behind what the spool has; makes the spool if this is its first.
    mutating func append(_ bytes: RawSpan, to spool: SpoolID) throws

    /// Appends `count` bytes of the spool, from `offset` on, to `buffer`. Only what was appended to the spool is asked for,
    /// mostly from front to back.
    mutating func read(_ spool: SpoolID, at offset: Int, count: Int, onto buffer: inout [UInt8]) throws

    /// Forgets the spool.
    mutating func discard(_ spool: SpoolID) throws
}

/// A storage in memory: for tests, and as an example.
public struct MemorySpoolStorage: SpoolStorage {
    public private(set) var spools: [SpoolID: [UInt8]] = [:]

    public init() {}

    public mutating func append(_ bytes: RawSpan, to spool: SpoolID) {
        bytes.withUnsafeBytes { spools[spool, default: []].append(contentsOf: $0) }
    }

    public mutating func read(_ spool: SpoolID, at offset: Int, count: Int, onto buffer: inout [UInt8]) {
        buffer += spools[spool, default: []].dropFirst(offset).prefix(count)
    }

    public mutating func discard(_ spool: SpoolID) {
        spools[spool] = nil
    }
}
