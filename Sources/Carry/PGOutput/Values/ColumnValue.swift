/// What a row says of one of its columns.
public struct ColumnValue: Hashable, Sendable, BitwiseCopyable {
    public enum Kind: UInt8, Sendable, BitwiseCopyable {
        /// SQL's `NULL`. In an old key: a column that is not part of the key.
        case null
        /// A value stored out of line (TOAST) that the statement did not touch, and that the server did not send.
        case unchanged
        /// The value as the type's output function writes it, in the client's encoding.
        case text
        /// The value as the type's send function writes it.
        case binary
    }

    public let kind: Kind
    /// Where the value's bytes are in the message. Empty, unless the kind is text or binary.
    public let bytes: ByteRange

    init(_ kind: Kind, _ bytes: ByteRange) {
        self.kind = kind
        self.bytes = bytes
    }
}

extension RawSpan {
    /// A copy of a value's bytes; `nil` where there are none because it is null or unchanged.
    public func copy(of value: ColumnValue) -> [UInt8]? {
        switch value.kind {
        case .null, .unchanged: nil
        case .text, .binary: copy(of: value.bytes)
        }
    }
}
