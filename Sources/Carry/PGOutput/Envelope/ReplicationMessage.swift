public import FleetCore

/// What the server sends inside CopyData while it replicates: the frame around the messages of an output plugin.
///
/// Source: PostgreSQL's documentation, "Streaming Replication Protocol".
public enum ReplicationMessage: Hashable, Sendable {
    case data(XLogData)
    case keepalive(Keepalive)

    public struct XLogData: Hashable, Sendable {
        /// Where in the log the data begin. ``LogSequenceNumber/none`` for messages that are only about others.
        public let start: LogSequenceNumber
        /// How far the server's log reached when it sent this.
        public let end: LogSequenceNumber
        public let time: Timestamp
        /// The message of the output plugin, for ``PGOutputDecoder/decode(_:)``.
        public let data: ByteRange
    }

    public struct Keepalive: Hashable, Sendable {
        /// How far the server's log reaches.
        public let end: LogSequenceNumber
        public let time: Timestamp
        /// The server is about to give up on this client: answer with a ``StandbyStatusUpdate`` at once.
        public let wantsReply: Bool
    }

    /// Decodes the content of one CopyData message, which is all of `bytes`.
    public init(decoding bytes: RawSpan) throws(PGOutputError) {
        guard bytes.byteCount > 0 else { throw PGOutputError(.envelope, at: 0, .empty) }
        guard bytes.byteCount <= PGOutputDecoder.messageLimit.value else {
            throw PGOutputError(.envelope, at: 0, .tooLarge(bytes.byteCount))
        }
        var cursor = MessageCursor(.envelope, at: 0)
        let kind = try cursor.byte(bytes)
        switch kind {
        case UInt8(ascii: "w"):
            self = .data(
                XLogData(
                    start: try cursor.place(bytes), end: try cursor.place(bytes), time: try cursor.time(bytes),
                    data: ByteRange(offset: cursor.offset, count: bytes.byteCount - cursor.offset)))
        case UInt8(ascii: "k"):
            self = .keepalive(
                Keepalive(
                    end: try cursor.place(bytes), time: try cursor.time(bytes),
                    wantsReply: try cursor.flags(known: 1, bytes) != 0))
            try cursor.finish(bytes)
        default:
            throw cursor.error(.unknownKind(kind), at: 0)
        }
    }
}
