public import FleetCore

/// An alert that begins or ends, as somebody is told of it.
public struct AlertNotice: Codable, Sendable, Hashable {
    public enum Status: String, Codable, Sendable {
        case firing, resolved
    }

    /// The same whenever it is told.
    public var id: String
    public var fleet: String
    public var objective: String
    public var subject: ObjectiveSubject
    public var measure: ObjectiveMeasure
    public var severity: BurnRule.Severity
    public var status: Status
    /// When it began; RFC 3339, as all times here.
    public var since: String
    /// When it began, or ended.
    public var at: String
    /// Seconds.
    public var longWindow: Double
    /// How many times as fast as it allows the budget was spent within the windows.
    public var long: Double?
    public var short: Double?
    public var limit: Double
    public var budgetLeft: Double?
    public var hoursToExhaustion: Double?
    /// For people.
    public var text: String

    enum CodingKeys: String, CodingKey {
        case id, fleet, objective, subject, measure, severity, status, since, at, longWindow = "long_window", long,
            short
        case limit, budgetLeft = "budget_left", hoursToExhaustion = "hours_to_exhaustion", text
    }

    /// - Parameters:
    ///   - reading: of the objective, at the moment of the transition.
    ///   - rule: by its place among the objective's rules.
    public init(
        id: String, fleet: FleetName, reading: ObjectiveReading, rule: Int, status: Status, since: Timestamp,
        at: Timestamp
    ) {
        let burn = reading.burns[rule]
        self.id = id
        self.fleet = fleet.text
        objective = reading.name
        subject = reading.subject
        measure = reading.measure
        severity = burn.severity
        self.status = status
        self.since = since.description
        self.at = at.description
        longWindow = burn.longWindow
        long = burn.long
        short = burn.short
        limit = burn.limit
        budgetLeft = reading.budgetLeft
        hoursToExhaustion = reading.hoursToExhaustion
        text = Self.text(reading, burn, status, others: reading.burns.indices.filter { $0 != rule })
    }

    private static func text(
        _ reading: ObjectiveReading, _ burn: BurnReading, _ status: Status, others: [Int]
    ) -> String {
        let what = "objective \(reading.name) (\(reading.measure.rawValue) of \(reading.subject))"
        let window = ObjectiveText.duration(burn.longWindow)
        guard status == .firing else {
            let still = others.map { reading.burns[$0] }.filter(\.isFiring)
                .map { "\(ObjectiveText.duration($0.longWindow)) (\($0.severity.rawValue))" }
            let rest = still.isEmpty ? "" : ", but still does over \(still.joined(separator: ", "))"
            return "\(what) does not burn its budget too fast any more over \(window)\(rest): \(left(reading))"
        }
        let rate = burn.long.map { ObjectiveText.number($0) } ?? "more than \(ObjectiveText.number(burn.limit))"
        let end = reading.hoursToExhaustion.map {
            $0 > 0 ? ", and at this rate is spent in \(ObjectiveText.hours($0))" : ""
        }
        return "\(what) burns its budget \(rate) times as fast as it may, over \(window): \(left(reading))\(end ?? "")"
    }

    private static func left(_ reading: ObjectiveReading) -> String {
        reading.budgetLeft.map(ObjectiveText.left) ?? "nothing is known of what is left"
    }
}
