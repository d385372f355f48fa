/// A place in a message, from which integers and texts are read; every read looks at the bounds first.
///
/// The bytes are passed to each read: a type that held the span itself could not be made without experimental features
/// of the compiler.
struct MessageCursor {
    let subject: PGOutputError.Subject
    private(set) var offset: Int

    init(_ subject: PGOutputError.Subject, at offset: Int) {
        self.subject = subject
        self.offset = offset
    }

    @inline(never) func error(_ problem: PGOutputError.Problem, at offset: Int? = nil) -> PGOutputError {
        PGOutputError(subject, at: offset ?? self.offset, problem)
    }

    /// Passes over `count` bytes that must be there, and gives the place of the first.
    @inline(__always) mutating func take(_ count: Int, _ bytes: RawSpan) throws(PGOutputError) -> Int {
        let start = offset
        // The cursor never stands behind the end, so the difference cannot be negative.
        guard count <= bytes.byteCount - start else {
            throw error(.endsTooEarly(needed: count - (bytes.byteCount - start)))
        }
        offset = start + count
        return start
    }

    @inline(__always) mutating func byte(_ bytes: RawSpan) throws(PGOutputError) -> UInt8 {
        bytes.unsafeLoad(fromByteOffset: try take(1, bytes), as: UInt8.self)
    }

    @inline(__always) mutating func int16(_ bytes: RawSpan) throws(PGOutputError) -> Int {
        Int(Int16(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: try take(2, bytes), as: Int16.self)))
    }

    @inline(__always) mutating func int32(_ bytes: RawSpan) throws(PGOutputError) -> Int32 {
        Int32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: try take(4, bytes), as: Int32.self))
    }

    @inline(__always) mutating func int64(_ bytes: RawSpan) throws(PGOutputError) -> Int64 {
        Int64(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: try take(8, bytes), as: Int64.self))
    }

    /// A length of four bytes, and as many bytes.
    @inline(__always) mutating func counted(_ bytes: RawSpan) throws(PGOutputError) -> ByteRange {
        let place = offset
        let length = Int(try int32(bytes))
        guard length >= 0 else { throw error(.negativeLength(length), at: place) }
        return ByteRange(offset: try take(length, bytes), count: length)
    }

    /// Nothing may follow.
    @inline(__always) func finish(_ bytes: RawSpan) throws(PGOutputError) {
        guard offset == bytes.byteCount else { throw error(.trailingBytes(bytes.byteCount - offset)) }
    }
}

extension MessageCursor {
    /// A text up to its terminating zero, which is passed over; checked to be UTF-8, without making a `String`.
    mutating func text(_ bytes: RawSpan) throws(PGOutputError) -> ByteRange {
        let start = offset
        var place = start
        var isASCII = true
        while true {
            guard place < bytes.byteCount else { throw error(.missingTerminator, at: start) }
            let byte = bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
            if byte == 0 { break }
            if byte >= 0x80 { isASCII = false }
            place += 1
        }
        let part = ByteRange(offset: start, count: place - start)
        guard isASCII || bytes.text(of: part) != nil else { throw error(.invalidUTF8, at: start) }
        offset = place + 1
        return part
    }

    mutating func string(_ bytes: RawSpan) throws(PGOutputError) -> String {
        let start = offset
        let part = try text(bytes)
        guard let string = bytes.text(of: part) else { throw error(.invalidUTF8, at: start) }
        return string
    }
}
