import FleetCore

/// An objective as a fleet file declares it: a share of what happens to a subject that must be good, over a window that moves
/// with time.
public struct Objective: Codable, Sendable, Hashable {
    public var name: String
    public var subject: ObjectiveSubject
    public var measure: ObjectiveMeasure
    /// What takes longer is bad; `nil` where the measure has none.
    public var threshold: Duration?
    /// The share that must be good: above 0, below 1.
    public var target: Double
    public var window: Duration

    public init(
        name: String, subject: ObjectiveSubject, measure: ObjectiveMeasure, threshold: Duration? = nil,
        target: Double, window: Duration = Objective.usualWindow
    ) {
        self.name = name
        self.subject = subject
        self.measure = measure
        self.threshold = threshold
        self.target = target
        self.window = window
    }

    /// 30 days.
    public static let usualWindow = Duration.seconds(30 * 86_400)
    /// Shorter windows leave no time to act, longer ones tell nothing new.
    public static let windows = Duration.seconds(86_400)...Duration.seconds(90 * 86_400)

    /// Whether it can have been declared: what is kept may be damaged.
    public var isPossible: Bool { Self.windows.contains(window) && target > 0 && target < 1 }

    /// The share that may be bad.
    public var budget: Double { 1 - target }

    /// What is counted. Where it changes, what was counted before is of no use.
    public var identity: String {
        let limit = threshold.map { " \($0.wholeMicroseconds) us" } ?? ""
        return "\(subject) \(measure.rawValue)\(limit) over \(window.wholeMicroseconds) us"
    }
}
