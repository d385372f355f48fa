import Control
import Foundation
import Wire

/// A record as one line of JSON, its members in the order in which people read them.
enum RecordLine {
    static func append(_ record: StreamReading.Record, to line: inout [UInt8]) {
        let message = record.message
        line += "{\"position\": \(record.position), \"topic\": ".utf8
        append(message.topic, to: &line)
        line += ", \"key\": ".utf8
        append(message.key, to: &line)
        line += ", \"headers\": [".utf8
        for (number, header) in message.headers.enumerated() {
            line += (number == 0 ? "{\"name\": " : ", {\"name\": ").utf8
            append(header.name, to: &line)
            line += ", \"value\": ".utf8
            append(header.value, to: &line)
            line += "}".utf8
        }
        line += "], \"value\": ".utf8
        append(message.value, to: &line)
        if let objection = message.objection {
            line += ", \"objection\": ".utf8
            append(objection, to: &line)
        }
        line += "}\n".utf8
    }

    private static func append(_ value: [UInt8]?, to line: inout [UInt8]) {
        guard let value else {
            line += "null".utf8
            return
        }
        if let text = String(validating: value, as: UTF8.self) {
            append(text, to: &line)
        } else {
            append(Data(value).base64EncodedString(), to: &line)
            line += ", \"encoding\": \"base64\"".utf8
        }
    }

    /// A JSON string (RFC 8259, section 7).
    private static func append(_ text: String, to line: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
            case 0x0A: line += "\\n".utf8
            case 0x0D: line += "\\r".utf8
            case 0x09: line += "\\t".utf8
            // A terminal may take DEL for more than a character.
            case 0..<0x20, 0x7F: line += "\\u00".utf8 + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }
}
