/// Finds where a value begins behind its anchor and tag, which libyaml counts to it.
enum NodeProperties {
    /// The first character that belongs to neither an anchor (`&name`), a tag (`!tag`) nor the space between.
    static func end(from start: TextMark, in source: SourceLines) -> TextMark {
        let bytes = source.bytes
        var offset = source.offset(start)
        func skip(while condition: (UInt8) -> Bool) {
            while offset < bytes.count, condition(bytes[offset]) { offset += 1 }
        }
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "&"), UInt8(ascii: "!"): skip { !isSpace($0) && !isFlowIndicator($0) }
            case UInt8(ascii: "#"): skip { $0 != UInt8(ascii: "\n") }
            case let byte where isSpace(byte): offset += 1
            default: return source.mark(ofByte: offset, after: start)
            }
        }
        return start
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static func isFlowIndicator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
    }
}
