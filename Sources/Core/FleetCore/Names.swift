/// A name that follows a rule of its kind, checked when it is made.
public protocol CheckedName: Hashable, Sendable, Comparable, CustomStringConvertible {
    var text: String { get }
    /// What a name of this kind may look like, for people.
    static var rule: String { get }
    /// Whether `text` follows the rule.
    static func allows(_ text: String) -> Bool
    init(unchecked text: String)
}

extension CheckedName {
    /// - Throws: ``FleetError/Code/invalidInput`` with the rule where `text` breaks it.
    public init(_ text: String) throws {
        guard Self.allows(text) else {
            throw FleetError(.invalidInput, "\"\(text)\" is not a valid name", remedy: "use \(Self.rule)")
        }
        self.init(unchecked: text)
    }

    public var description: String { text }
    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// The name of a fleet.
public struct FleetName: CheckedName {
    public let text: String
    public init(unchecked text: String) { self.text = text }
    public static let rule = "a lower-case letter, then lower-case letters, digits or -, at most 63 characters"
    public static func allows(_ text: String) -> Bool { text.isName(first: .lower, then: [.lower, .digit, .dash]) }
}

/// The name of a service.
public struct ServiceName: CheckedName {
    public let text: String
    public init(unchecked text: String) { self.text = text }
    public static let rule = "a lower-case letter, then lower-case letters, digits, - or _, at most 63 characters"
    public static func allows(_ text: String) -> Bool {
        text.isName(first: .lower, then: [.lower, .digit, .dash, .underscore])
    }
}

/// The name of a view within its service.
public struct ViewName: CheckedName {
    public let text: String
    public init(unchecked text: String) { self.text = text }
    public static let rule = "a lower-case letter, then lower-case letters, digits, - or _, at most 63 characters"
    public static func allows(_ text: String) -> Bool {
        text.isName(first: .lower, then: [.lower, .digit, .dash, .underscore])
    }
}

/// An event type that a fleet file declares.
public struct EventType: CheckedName {
    public let text: String
    public init(unchecked text: String) { self.text = text }
    public static let rule = "a letter, then letters, digits, -, _ or . , at most 128 characters"
    public static func allows(_ text: String) -> Bool {
        text.isName(first: .letter, then: [.letter, .digit, .dash, .underscore, .dot], atMost: 128)
    }
}

/// The name of a table, with its schema where it has one.
public struct TableName: CheckedName {
    public let text: String
    public init(unchecked text: String) { self.text = text }
    public static let rule = "letters, digits and _, not a digit first, with at most one . between schema and table"
    public static func allows(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count <= 2
            && parts.allSatisfy {
                String($0).isName(first: .letterOrUnderscore, then: [.letter, .digit, .underscore], atMost: 63)
            }
    }
}

/// The name of a stream: one a service, `<fleet>-<service>`.
public struct StreamName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let fleet: FleetName
    public let service: ServiceName

    public init(fleet: FleetName, service: ServiceName) {
        self.fleet = fleet
        self.service = service
    }

    public var description: String { "\(fleet)-\(service)" }
    /// The CloudEvents `source` of the stream's events: `/fleet/service`.
    public var source: String { "/\(fleet)/\(service)" }

    public static func < (left: StreamName, right: StreamName) -> Bool { left.description < right.description }
}

/// Who reads streams: a view of a service, or its push; written `service.name`.
public struct SubscriptionName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let service: ServiceName
    /// A view's name, or `push`.
    public let name: String

    public init(service: ServiceName, name: String) {
        self.service = service
        self.name = name
    }

    public init(service: ServiceName, view: ViewName) {
        self.init(service: service, name: view.text)
    }

    /// The name of ``push(to:)`` within its service. No view of a service that is pushed to has it.
    public static let pushName = "push"

    /// What is delivered to a service over HTTP.
    public static func push(to service: ServiceName) -> SubscriptionName {
        SubscriptionName(service: service, name: pushName)
    }

    public var description: String { "\(service).\(name)" }
    public static func < (left: SubscriptionName, right: SubscriptionName) -> Bool {
        left.description < right.description
    }
}

private enum CharacterKind {
    case lower, letter, digit, dash, underscore, dot, letterOrUnderscore

    func contains(_ byte: UInt8) -> Bool {
        switch self {
        case .lower: (97...122).contains(byte)
        case .letter: (97...122).contains(byte) || (65...90).contains(byte)
        case .digit: (48...57).contains(byte)
        case .dash: byte == UInt8(ascii: "-")
        case .underscore: byte == UInt8(ascii: "_")
        case .dot: byte == UInt8(ascii: ".")
        case .letterOrUnderscore: CharacterKind.letter.contains(byte) || byte == UInt8(ascii: "_")
        }
    }
}

extension String {
    fileprivate func isName(first: CharacterKind, then rest: [CharacterKind], atMost limit: Int = 63) -> Bool {
        guard let head = utf8.first, first.contains(head), utf8.count <= limit else { return false }
        return utf8.dropFirst().allSatisfy { byte in rest.contains { $0.contains(byte) } }
    }
}
