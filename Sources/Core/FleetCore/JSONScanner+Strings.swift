/// Where a string's content stands, between its quotes.
struct JSONStringSpan {
    let start: Int
    let end: Int
    let hasEscapes: Bool
}

extension JSONScanner {
    /// Passes a string, of which escapes and UTF-8 are checked. It stands on the opening quote.
    mutating func string() throws(JSONError) -> JSONStringSpan {
        let start = position + 1
        var index = start
        var hasEscapes = false
        while true {
            index = endOfPlainRun(from: index)
            let byte = byte(at: index)
            if byte == UInt8(ascii: "\"") {
                position = index + 1
                return JSONStringSpan(start: start, end: index, hasEscapes: hasEscapes)
            } else if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index = try endOfEscape(at: index)
            } else if byte >= 0x80 {
                index = try endOfSequences(from: index)
            } else {
                throw problem("a control character stands unescaped in a string", at: index)
            }
        }
    }

    /// The first byte from `index` on that is no plain ASCII character of a string: a quote, a backslash, a control
    /// character or the start of a longer UTF-8 sequence. Looks at eight bytes at once.
    @inline(__always) private func endOfPlainRun(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while let word = word(at: index) {
            // The top bit of each byte that is special is set; above the lowest such byte there may be false ones.
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let special =
                ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
                    | (word &- ones &* 0x20) & ~word | word) & tops
            if special != 0 { return index + special.trailingZeroBitCount / 8 }
            index += 8
        }
        while true {
            let byte = byte(at: index)
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index += 1
        }
    }

    private func endOfSequences(from start: Int) throws(JSONError) -> Int {
        var index = start
        while byte(at: index) >= 0x80 {
            let length = sequenceLength(at: index)
            if length == 0 { throw JSONError(offset: index, reason: "the bytes are not UTF-8") }
            index += length
        }
        return index
    }

    /// The length of the well-formed UTF-8 sequence of two to four bytes (RFC 3629) at `index`; 0 if it is none.
    private func sequenceLength(at index: Int) -> Int {
        func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            range.contains(byte(at: index + offset))
        }
        switch byte(at: index) {
        case 0xC2...0xDF: return continues(1) ? 2 : 0
        case 0xE0: return continues(1, 0xA0...0xBF) && continues(2) ? 3 : 0
        case 0xED: return continues(1, 0x80...0x9F) && continues(2) ? 3 : 0
        case 0xE1...0xEF: return continues(1) && continues(2) ? 3 : 0
        case 0xF0: return continues(1, 0x90...0xBF) && continues(2) && continues(3) ? 4 : 0
        case 0xF1...0xF3: return continues(1) && continues(2) && continues(3) ? 4 : 0
        case 0xF4: return continues(1, 0x80...0x8F) && continues(2) && continues(3) ? 4 : 0
        default: return 0
        }
    }

    private func endOfEscape(at index: Int) throws(JSONError) -> Int {
        switch byte(at: index + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(at: index) else { throw badEscape(at: index, needs: 6) }
            guard UTF16.isSurrogate(unit) else { return index + 6 }
            if UTF16.isTrailSurrogate(unit) { throw problem("an escaped surrogate has no partner", at: index) }
            guard byte(at: index + 6) == UInt8(ascii: "\\"), byte(at: index + 7) == UInt8(ascii: "u"),
                let partner = codeUnit(at: index + 6), UTF16.isTrailSurrogate(partner)
            else { throw problem("an escaped surrogate has no partner", at: index) }
            return index + 12
        default:
            throw badEscape(at: index, needs: 2)
        }
    }

    private func badEscape(at index: Int, needs length: Int) -> JSONError {
        index + length > bytes.count
            ? problem("", at: bytes.count) : problem("a backslash begins no known escape", at: index)
    }

    /// The four hexadecimal digits of the escape `\uXXXX` at `index`.
    func codeUnit(at index: Int) -> UInt16? {
        var unit: UInt16 = 0
        for offset in 2..<6 {
            let byte = byte(at: index + offset)
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt16(byte - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt16(byte - 0x57)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt16(byte - 0x37)
            default: return nil
            }
        }
        return unit
    }
}
