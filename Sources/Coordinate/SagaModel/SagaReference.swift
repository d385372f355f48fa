/// Where a value stands in what a saga knows: `data.order_id` in what it was started with, `replies.charge.id` in what a
/// step's answer said, `item.sku` in the item of the nearest for each.
public struct SagaReference: Sendable, Hashable, CustomStringConvertible {
    public enum Root: Sendable, Hashable {
        case data
        case reply(step: String)
        case item
    }

    public var root: Root
    /// Names of members and indexes of arrays, from the outside in; none for the whole.
    public var fields: [String]

    public init(_ root: Root, _ fields: [String] = []) {
        self.root = root
        self.fields = fields
    }

    /// `nil` where `text` is no reference.
    public init?(_ text: some StringProtocol) {
        let parts = String(text).split(separator: "." as Character, omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy(Self.isPlain), let first = parts.first else { return nil }
        switch first {
        case "data": self.init(.data, Array(parts.dropFirst()))
        case "item": self.init(.item, Array(parts.dropFirst()))
        case "replies":
            guard parts.count > 1 else { return nil }
            self.init(.reply(step: parts[1]), Array(parts.dropFirst(2)))
        default: return nil
        }
    }

    public static let rule = "data.FIELD, replies.STEP.FIELD or item.FIELD"

    public var description: String {
        switch root {
        case .data: (["data"] + fields).joined(separator: ".")
        case .reply(let step): (["replies", step] + fields).joined(separator: ".")
        case .item: (["item"] + fields).joined(separator: ".")
        }
    }

    private static func isPlain(_ part: String) -> Bool {
        !part.isEmpty
            && part.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}

extension SagaReference: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let reference = SagaReference(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is no reference")
        }
        self = reference
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
