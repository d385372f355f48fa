/// What a file's bytes must be before anything reads them as YAML: UTF-8 without control characters, its lines
/// ending with LF or CR LF.
///
/// YAML has three more line breaks (NEL, LS, PS) and old ones a bare CR. Editors count lines without them, so they
/// are refused: every line and column that is reported is then the one that an editor shows.
struct TextScreening {
    /// More problems than this say nothing new: the file is not text.
    static let problemLimit = 10

    private let source: SourceLines
    private var problems: [Problem] = []

    /// The text without a byte order mark, and what is wrong with it.
    static func screen(_ bytes: [UInt8], file: String) -> (source: SourceLines, problems: [Problem]) {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            let start = SourceLocation(file: file, line: 1, column: 1)
            let problem = Problem(at: start, "the file is UTF-16", remedy: "save it as UTF-8")
            return (SourceLines(file: file, bytes: []), [problem])
        }
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        var screening = TextScreening(source: SourceLines(file: file, bytes: text))
        screening.walk(text)
        return (screening.source, screening.problems)
    }

    private init(source: SourceLines) {
        self.source = source
    }

    private mutating func walk(_ bytes: [UInt8]) {
        var mark = TextMark.start
        var index = 0
        while index < bytes.count, problems.count < Self.problemLimit {
            let byte = bytes[index]
            var width = 1
            if byte >= 0x80 {
                if let character = Self.decode(bytes, at: index) {
                    width = character.width
                    check(character.scalar, at: mark)
                } else {
                    report(at: mark, "byte 0x\(String(byte, radix: 16)) is not UTF-8", remedy: "save the file as UTF-8")
                }
            } else if byte == UInt8(ascii: "\r") {
                if index + 1 == bytes.count || bytes[index + 1] != UInt8(ascii: "\n") {
                    report(at: mark, "a carriage return without a line feed", remedy: "end lines with LF or CR LF")
                }
            } else if byte < 0x20 && byte != UInt8(ascii: "\n") && byte != UInt8(ascii: "\t") || byte == 0x7F {
                check(UInt32(byte), at: mark)
            }
            mark =
                byte == UInt8(ascii: "\n")
                ? TextMark(line: mark.line + 1, column: 0) : TextMark(line: mark.line, column: mark.column + 1)
            index += width
        }
    }

    private mutating func check(_ scalar: UInt32, at mark: TextMark) {
        switch scalar {
        case 0x85, 0x2028, 0x2029:
            report(at: mark, "the line break \(Self.name(scalar)) is not allowed", remedy: "end lines with LF or CR LF")
        case 0xFEFF:
            report(at: mark, "a byte order mark (U+FEFF) within the file", remedy: "delete the invisible character")
        case 0..<0xA0, 0xFFFE, 0xFFFF:
            let remedy = "delete it, or write it as an escape in double quotes"
            report(at: mark, "the control character \(Self.name(scalar)) is not allowed", remedy: remedy)
        default: break
        }
    }

    private mutating func report(at mark: TextMark, _ message: String, remedy: String) {
        problems.append(Problem(at: source.location(mark), message, remedy: remedy))
    }

    private static func name(_ scalar: UInt32) -> String {
        let digits = String(scalar, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// One scalar of more than one byte (RFC 3629); `nil` where the bytes are none.
    private static func decode(_ bytes: [UInt8], at index: Int) -> (scalar: UInt32, width: Int)? {
        let lead = bytes[index]
        let width: Int
        switch lead {
        case 0xC2...0xDF: width = 2
        case 0xE0...0xEF: width = 3
        case 0xF0...0xF4: width = 4
        default: return nil
        }
        guard index + width <= bytes.count else { return nil }
        var scalar = UInt32(lead) & (0x7F >> UInt32(width))
        for byte in bytes[(index + 1)..<(index + width)] {
            guard byte & 0xC0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        let least: UInt32 = width == 2 ? 0x80 : width == 3 ? 0x800 : 0x10000
        guard scalar >= least, Unicode.Scalar(scalar) != nil else { return nil }
        return (scalar, width)
    }
}
