/// Header fields as HTTP/1.1 writes them, a line each (RFC 9112, 5). Values must hold no end of a line.
public struct RequestFields: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {
        // An event's headers seldom need more: so nothing has to be moved.
        bytes.reserveCapacity(512)
    }

    public mutating func add(_ name: StaticString, _ value: String) {
        add(name) { $0.append(value) }
    }

    public mutating func add(_ name: String, _ value: String) {
        append(name)
        append(": ")
        append(value)
        append("\r\n")
    }

    /// Adds a value of which every byte that is not plain is written as a percent sign and two digits.
    mutating func add(_ name: StaticString, encoded value: String, _ isPlain: (UInt8) -> Bool) {
        add(name) { $0.append(encoded: value, isPlain) }
    }

    mutating func add(_ name: String, encoded value: String, _ isPlain: (UInt8) -> Bool) {
        append(name)
        append(": ")
        append(encoded: value, isPlain)
        append("\r\n")
    }

    private mutating func add(_ name: StaticString, _ value: (inout RequestFields) -> Void) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        append(": ")
        value(&self)
        append("\r\n")
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private mutating func append(encoded text: String, _ isPlain: (UInt8) -> Bool) {
        var text = text
        text.withUTF8 { source in
            if source.allSatisfy(isPlain) { return bytes.append(contentsOf: source) }
            for byte in source {
                if isPlain(byte) {
                    bytes.append(byte)
                } else {
                    bytes.append(UInt8(ascii: "%"))
                    bytes.append(Self.digits[Int(byte >> 4)])
                    bytes.append(Self.digits[Int(byte & 15)])
                }
            }
        }
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
