/// Where in a definition something stands: the keys and numbers that lead to it, in the words of the fleet file: `steps 2
/// within`. Ends and failures are counted together.
public struct FlowPlace: Sendable, Hashable, CustomStringConvertible {
    public var components: [String]

    public init(_ components: [String] = []) {
        self.components = components
    }

    public func child(_ component: String) -> FlowPlace { FlowPlace(components + [component]) }
    public func child(_ index: Int) -> FlowPlace { child(String(index)) }
    /// What it is part of; `nil` for the whole.
    public var parent: FlowPlace? { components.isEmpty ? nil : FlowPlace(components.dropLast()) }

    public var description: String { components.joined(separator: " ") }
}

/// Something that is wrong with a definition.
public struct FlowProblem: Sendable, Hashable, CustomStringConvertible {
    public var place: FlowPlace
    public var message: String
    /// An instruction.
    public var remedy: String

    public init(_ place: FlowPlace, _ message: String, remedy: String) {
        self.place = place
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(place): \(message); \(remedy)" }
}
