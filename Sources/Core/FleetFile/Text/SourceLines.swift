/// A place in a text as libyaml counts: line and column from 0, columns in Unicode scalars.
struct TextMark: Hashable, Sendable {
    var line: Int
    var column: Int

    static let start = TextMark(line: 0, column: 0)
}

/// The bytes of a fleet file, and where its lines begin.
struct SourceLines: Sendable {
    /// The file as the user named it.
    let file: String
    /// Well-formed UTF-8 without a byte order mark, once ``TextScreening`` let it pass.
    let bytes: [UInt8]
    /// Where each line begins, in bytes and in Unicode scalars.
    private let starts: [(byte: Int, scalar: Int)]
    /// The offset of every 256th scalar: the longest line is not walked from its beginning.
    private let checkpoints: [Int]
    private static let stride = 256
    private let isASCII: Bool

    init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
        var starts = [(byte: 0, scalar: 0)]
        var checkpoints: [Int] = []
        var scalars = 0
        for (offset, byte) in bytes.enumerated() where byte & 0xC0 != 0x80 {
            if scalars % Self.stride == 0 { checkpoints.append(offset) }
            scalars += 1
            if byte == UInt8(ascii: "\n") { starts.append((offset + 1, scalars)) }
        }
        self.starts = starts
        self.checkpoints = checkpoints
        isASCII = scalars == bytes.count
    }

    /// Where a mark is for people: from 1, in characters.
    ///
    /// On a line of more than 4 KiB columns stay Unicode scalars, so that a file of one long line costs no square.
    func location(_ mark: TextMark) -> SourceLocation {
        var column = mark.column
        if !isASCII, mark.line < starts.count {
            let start = starts[mark.line].byte
            let end = offset(mark)
            if end - start <= 4096 { column = String(decoding: bytes[start..<end], as: UTF8.self).count }
        }
        return SourceLocation(file: file, line: mark.line + 1, column: column + 1)
    }

    /// The offset in bytes of a mark; the end of its line for a column beyond it.
    func offset(_ mark: TextMark) -> Int {
        guard mark.line < starts.count else { return bytes.count }
        let end = mark.line + 1 < starts.count ? starts[mark.line + 1].byte : bytes.count
        let start = starts[mark.line]
        if isASCII { return min(start.byte + mark.column, end) }
        let scalar = start.scalar + mark.column
        let checkpoint = scalar / Self.stride
        guard checkpoint < checkpoints.count else { return end }
        var offset = checkpoints[checkpoint]
        for _ in 0..<(scalar % Self.stride) where offset < end {
            offset += 1
            while offset < end, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
        }
        return min(offset, end)
    }

    /// The mark of an offset that lies at or after a known mark.
    func mark(ofByte target: Int, after known: TextMark) -> TextMark {
        var mark = known
        for byte in bytes[min(offset(known), target)..<min(target, bytes.count)] {
            if byte == UInt8(ascii: "\n") {
                mark = TextMark(line: mark.line + 1, column: 0)
            } else if byte & 0xC0 != 0x80 {
                mark.column += 1
            }
        }
        return mark
    }

    /// One line without its break; empty beyond the last.
    func line(_ index: Int) -> ArraySlice<UInt8> {
        guard index >= 0, index < starts.count else { return [] }
        let start = starts[index].byte
        var end = index + 1 < starts.count ? starts[index + 1].byte - 1 : bytes.count
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return bytes[start..<end]
    }

    /// What stands between two marks.
    func slice(from start: TextMark, to end: TextMark) -> ArraySlice<UInt8> {
        let first = offset(start)
        return bytes[first..<max(first, offset(end))]
    }
}
