/// Writes messages as protobuf does (https://protobuf.dev/programming-guides/encoding/).
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    static func write(_ message: OTLPMessage) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.add(message)
        return writer.bytes
    }

    private mutating func add(_ message: OTLPMessage) {
        for field in message { add(field) }
    }

    private mutating func add(_ field: OTLPField) {
        switch field.value {
        case .text(let text):
            tag(field, 2)
            varint(UInt64(text.utf8.count))
            bytes += text.utf8
        case .identifier(let id):
            tag(field, 2)
            varint(UInt64(id.count))
            bytes += id
        case .integer(let value):
            tag(field, 0)
            varint(UInt64(bitPattern: value))
        case .small(let value):
            tag(field, 0)
            varint(UInt64(value))
        case .flag(let value):
            tag(field, 0)
            varint(value ? 1 : 0)
        case .fixed32(let value):
            tag(field, 5)
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        case .fixed64(let value):
            tag(field, 1)
            fixed(value)
        case .signedFixed64(let value):
            tag(field, 1)
            fixed(UInt64(bitPattern: value))
        case .real(let value):
            tag(field, 1)
            fixed(value.bitPattern)
        case .message(let message): nested(field, message)
        case .messages(let messages): for message in messages { nested(field, message) }
        case .fixed64s(let values):
            tag(field, 2)
            varint(UInt64(values.count * 8))
            for value in values { fixed(value) }
        case .reals(let values):
            tag(field, 2)
            varint(UInt64(values.count * 8))
            for value in values { fixed(value.bitPattern) }
        }
    }

    /// Its length stands before a message, and is known behind it: a place for a short one is kept free, and made larger where
    /// it does not do.
    private mutating func nested(_ field: OTLPField, _ message: OTLPMessage) {
        tag(field, 2)
        let start = bytes.count
        bytes.append(0)
        add(message)
        var length = ProtobufWriter()
        length.varint(UInt64(bytes.count - start - 1))
        bytes.replaceSubrange(start...start, with: length.bytes)
    }

    private mutating func tag(_ field: OTLPField, _ wireType: UInt64) { varint(UInt64(field.number) << 3 | wireType) }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func fixed(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
}
