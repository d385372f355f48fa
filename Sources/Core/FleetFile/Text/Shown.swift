/// What a message may show of a text that somebody gave.
enum Shown {
    /// A longer text is cut: a message is one line.
    static let limit = 80

    /// The text in double quotes: redacted, on one line and of bounded length.
    static func quoted(_ text: String) -> String { "\"\(cut(text))\"" }

    /// The text redacted, on one line and of bounded length.
    static func cut(_ text: String) -> String {
        let looksSecret = text.contains("://") || text.contains("@") || text.lowercased().contains("password")
        let safe = looksSecret ? redacted(text) : text
        var line = ""
        for scalar in safe.unicodeScalars.prefix(limit) {
            line.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return line.unicodeScalars.count < safe.unicodeScalars.count ? line + "…" : line
    }

    /// A URL without what may be secret: user and password (a token may stand for the user), the query, and settings
    /// that speak of a password. No more than its scheme where an `@` may be part of a secret: after the first `?` or `#`,
    /// and after a setting.
    static func redacted(_ url: String) -> String {
        var rest = url[...]
        var shown = ""
        if let at = rest.lastIndex(of: "@") {
            let before = rest[..<at]
            shown = scheme(of: before) + "***"
            if before.contains(where: { $0 == "?" || $0 == "#" }) || setsPassword(before) { return shown }
            rest = rest[at...]
        }
        if let query = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) {
            return shown + rest[..<query] + "?…"
        }
        return shown + withoutPassword(rest)
    }

    /// Whether there is a `password=`, with white space or not: a setting of libpq.
    private static func setsPassword(_ text: Substring) -> Bool {
        let text = text.lowercased().filter { !$0.isWhitespace }
        return text.contains("password=")
    }

    /// The text up to the word `password` if anything but a closing brace (`${PASSWORD}`) follows it.
    private static func withoutPassword(_ text: Substring) -> String {
        let word = Array("password".utf8)
        let bytes = text.utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
        for start in bytes.indices where bytes[start...].starts(with: word) {
            let end = start + word.count
            if end < bytes.count, bytes[end] != UInt8(ascii: "}") {
                return String(decoding: text.utf8.prefix(end), as: UTF8.self) + "…"
            }
        }
        return String(text)
    }

    /// `scheme://`, `scheme:` or nothing.
    private static func scheme(of text: Substring) -> String {
        guard let colon = text.firstIndex(of: ":"), text[..<colon].allSatisfy({ $0.isLetter || $0.isNumber }) else {
            return ""
        }
        let after = text[text.index(after: colon)...]
        return text[...colon] + (after.hasPrefix("//") ? "//" : "")
    }
}
