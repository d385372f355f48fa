/// Turning what was passed into values. What comes here was checked before: nothing can fail but a number's size.
extension JSONScanner {
    /// Takes a string, a number or a word.
    mutating func scalar() throws(JSONError) -> JSONValue {
        switch current {
        case UInt8(ascii: "\""): .text(text(of: try string()))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try value(of: try number())
        default: try word()
        }
    }

    /// The bytes from `start` to before `end`, as they stand.
    func source(from start: Int, to end: Int) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
    }

    func text(of span: JSONStringSpan) -> String {
        guard span.hasEscapes else { return source(from: span.start, to: span.end) }
        return String(decoding: decoded(span), as: UTF8.self)
    }

    /// The UTF-8 of a string, its escapes decoded. No escape is shorter than what it stands for.
    func decoded(_ span: JSONStringSpan) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(span.end - span.start)
        var index = span.start
        while index < span.end {
            let byte = byte(at: index)
            if byte != UInt8(ascii: "\\") {
                decoded.append(byte)
                index += 1
                continue
            }
            switch self.byte(at: index + 1) {
            case UInt8(ascii: "b"): decoded.append(0x08)
            case UInt8(ascii: "f"): decoded.append(0x0C)
            case UInt8(ascii: "n"): decoded.append(0x0A)
            case UInt8(ascii: "r"): decoded.append(0x0D)
            case UInt8(ascii: "t"): decoded.append(0x09)
            case UInt8(ascii: "u"):
                let (scalar, length) = scalar(at: index)
                decoded.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                index += length
                continue
            case let plain: decoded.append(plain)
            }
            index += 2
        }
        return decoded
    }

    /// The character of the escape `\uXXXX`, or of the pair of them, at `index`, and how many bytes write it.
    private func scalar(at index: Int) -> (scalar: Unicode.Scalar, length: Int) {
        let unit = codeUnit(at: index) ?? 0xFFFD
        if let scalar = Unicode.Scalar(unit) { return (scalar, 6) }
        let partner = codeUnit(at: index + 6) ?? 0xFFFD
        let value = 0x10000 + (UInt32(unit) & 0x3FF) << 10 + UInt32(partner) & 0x3FF
        return (Unicode.Scalar(value) ?? "\u{FFFD}", 12)
    }
}
