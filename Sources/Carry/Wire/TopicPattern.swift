public import FleetCore

/// The pattern of the topics that a service's events go to: a text with placeholders in braces.
public struct TopicPattern: Hashable, Sendable {
    /// What stands for a part of each event.
    public enum Placeholder: String, Sendable, CaseIterable {
        case fleet
        case service
        /// The outbox column `aggregatetype`.
        case aggregateType = "aggregatetype"
        /// The event's type.
        case type
    }

    enum Part: Hashable, Sendable {
        case literal(String)
        case placeholder(Placeholder)
    }

    let parts: [Part]

    /// `{fleet}.{service}.{aggregatetype}`
    public static let standard = TopicPattern(parts: [
        .placeholder(.fleet), .literal("."), .placeholder(.service), .literal("."), .placeholder(.aggregateType),
    ])

    /// `{fleet}.{service}.{type}`: what stands in its place on NATS, where a part of a subject is what readers filter by.
    public static let standardSubject = TopicPattern(parts: [
        .placeholder(.fleet), .literal("."), .placeholder(.service), .literal("."), .placeholder(.type),
    ])

    private init(parts: [Part]) {
        self.parts = parts
    }

    /// Reads a pattern.
    /// - Throws: `invalidInput` with the cure.
    public init(_ text: String) throws(FleetError) {
        var parts: [Part] = []
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            try Self.append(rest[..<brace], to: &parts)
            guard rest[brace] == "{" else {
                throw Self.fault("a } closes nothing", "open it with {, or remove it")
            }
            let inside = rest[rest.index(after: brace)...]
            guard let end = inside.firstIndex(where: { $0 == "{" || $0 == "}" }), inside[end] == "}" else {
                throw Self.fault("a { is not closed", "close it with }, or remove it")
            }
            parts.append(.placeholder(try Self.placeholder(String(inside[..<end]))))
            rest = inside[inside.index(after: end)...]
        }
        try Self.append(rest, to: &parts)
        if parts.isEmpty { throw Self.fault("it is empty", "write \(Self.standard)") }
        self.init(parts: parts)
        if let constant, let objection = TopicRule.objection(to: constant) {
            throw Self.fault(objection, "name another")
        }
        let literals = parts.map { if case .literal(let text) = $0 { text.utf8.count } else { 0 } }.reduce(0, +)
        if literals > TopicRule.longest {
            throw Self.fault("it is longer than the \(TopicRule.longest) characters that a topic has", "shorten it")
        }
    }

    /// The topic of all events, where no part of it depends on them.
    private var constant: String? {
        guard parts.count == 1, case .literal(let text) = parts[0] else { return nil }
        return text
    }

    private static func append(_ literal: Substring, to parts: inout [Part]) throws(FleetError) {
        if literal.isEmpty { return }
        guard literal.utf8.allSatisfy(TopicRule.allows) else {
            let wrong = literal.first { !$0.utf8.allSatisfy(TopicRule.allows) } ?? " "
            throw fault(
                wrong.isWhitespace ? "it has white space" : "it has the character \(wrong)",
                "a topic is of \(TopicRule.rule), and placeholders in braces")
        }
        parts.append(.literal(String(literal)))
    }

    private static func placeholder(_ name: String) throws(FleetError) -> Placeholder {
        if let found = Placeholder(rawValue: name) { return found }
        let known = Placeholder.allCases.map(\.rawValue)
        let nearest = NearestName.of(name, in: known).map { "did you mean {\($0)}?" }
        throw fault(
            name.isEmpty ? "there is nothing between { and }" : "it has no placeholder {\(name.prefix(64))}",
            nearest ?? "there are \(known.map { "{\($0)}" }.joined(separator: ", "))")
    }

    private static func fault(_ message: String, _ remedy: String) -> FleetError {
        FleetError(.invalidInput, message, remedy: remedy)
    }

    /// The topic of an event. What the event says stands in it as it is, whether a broker takes such a topic or not:
    /// if characters were replaced, two aggregate types could meet in one topic.
    public func topic(of event: Event, in stream: StreamName) -> String {
        if let constant { return constant }
        var topic = ""
        for part in parts {
            switch part {
            case .literal(let text): topic += text
            case .placeholder(.fleet): topic += stream.fleet.text
            case .placeholder(.service): topic += stream.service.text
            case .placeholder(.aggregateType): topic += event.aggregateType
            case .placeholder(.type): topic += event.type
            }
        }
        return topic
    }
}

extension TopicPattern: CustomStringConvertible {
    /// As it is written in a fleet file.
    public var description: String {
        parts.map { part in
            switch part {
            case .literal(let text): text
            case .placeholder(let placeholder): "{\(placeholder.rawValue)}"
            }
        }.joined()
    }
}
