public import FleetCore

/// The name of an objective.
public struct ObjectiveName: CheckedName {
    public let text: String
    public init(unchecked text: String) { self.text = text }
    public static var rule: String { ViewName.rule }
    public static func allows(_ text: String) -> Bool { ViewName.allows(text) }
}
