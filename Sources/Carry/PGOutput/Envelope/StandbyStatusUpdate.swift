public import FleetCore

/// What the client sends inside CopyData to say how far it is. The server keeps its log from `flushed` on.
public struct StandbyStatusUpdate: Hashable, Sendable {
    /// The first place that was not received. (The protocol counts "the last byte + 1": the `end` of a transaction is
    /// such a place already.)
    public var written: LogSequenceNumber
    /// The first place that is not safe with the client; everything before it is never sent again.
    public var flushed: LogSequenceNumber
    /// The first place that was not applied.
    public var applied: LogSequenceNumber
    /// The client's clock.
    public var time: Timestamp
    /// Whether the server is to answer at once with a keepalive.
    public var wantsReply: Bool

    public init(
        written: LogSequenceNumber, flushed: LogSequenceNumber, applied: LogSequenceNumber, time: Timestamp,
        wantsReply: Bool = false
    ) {
        self.written = written
        self.flushed = flushed
        self.applied = applied
        self.time = time
        self.wantsReply = wantsReply
    }

    /// The content of the CopyData message: 34 bytes.
    public func encoded() -> [UInt8] {
        var bytes = [UInt8(ascii: "r")]
        bytes.reserveCapacity(34)
        for word in [written.value, flushed.value, applied.value, UInt64(bitPattern: time.postgresMicroseconds)] {
            withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.append(wantsReply ? 1 : 0)
        return bytes
    }
}
