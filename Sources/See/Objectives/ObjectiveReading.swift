public import FleetCore

/// How an objective stands at one moment. It names no secret.
public struct ObjectiveReading: Codable, Sendable, Hashable {
    public enum State: String, Codable, Sendable, CaseIterable {
        case ok
        /// The budget is being spent too fast: at least one of the four lights is on.
        case burning
        /// The budget is spent.
        case breached
        /// Nothing was counted within the window.
        case unknown
    }

    public var name: String
    public var subject: ObjectiveSubject
    public var measure: ObjectiveMeasure
    /// Seconds; `nil` where the measure has none.
    public var threshold: Double?
    /// The share that must be good: above 0, below 1.
    public var target: Double
    /// Seconds.
    public var window: Double
    /// What was counted within the window.
    public var total: Int64
    public var bad: Int64
    /// What is left of the budget, as a share of it: 1 is all, 0 none, less than 0 overdrawn; `nil` where nothing was counted.
    public var budgetLeft: Double?
    /// When the budget is spent, at the rate of the shortest of the rules' long windows (of 30 days: an hour) in which any is;
    /// `nil` where none is in any. 0 where it is spent.
    public var hoursToExhaustion: Double?
    /// The four lights, in the order of ``BurnRule/all(for:)``.
    public var burns: [BurnReading]
    public var state: State
    /// Why it is not `ok`, for people.
    public var reason: String?

    enum CodingKeys: String, CodingKey {
        case name, subject, measure, threshold, target, window, total, bad, budgetLeft = "budget_left"
        case hoursToExhaustion = "hours_to_exhaustion", burns, state, reason
    }

    public init(
        name: String, subject: ObjectiveSubject, measure: ObjectiveMeasure, threshold: Double?, target: Double,
        window: Double, total: Int64, bad: Int64, budgetLeft: Double?, hoursToExhaustion: Double?,
        burns: [BurnReading], state: State, reason: String?
    ) {
        self.name = name
        self.subject = subject
        self.measure = measure
        self.threshold = threshold
        self.target = target
        self.window = window
        self.total = total
        self.bad = bad
        self.budgetLeft = budgetLeft
        self.hoursToExhaustion = hoursToExhaustion
        self.burns = burns
        self.state = state
        self.reason = reason
    }

    /// Every key is there, also where its value is null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(subject, forKey: .subject)
        try container.encode(measure, forKey: .measure)
        try container.encode(threshold, forKey: .threshold)
        try container.encode(target, forKey: .target)
        try container.encode(window, forKey: .window)
        try container.encode(total, forKey: .total)
        try container.encode(bad, forKey: .bad)
        try container.encode(budgetLeft, forKey: .budgetLeft)
        try container.encode(hoursToExhaustion, forKey: .hoursToExhaustion)
        try container.encode(burns, forKey: .burns)
        try container.encode(state, forKey: .state)
        try container.encode(reason, forKey: .reason)
    }
}

/// One of the four lights of an objective.
public struct BurnReading: Codable, Sendable, Hashable {
    public var severity: BurnRule.Severity
    /// Seconds.
    public var longWindow: Double
    public var shortWindow: Double
    /// The burn rate that both windows must exceed: 1 spends exactly the budget within the objective's window.
    public var limit: Double
    /// Burn rates as measured; `nil` where nothing was counted within the window.
    public var long: Double?
    public var short: Double?
    public var isFiring: Bool
    /// RFC 3339; `nil` while it does not fire.
    public var firingSince: String?

    enum CodingKeys: String, CodingKey {
        case severity, longWindow = "long_window", shortWindow = "short_window", limit, long, short
        case isFiring = "firing", firingSince = "firing_since"
    }

    public init(
        severity: BurnRule.Severity, longWindow: Double, shortWindow: Double, limit: Double, long: Double?,
        short: Double?, isFiring: Bool, firingSince: String?
    ) {
        self.severity = severity
        self.longWindow = longWindow
        self.shortWindow = shortWindow
        self.limit = limit
        self.long = long
        self.short = short
        self.isFiring = isFiring
        self.firingSince = firingSince
    }

    /// Every key is there, also where its value is null.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(severity, forKey: .severity)
        try container.encode(longWindow, forKey: .longWindow)
        try container.encode(shortWindow, forKey: .shortWindow)
        try container.encode(limit, forKey: .limit)
        try container.encode(long, forKey: .long)
        try container.encode(short, forKey: .short)
        try container.encode(isFiring, forKey: .isFiring)
        try container.encode(firingSince, forKey: .firingSince)
    }
}

/// How the objectives of a fleet stand.
public struct ObjectivesReading: Codable, Sendable, Hashable {
    /// RFC 3339; `nil` where nothing was counted yet.
    public var asOf: String?
    /// Whether somebody counts at the moment.
    public var isLive: Bool
    /// In the order of the file.
    public var objectives: [ObjectiveReading]

    enum CodingKeys: String, CodingKey { case asOf = "as_of", isLive = "live", objectives }

    public init(asOf: Timestamp?, isLive: Bool, objectives: [ObjectiveReading]) {
        self.asOf = asOf?.description
        self.isLive = isLive
        self.objectives = objectives
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(asOf, forKey: .asOf)
        try container.encode(isLive, forKey: .isLive)
        try container.encode(objectives, forKey: .objectives)
    }
}
