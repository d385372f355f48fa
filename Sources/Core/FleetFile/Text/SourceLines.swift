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
    private let starts: [Int]
    private let isASCII: Bool

    init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
        var starts = [0]
        var highest: UInt8 = 0
        for (offset, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
            highest |= byte
        }
        self.starts = starts
        isASCII = highest < 0x80
    }

    /// Where a mark is for people: from 1, in characters.
    ///
    /// On a line of more than 4 KiB columns stay Unicode scalars, so that a file of one long line costs no square.
    func location(_ mark: TextMark) -> SourceLocation {
        var column = mark.column
        if !isASCII, mark.line < starts.count {
            let start = starts[mark.line]
            let end = offset(mark)
            if end - start <= 4096 { column = String(decoding: bytes[start..<end], as: UTF8.self).count }
        }
        return SourceLocation(file: file, line: mark.line + 1, column: column + 1)
    }

    /// The offset in bytes of a mark; the end of its line for a column beyond it.
    func offset(_ mark: TextMark) -> Int {
        guard mark.line < starts.count else { return bytes.count }
        let end = mark.line + 1 < starts.count ? starts[mark.line + 1] : bytes.count
        var offset = starts[mark.line]
        if isASCII { return min(offset + mark.column, end) }
        for _ in 0..<mark.column where offset < end {
            offset += 1
            while offset < end, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
        }
        return offset
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
        var end = index + 1 < starts.count ? starts[index + 1] - 1 : bytes.count
        if end > starts[index], bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return bytes[starts[index]..<end]
    }

    /// What stands between two marks.
    func slice(from start: TextMark, to end: TextMark) -> ArraySlice<UInt8> {
        let first = offset(start)
        return bytes[first..<max(first, offset(end))]
    }
}
