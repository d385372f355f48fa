/// The syntax of a store's URL.
enum StoreURL {
    /// The scheme in lower case; `nil` for what is no URL. One letter is no scheme but a drive.
    static func scheme(of text: String) -> String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = text.utf8[..<colon]
        let isScheme = scheme.allSatisfy { byte in
            (97...122).contains(byte | 0x20) || (48...57).contains(byte) || [0x2B, 0x2D, 0x2E].contains(byte)
        }
        guard isScheme, scheme.count > 1, let first = scheme.first, (97...122).contains(first | 0x20) else {
            return nil
        }
        return text[..<colon].lowercased()
    }

    /// What follows `scheme:`.
    static func rest(of text: String) -> String {
        text.utf8.firstIndex(of: UInt8(ascii: ":")).map { String(text[text.index(after: $0)...]) } ?? text
    }
}

extension FilePath {
    /// Why a path would not mean what it seems to, and how to mend it.
    static func trouble(_ path: String) -> (message: String, remedy: String)? {
        if path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            return ("contains a control character", "remove it")
        }
        if path == "~" || path.hasPrefix("~/") {
            return ("begins with ~, which is not replaced here", "write ${HOME} instead of ~")
        }
        if path.utf8.count > 4096 { return ("is longer than a path may be", "write at most 4096 bytes") }
        return nil
    }
}
