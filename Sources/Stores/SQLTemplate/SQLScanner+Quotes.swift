/// Comments, strings and quoted names: what no parameter is looked for in.
extension SQLScanner {
    /// Up to the end of the line. PostgreSQL takes a carriage return for one, SQLite does not.
    mutating func lineComment() -> SQLToken {
        while position < bytes.count {
            if bytes[position] == 0x0A || (bytes[position] == 0x0D && dialect == .postgresql) { break }
            position += 1
        }
        return .space
    }

    /// PostgreSQL nests these; SQLite does not, and lets the end of the text close one.
    mutating func blockComment() -> SQLToken {
        let start = position
        var depth = 0
        while position < bytes.count {
            if starts("/*"), depth == 0 || dialect == .postgresql {
                depth += 1
                position += 2
            } else if starts("*/") {
                depth -= 1
                position += 2
                if depth == 0 { return .space }
            } else {
                position += 1
            }
        }
        if dialect == .postgresql {
            report(start, "The comment that begins here does not end.", "Close it with */, as often as /* opens one.")
        }
        return .space
    }

    mutating func quoteOrBracket(_ byte: UInt8) -> SQLToken {
        switch (byte, dialect) {
        case (UInt8(ascii: "'"), _):
            return quoted(by: byte, called: "string")
        case (UInt8(ascii: "\""), _), (UInt8(ascii: "`"), .sqlite):
            return quoted(by: byte, called: "quoted name")
        case (UInt8(ascii: "["), .sqlite):
            return bracketed()
        case (UInt8(ascii: "["), .postgresql):
            openBrackets += 1
        case (UInt8(ascii: "]"), .postgresql):
            openBrackets = max(0, openBrackets - 1)
        default:
            break
        }
        position += 1
        return .other
    }

    /// Twice the closing quote means the quote itself.
    private mutating func quoted(by quote: UInt8, called kind: String) -> SQLToken {
        let start = position
        if !passQuoted(by: quote) { unterminated(start, kind, String(decoding: [quote], as: UTF8.self)) }
        return .other
    }

    /// Stands on the opening quote; says whether there is a closing one, which it passes.
    mutating func passQuoted(by quote: UInt8) -> Bool {
        position += 1
        while position < bytes.count {
            if bytes[position] != quote {
                position += 1
            } else if byte(at: position + 1) == quote {
                position += 2
            } else {
                position += 1
                return true
            }
        }
        return false
    }

    private mutating func bracketed() -> SQLToken {
        let start = position
        while position < bytes.count {
            position += 1
            if bytes[position - 1] == UInt8(ascii: "]") { return .other }
        }
        unterminated(start, "quoted name", "]")
        return .other
    }

    /// `E'it\'s'`, and its continuations: in PostgreSQL a string goes on where a line's end, but nothing else than
    /// blanks and `--` comments, parts it from another quote, and backslashes keep their meaning there.
    mutating func escapeString(from start: Int) -> SQLToken {
        repeat {
            position += 1
            var isOpen = true
            while isOpen, position < bytes.count {
                switch (bytes[position], byte(at: position + 1)) {
                case (UInt8(ascii: "\\"), _): position += 2
                case (UInt8(ascii: "'"), UInt8(ascii: "'")): position += 2
                case (let byte, _):
                    position += 1
                    isOpen = byte != UInt8(ascii: "'")
                }
            }
            position = min(position, bytes.count)
            if isOpen {
                unterminated(start, "string", "'")
                return .other
            }
        } while passContinuation()
        return .other
    }

    private mutating func passContinuation() -> Bool {
        let start = position
        var sawLineEnd = false
        while position < bytes.count {
            if starts("--") {
                _ = lineComment()
            } else if bytes[position] == 0x20 || (0x09...0x0D).contains(bytes[position]) {
                sawLineEnd = sawLineEnd || bytes[position] == 0x0A || bytes[position] == 0x0D
                position += 1
            } else {
                break
            }
        }
        if sawLineEnd, byte(at: position) == UInt8(ascii: "'") { return true }
        position = start
        return false
    }

    /// `$$…$$` or `$tag$…$tag$`; `nil` where none begins.
    mutating func dollarQuoted() -> SQLToken? {
        let start = position
        var end = start + 1
        if SQLScanner.isNameStart(byte(at: end)) {
            while SQLScanner.isNamePart(byte(at: end)), byte(at: end) != UInt8(ascii: "$") { end += 1 }
        }
        guard byte(at: end) == UInt8(ascii: "$") else { return nil }
        let delimiter = bytes[start...end]
        position = end + 1
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "$"), bytes[position...].starts(with: delimiter) {
                position += delimiter.count
                return .other
            }
            position += 1
        }
        unterminated(start, "string", String(decoding: delimiter, as: UTF8.self))
        return .other
    }

    private mutating func unterminated(_ start: Int, _ kind: String, _ quote: String) {
        report(start, "The \(kind) that begins here does not end.", "Close it with \(quote).")
    }

    private func starts(_ pair: StaticString) -> Bool {
        byte(at: position) == pair.utf8Start[0] && byte(at: position + 1) == pair.utf8Start[1]
    }
}
