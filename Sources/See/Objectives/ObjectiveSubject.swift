/// What an objective is about: a part of a fleet.
public struct ObjectiveSubject: Codable, Sendable, Hashable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// The store of a service.
        case store
        /// The stream of a service: the way from its outbox to the broker.
        case stream
        /// A view, `service.view`.
        case view
        /// What is pushed to a service.
        case push
        case saga
    }

    public var kind: Kind
    /// As the fleet file has it: `orders`, `orders.order_lines`, `place_order`.
    public var name: String

    public init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

extension ObjectiveSubject: CustomStringConvertible {
    public var description: String { "\(kind.rawValue) \(name)" }
}

/// What is measured of a subject.
public enum ObjectiveMeasure: String, Codable, Sendable, CaseIterable {
    /// Something takes no longer than a time.
    case latency
    /// A committed change is visible within a time.
    case freshness
    /// What is attempted succeeds.
    case errors
    /// It answers.
    case availability

    /// Whether a length of time belongs to it.
    public var hasThreshold: Bool { self == .latency || self == .freshness }
}

extension ObjectiveSubject.Kind {
    /// What can be measured of a subject of this kind.
    public var measures: [ObjectiveMeasure] {
        switch self {
        case .store: [.availability, .latency]
        case .stream: [.latency, .errors, .availability]
        case .view: [.freshness, .errors]
        case .push: [.latency, .errors]
        case .saga: [.latency, .errors]
        }
    }
}
