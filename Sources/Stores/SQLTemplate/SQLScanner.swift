import FleetCore

/// A piece of SQL.
enum SQLToken: Equatable {
    /// Whitespace or a comment.
    case space
    /// A keyword, a name without quotes, or a number.
    case word
    case parameter(EventParameter)
    case semicolon
    /// A string, a quoted name, an operator, …
    case other
    case end
}

/// Cuts SQL into pieces, as far as it takes to tell parameters from what only looks like one. Every byte of the text
/// is in exactly one piece.
struct SQLScanner {
    let bytes: [UInt8]
    let dialect: SQLDialect
    let subject: SQLTemplate.Subject
    var position = 0
    /// How many brackets of PostgreSQL are open: a colon among them may be a slice's.
    var openBrackets = 0
    var problems: [SQLTemplateError.Problem] = []

    init(_ text: String, _ dialect: SQLDialect, _ subject: SQLTemplate.Subject) {
        bytes = Array(text.utf8)
        self.dialect = dialect
        self.subject = subject
    }

    /// The byte at `index`; 0 behind the end.
    func byte(at index: Int) -> UInt8 {
        index < bytes.count ? bytes[index] : 0
    }

    func text(from start: Int, to end: Int) -> String {
        String(decoding: bytes[start..<end], as: UTF8.self)
    }

    mutating func report(_ offset: Int, _ message: String, _ remedy: String) {
        problems.append(SQLTemplateError.Problem(byteOffset: offset, message: message, remedy: remedy))
    }

    /// Passes the next piece: it ends where ``position`` is then.
    mutating func next() -> SQLToken {
        guard position < bytes.count else { return .end }
        let byte = bytes[position]
        switch byte {
        case 0x20, 0x09...0x0D:
            position += 1
            return .space
        case UInt8(ascii: "-") where self.byte(at: position + 1) == UInt8(ascii: "-"):
            return lineComment()
        case UInt8(ascii: "/") where self.byte(at: position + 1) == UInt8(ascii: "*"):
            return blockComment()
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "["), UInt8(ascii: "]"):
            return quoteOrBracket(byte)
        case UInt8(ascii: ":"):
            return colon()
        case UInt8(ascii: "$"), UInt8(ascii: "?"), UInt8(ascii: "@"):
            return placeholder(byte)
        case UInt8(ascii: ";"):
            position += 1
            return .semicolon
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            while SQLScanner.isNamePart(self.byte(at: position)) && self.byte(at: position) != UInt8(ascii: "$") {
                position += 1
            }
            return .word
        case _ where SQLScanner.isNameStart(byte):
            return word()
        default:
            position += 1
            return .other
        }
    }

    private mutating func word() -> SQLToken {
        let start = position
        passName()
        if dialect == .postgresql, position == start + 1, byte(at: position) == UInt8(ascii: "'"),
            byte(at: start) | 0x20 == UInt8(ascii: "e")
        {
            return escapeString(from: start)
        }
        return .word
    }

    /// A dollar sign may stand in a name, but not begin it, in both dialects.
    mutating func passName() {
        while SQLScanner.isNamePart(byte(at: position)) { position += 1 }
    }

    static func isNameStart(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), 0x80...0xFF: true
        default: false
        }
    }

    static func isNamePart(_ byte: UInt8) -> Bool {
        isNameStart(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "$")
    }
}
