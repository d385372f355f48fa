public import FleetCore

/// What a choice asks of a saga's data.
public indirect enum SagaCondition: Sendable, Hashable, Codable {
    case compare(SagaReference, SagaComparison, SagaLiteral)
    /// Whether there is such a value, be it null.
    case exists(SagaReference)
    case all([SagaCondition])
    case any([SagaCondition])
    case not(SagaCondition)

    public var references: [SagaReference] {
        switch self {
        case .compare(let reference, _, _), .exists(let reference): [reference]
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.references)
        case .not(let condition): condition.references
        }
    }

    /// Whether it holds. A comparison with a value that is not there, or of another kind, does not.
    public func holds(_ value: (SagaReference) -> JSONValue?) -> Bool {
        switch self {
        case .compare(let reference, let comparison, let literal):
            value(reference).map { comparison.holds($0, literal) } ?? false
        case .exists(let reference): value(reference) != nil
        case .all(let conditions): conditions.allSatisfy { $0.holds(value) }
        case .any(let conditions): conditions.contains { $0.holds(value) }
        case .not(let condition): !condition.holds(value)
        }
    }
}

public enum SagaComparison: String, Sendable, Hashable, Codable, CaseIterable {
    case equals, above, below
    case notEquals = "not_equals"
    case atLeast = "at_least"
    case atMost = "at_most"

    /// Whether it asks which of two is larger.
    public var isOrder: Bool { self != .equals && self != .notEquals }

    func holds(_ value: JSONValue, _ literal: SagaLiteral) -> Bool {
        switch (value, literal) {
        case (.integer(let left), .number(let right)): holds(Double(left), right)
        case (.real(let left), .number(let right)): holds(left, right)
        case (.text(let left), .text(let right)): holds(left, right)
        case (.boolean(let left), .boolean(let right)): holds(left ? 1 : 0, right ? 1.0 : 0)
        default: self == .notEquals
        }
    }

    private func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        switch self {
        case .equals: left == right
        case .notEquals: left != right
        case .above: left > right
        case .below: left < right
        case .atLeast: left >= right
        case .atMost: left <= right
        }
    }
}

/// A value that a definition compares with.
public enum SagaLiteral: Sendable, Hashable, Codable {
    case text(String)
    case number(Double)
    case boolean(Bool)
}
