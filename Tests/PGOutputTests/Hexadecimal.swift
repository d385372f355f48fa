import PGOutput

/// Bytes written as hexadecimal digits; everything else (blanks, bars between fields) only helps to read them.
func hex(_ text: String) -> [UInt8] {
    let digits = text.utf8.compactMap { character -> UInt8? in
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }
    precondition(digits.count % 2 == 0, "half a byte in \(text)")
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// The digits of a text and its terminating zero.
func text(_ text: String) -> String { digits(of: text) + "00" }

/// The digits of a text.
func digits(of text: String) -> String {
    text.utf8.map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined()
}

extension PGOutputDecoder {
    mutating func decode(_ bytes: [UInt8]) throws(PGOutputError) -> PGOutputMessage {
        try decode(bytes.span.bytes)
    }
}

extension ReplicationMessage {
    init(decoding bytes: [UInt8]) throws(PGOutputError) {
        try self.init(decoding: bytes.span.bytes)
    }
}
