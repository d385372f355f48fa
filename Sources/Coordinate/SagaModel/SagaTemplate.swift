/// A text with references in braces: `order:{data.order_id}`. Two braces stand for one.
public struct SagaTemplate: Sendable, Hashable {
    public enum Part: Sendable, Hashable {
        case text(String)
        case reference(SagaReference)
    }

    /// As it was written.
    public let source: String
    public let parts: [Part]

    /// `nil` where a brace is open, or what is in braces is no reference.
    public init?(_ source: String) {
        self.source = source
        var parts: [Part] = []
        var text = ""
        var rest = source[...]
        while let character = rest.first {
            rest = rest.dropFirst()
            switch character {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                text.append(character)
                rest = rest.dropFirst()
            case "{":
                guard let end = rest.firstIndex(of: "}"), let reference = SagaReference(rest[..<end]) else {
                    return nil
                }
                if !text.isEmpty { parts.append(.text(text)) }
                text = ""
                parts.append(.reference(reference))
                rest = rest[end...].dropFirst()
            case "}": return nil
            default: text.append(character)
            }
        }
        if !text.isEmpty { parts.append(.text(text)) }
        self.parts = parts
    }

    public var references: [SagaReference] {
        parts.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
    }

    /// The text, with each reference replaced.
    public func filled(_ value: (SagaReference) throws -> String) rethrows -> String {
        try parts.map { part in
            switch part {
            case .text(let text): text
            case .reference(let reference): try value(reference)
            }
        }.joined()
    }
}

extension SagaTemplate: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let source = try container.decode(String.self)
        guard let template = SagaTemplate(source) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(source)\" is no template")
        }
        self = template
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(source)
    }
}
