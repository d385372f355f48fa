import FleetCore
import Foundation

/// One spelling for equal documents, so that this scanner, Foundation and ``JSONTree`` can be compared: names sorted,
/// the last of several members, numbers and truth values as a `Double` writes them (Foundation mixes them up).
enum JSONCanonical {
    static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil: "-"
        case .null?: "null"
        case .boolean(let boolean)?: boolean ? "1.0" : "0.0"
        case .integer(let integer)?: "\(Double(integer))"
        case .real(let real)?: "\(real + 0)"
        case .text(let text)?: quoted(text)
        case .json(let text)?: self.text(foundation: Array(text.utf8), at: [])
        }
    }

    static func text(_ tree: JSONTree?) -> String {
        switch tree {
        case nil: "-"
        case .scalar(let value)?: text(value)
        case .array(let elements)?: "[" + elements.map { text($0) }.joined(separator: ",") + "]"
        case .object(let members)?: object(Dictionary(members, uniquingKeysWith: { $1 }).mapValues { text($0) })
        }
    }

    /// What Foundation reads at a path of a document.
    static func text(foundation bytes: [UInt8], at path: [String]) -> String {
        var object = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        for component in path {
            if let members = object as? [String: Any] {
                object = members[component]
            } else if let elements = object as? [Any], let index = Int(component), elements.indices.contains(index) {
                object = elements[index]
            } else {
                object = nil
            }
        }
        return text(any: object)
    }

    private static func text(any value: Any?) -> String {
        switch value {
        case nil: "-"
        case is NSNull: "null"
        case let text as String: quoted(text)
        case let number as NSNumber: "\(number.doubleValue + 0)"
        case let elements as [Any]: "[" + elements.map { text(any: $0) }.joined(separator: ",") + "]"
        case let members as [String: Any]: object(members.mapValues { text(any: $0) })
        default: "?"
        }
    }

    private static func object(_ members: [String: String]) -> String {
        "{" + members.sorted { $0.key < $1.key }.map { quoted($0.key) + ":" + $0.value }.joined(separator: ",") + "}"
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.unicodeScalars.map { String($0.value, radix: 16) }.joined(separator: " ") + "\""
    }
}
