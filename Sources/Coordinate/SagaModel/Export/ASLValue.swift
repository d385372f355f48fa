/// A JSON value that is written.
indirect enum ASLValue: Hashable {
    case text(String)
    case number(Double)
    case boolean(Bool)
    /// JSON, as it is.
    case literal(String)
    case array([ASLValue])
    /// Members in the order in which they are written.
    case object([ASLMember])

    static func members(_ pairs: (String, ASLValue)...) -> ASLValue { .object(pairs.map { ASLMember($0.0, $0.1) }) }

    func written(indent: String = "") -> String {
        let inner = indent + "  "
        switch self {
        case .text(let text): return JSONText.quoted(text)
        case .number(let number):
            return number == number.rounded() && abs(number) < 1e15 ? String(Int64(number)) : String(number)
        case .boolean(let value): return String(value)
        case .literal(let text): return text
        case .array(let items):
            if items.isEmpty { return "[]" }
            return "[\n" + items.map { inner + $0.written(indent: inner) }.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let members):
            if members.isEmpty { return "{}" }
            let lines = members.map { inner + JSONText.quoted($0.name) + ": " + $0.value.written(indent: inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        }
    }
}

struct ASLMember: Hashable {
    var name: String
    var value: ASLValue

    init(_ name: String, _ value: ASLValue) {
        self.name = name
        self.value = value
    }
}
