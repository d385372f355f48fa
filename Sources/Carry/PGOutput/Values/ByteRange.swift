/// A part of a message, by the place of its bytes. It means something only together with the bytes that were decoded.
public struct ByteRange: Hashable, Sendable, BitwiseCopyable {
    public let offset: UInt32
    public let count: UInt32

    init(offset: Int, count: Int) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.count = UInt32(truncatingIfNeeded: count)
    }

    /// For `RawSpan.extracting(_:)` and for subscripts of buffers.
    public var range: Range<Int> { Int(offset)..<Int(offset) + Int(count) }
}

extension RawSpan {
    /// A copy of the bytes of a part.
    public func copy(of part: ByteRange) -> [UInt8] {
        extracting(part.range).withUnsafeBytes { Array($0) }
    }

    /// A part as text; `nil` where its bytes are not UTF-8.
    public func text(of part: ByteRange) -> String? {
        extracting(part.range).withUnsafeBytes { String(validating: $0, as: UTF8.self) }
    }
}
