/// What a field of a payload is made of: something that the saga knows, or a constant.
public enum SagaValue: Sendable, Hashable {
    case reference(SagaReference)
    /// A text, with what it refers to in braces.
    case text(SagaTemplate)
    /// As it is written in JSON.
    case number(String)
    case boolean(Bool)
    case null

    public var references: [SagaReference] {
        switch self {
        case .reference(let reference): [reference]
        case .text(let template): template.references
        case .number, .boolean, .null: []
        }
    }
}

/// A reference is a text, as it was before there were constants: journals have definitions of then.
extension SagaValue: Codable {
    private enum CodingKeys: String, CodingKey { case text, number, boolean, null }

    public init(from decoder: any Decoder) throws {
        if let reference = try? decoder.singleValueContainer().decode(SagaReference.self) {
            self = .reference(reference)
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let text = try container.decodeIfPresent(SagaTemplate.self, forKey: .text) {
            self = .text(text)
        } else if let number = try container.decodeIfPresent(String.self, forKey: .number) {
            self = .number(number)
        } else if let boolean = try container.decodeIfPresent(Bool.self, forKey: .boolean) {
            self = .boolean(boolean)
        } else if container.contains(.null) {
            self = .null
        } else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "it is neither a reference nor a constant"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        if case .reference(let reference) = self {
            var container = encoder.singleValueContainer()
            return try container.encode(reference)
        }
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .reference: break
        case .text(let template): try container.encode(template, forKey: .text)
        case .number(let number): try container.encode(number, forKey: .number)
        case .boolean(let value): try container.encode(value, forKey: .boolean)
        case .null: try container.encode(true, forKey: .null)
        }
    }
}
