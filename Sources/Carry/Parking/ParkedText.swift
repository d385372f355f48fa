import Stores

/// A text as the table of parked events writes it. Not every store has room for U+0000 in a text, and an event that cannot
/// even be parked would stop its view: U+0000 is written U+0001 `0`, and U+0001 is written U+0001 `1`.
enum ParkedText {
    static func encoded(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 <= 1 }) else { return text }
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            bytes.append(max(1, byte))
            if byte <= 1 { bytes.append(UInt8(ascii: "0") + byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func decoded(_ text: String) -> String {
        guard text.utf8.contains(1) else { return text }
        var bytes: [UInt8] = []
        var isMarked = false
        for byte in text.utf8 {
            if isMarked {
                bytes.append(byte == UInt8(ascii: "0") ? 0 : 1)
            } else if byte != 1 {
                bytes.append(byte)
            }
            isMarked = !isMarked && byte == 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SQLValue {
    static func parked(_ text: String?) -> SQLValue { text.map { .text(ParkedText.encoded($0)) } ?? .null }
}
