import FleetCore
import TestKit

/// A document as a tree: what random documents are written from, and what their fields are looked up in.
indirect enum JSONTree {
    case scalar(JSONValue)
    case array([JSONTree])
    case object([(String, JSONTree)])

    /// The last member of a name counts.
    func value(at path: ArraySlice<String>) -> JSONTree? {
        guard let first = path.first else { return self }
        switch self {
        case .array(let elements):
            guard let index = Int(first), String(index) == first, elements.indices.contains(index) else { return nil }
            return elements[index].value(at: path.dropFirst())
        case .object(let members):
            return members.last { $0.0 == first }?.1.value(at: path.dropFirst())
        case .scalar:
            return nil
        }
    }

    var scalar: JSONValue? {
        if case .scalar(let value) = self { value } else { nil }
    }
}

extension JSONTree {
    private static let names = ["a", "b", "0", "1", "name", "größe", "x\"y", "", "a b", "longer_than_eight_bytes"]

    static func random(depth: Int, using random: inout RandomSource) -> JSONTree {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
        case 0: return .scalar([.null, .boolean(true), .boolean(false)].randomElement(using: &random) ?? .null)
        case 1: return .scalar(.integer(Int64.random(in: -20...20, using: &random)))
        // Few digits: beyond them Foundation's reader is off by a bit or two.
        case 2: return .scalar(.integer(Int64.random(in: -999_999_999_999...999_999_999_999, using: &random)))
        case 3: return .scalar(.real(Double(Int.random(in: -999_999...999_999, using: &random)) / 8))
        case 4, 5: return .scalar(.text(text(using: &random)))
        case 6:
            return .array(
                (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    JSONTree.random(depth: depth - 1, using: &random)
                })
        default:
            return .object(
                (0..<Int.random(in: 0...5, using: &random)).map { _ in
                    (names.randomElement(using: &random) ?? "", JSONTree.random(depth: depth - 1, using: &random))
                })
        }
    }

    private static func text(using random: inout RandomSource) -> String {
        let pieces = [
            "a", "plain text", "\"", "\\", "/", "\n", "\u{1}", "é", "€", "😹", "\u{7F}", "\u{FFFF}",
            "0123456789",
        ]
        return (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }

    func randomPath(using random: inout RandomSource) -> [String] {
        switch self {
        case _ where Int.random(in: 0..<8, using: &random) == 0: return []
        case .array(let elements):
            let index = Int.random(in: 0...elements.count, using: &random)
            return [String(index)] + (index < elements.count ? elements[index].randomPath(using: &random) : [])
        case .object(let members):
            guard let member = members.randomElement(using: &random) else { return ["a"] }
            return [member.0] + member.1.randomPath(using: &random)
        default: return Int.random(in: 0..<8, using: &random) == 0 ? ["a"] : []
        }
    }
}
