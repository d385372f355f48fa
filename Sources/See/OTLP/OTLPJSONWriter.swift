/// Writes messages as OTLP's JSON has them: it is protobuf's, but for ids, which are hexadecimal, and enums, which are numbers
/// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
struct OTLPJSONWriter {
    private var bytes: [UInt8] = []

    static func write(_ message: OTLPMessage) -> [UInt8] {
        var writer = OTLPJSONWriter()
        writer.add(message)
        return writer.bytes
    }

    private mutating func add(_ message: OTLPMessage) {
        bytes.append(UInt8(ascii: "{"))
        for (index, field) in message.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            quoted(field.name)
            bytes.append(UInt8(ascii: ":"))
            add(field.value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func add(_ value: OTLPValue) {
        switch value {
        case .text(let text): quoted(text)
        case .identifier(let id):
            let digits = Array("0123456789abcdef".utf8)
            quoted(String(decoding: id.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))
        case .integer(let value), .signedFixed64(let value): quoted(String(value))
        case .fixed64(let value): quoted(String(value))
        case .small(let value), .fixed32(let value): bytes += String(value).utf8
        case .real(let value): real(value)
        case .flag(let value): bytes += (value ? "true" : "false").utf8
        case .message(let message): add(message)
        case .messages(let messages): list(messages) { $0.add($1) }
        case .fixed64s(let values): list(values) { $0.quoted(String($1)) }
        case .reals(let values): list(values) { $0.real($1) }
        }
    }

    private mutating func list<Element>(_ elements: [Element], _ write: (inout OTLPJSONWriter, Element) -> Void) {
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(&self, element)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func real(_ value: Double) {
        if value.isFinite {
            bytes += String(value).utf8
        } else {
            quoted(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
        }
    }

    private mutating func quoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += "\\u00\(byte < 16 ? "0" : "")\(digits)".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
