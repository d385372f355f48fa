import FleetCore

/// What a policy wants an attribute to be.
public enum AttributeTest: Sendable, Hashable {
    /// One of these texts.
    case texts(Set<String>)
    /// A text in which one of these is found.
    case patterns(TextPatterns)
    /// A whole number within these bounds, both included.
    case integers(ClosedRange<Int64>)
    case flag(Bool)

    /// A value of another type never is.
    func holds(for value: SpanValue) -> Bool {
        switch (self, value) {
        case (.texts(let texts), .text(let text)): texts.contains(text)
        case (.texts(let texts), .id(let id)): texts.contains(id.description)
        case (.patterns(let patterns), .text(let text)): patterns.match(text)
        case (.patterns(let patterns), .id(let id)): patterns.match(id.description)
        case (.integers(let bounds), .integer(let number)): bounds.contains(number)
        case (.flag(let wanted), .flag(let flag)): flag == wanted
        default: false
        }
    }
}
