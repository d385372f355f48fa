import FleetCore
import TestKit

extension JSONTree {
    /// This document as text, with random whitespace and random choices between a character and its escape.
    func written(using random: inout RandomSource, padding: Bool = true) -> String {
        func blank() -> String {
            padding && Int.random(in: 0..<6, using: &random) == 0
                ? [" ", "\n", "\t", "\r\n", "  "].randomElement(using: &random) ?? "" : ""
        }
        func list(_ items: [String], _ open: String, _ close: String) -> String {
            open + blank() + items.joined(separator: ",") + blank() + close
        }
        let text =
            switch self {
            case .scalar(.text(let text)): JSONTree.quoted(text, using: &random)
            case .scalar(.integer(let integer)): String(integer)
            case .scalar(.real(let real)): "\(real)"
            case .scalar(.boolean(let boolean)): String(boolean)
            case .scalar: "null"
            case .array(let elements):
                list(elements.map { $0.written(using: &random, padding: padding) }, "[", "]")
            case .object(let members):
                list(
                    members.map { name, value in
                        JSONTree.quoted(name, using: &random) + blank() + ":"
                            + value.written(using: &random, padding: padding)
                    }, "{", "}")
            }
        return blank() + text + blank()
    }

    private static func quoted(_ text: String, using random: inout RandomSource) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n" where Bool.random(using: &random): quoted += "\\n"
            case "/" where Bool.random(using: &random): quoted += "\\/"
            case _ where scalar.value < 0x20 || Int.random(in: 0..<10, using: &random) == 0:
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: Bool.random(using: &random))
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
