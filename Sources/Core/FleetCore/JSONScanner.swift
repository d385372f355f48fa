/// Walks over the bytes of one JSON text (RFC 8259), front to back, and builds nothing.
///
/// It lives inside `withUnsafeBufferPointer` only. Every byte is read through ``byte(at:)`` or ``word(at:)``, which
/// look at the bounds; behind the end stands 0, which JSON allows nowhere.
struct JSONScanner {
    /// How many objects and arrays may stand in one another.
    static let deepest = 128

    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    @inline(__always) func byte(at index: Int) -> UInt8 {
        index < bytes.count ? bytes[index] : 0
    }

    /// Eight bytes, the first of them lowest; `nil` where fewer are left.
    @inline(__always) func word(at index: Int) -> UInt64? {
        guard index <= bytes.count - 8 else { return nil }
        return UInt64(
            littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: index, as: UInt64.self))
    }

    @inline(__always) var current: UInt8 { byte(at: position) }

    @inline(__always) mutating func skipWhitespace() {
        if current <= 0x20 { skipWhitespaceSlowly() }
    }

    private mutating func skipWhitespaceSlowly() {
        while true {
            switch current {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    /// An error here, or that the text ends here.
    @inline(never) func problem(_ reason: String, at offset: Int? = nil) -> JSONError {
        let offset = offset ?? position
        return offset >= bytes.count
            ? JSONError(offset: bytes.count, reason: "the text ends too early")
            : JSONError(offset: offset, reason: reason)
    }

    /// Nothing but whitespace may follow.
    mutating func finish() throws(JSONError) {
        skipWhitespace()
        if position < bytes.count { throw problem("something follows the document") }
    }
}

extension JSONScanner {
    /// Passes over a value, of which every byte is checked. `depth` counts the objects and arrays around it.
    mutating func skipValue(depth: Int) throws(JSONError) {
        switch current {
        case UInt8(ascii: "\""):
            _ = try string()
        case UInt8(ascii: "{"):
            guard try openObject(depth: depth) else { return }
            repeat {
                _ = try memberName()
                try skipValue(depth: depth + 1)
            } while try anotherMember()
        case UInt8(ascii: "["):
            guard try openArray(depth: depth) else { return }
            repeat { try skipValue(depth: depth + 1) } while try anotherElement()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            _ = try number()
        default:
            _ = try word()
        }
    }

    /// `true`, `false` or `null`.
    mutating func word() throws(JSONError) -> JSONValue {
        switch current {
        case UInt8(ascii: "t"): try pass("true", .boolean(true))
        case UInt8(ascii: "f"): try pass("false", .boolean(false))
        case UInt8(ascii: "n"): try pass("null", .null)
        default: throw problem("a value is missing")
        }
    }

    private mutating func pass(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount where byte(at: position + index) != word.utf8Start[index] {
            throw problem("true, false or null is misspelled", at: position + index)
        }
        position += word.utf8CodeUnitCount
        return value
    }
}

extension JSONScanner {
    /// Passes `{`, and says whether a member follows; otherwise passes `}` too.
    @inline(__always) mutating func openObject(depth: Int) throws(JSONError) -> Bool {
        try open(depth: depth)
        if current == UInt8(ascii: "}") {
            position += 1
            return false
        }
        return true
    }

    /// Passes `[`, and says whether an element follows; otherwise passes `]` too.
    @inline(__always) mutating func openArray(depth: Int) throws(JSONError) -> Bool {
        try open(depth: depth)
        if current == UInt8(ascii: "]") {
            position += 1
            return false
        }
        return true
    }

    private mutating func open(depth: Int) throws(JSONError) {
        if depth >= JSONScanner.deepest { throw problem("more than 128 objects and arrays stand in one another") }
        position += 1
        skipWhitespace()
    }

    /// Passes a member's name and the colon, up to its value.
    @inline(__always) mutating func memberName() throws(JSONError) -> JSONStringSpan {
        if current != UInt8(ascii: "\"") { throw problem("a member's name is missing") }
        let name = try string()
        skipWhitespace()
        if current != UInt8(ascii: ":") { throw problem("a colon is missing after a member's name") }
        position += 1
        skipWhitespace()
        return name
    }

    /// After a member's value: passes `,` and says yes, or `}` and says no.
    @inline(__always) mutating func anotherMember() throws(JSONError) -> Bool {
        skipWhitespace()
        switch current {
        case UInt8(ascii: ","):
            position += 1
            skipWhitespace()
            return true
        case UInt8(ascii: "}"):
            position += 1
            return false
        default:
            throw problem("a comma or } is missing after a member")
        }
    }

    /// After an element: passes `,` and says yes, or `]` and says no.
    @inline(__always) mutating func anotherElement() throws(JSONError) -> Bool {
        skipWhitespace()
        switch current {
        case UInt8(ascii: ","):
            position += 1
            skipWhitespace()
            return true
        case UInt8(ascii: "]"):
            position += 1
            return false
        default:
            throw problem("a comma or ] is missing after an element")
        }
    }
}
