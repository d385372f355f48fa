/// Where in a definition something stands: the keys and numbers that lead to it, in the words of the fleet file:
/// `steps 2 branches 0 1 compensate`.
public struct SagaPlace: Sendable, Hashable, CustomStringConvertible {
    public var components: [String]

    public init(_ components: [String] = []) {
        self.components = components
    }

    public func child(_ component: String) -> SagaPlace { SagaPlace(components + [component]) }
    public func child(_ index: Int) -> SagaPlace { child(String(index)) }
    /// What it is part of; `nil` for the whole.
    public var parent: SagaPlace? { components.isEmpty ? nil : SagaPlace(components.dropLast()) }

    public var description: String { components.joined(separator: " ") }
}

/// Something that is wrong with a definition.
public struct SagaProblem: Sendable, Hashable, CustomStringConvertible {
    public var place: SagaPlace
    public var message: String
    /// An instruction.
    public var remedy: String

    public init(_ place: SagaPlace, _ message: String, remedy: String) {
        self.place = place
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(place): \(message); \(remedy)" }
}
