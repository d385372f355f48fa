import FleetCore

/// When a budget is spent too fast: the constants for multiple windows and burn rates of Google's "The Site Reliability
/// Workbook", chapter 5.
public struct BurnRule: Sendable, Hashable {
    public enum Severity: String, Codable, Sendable, CaseIterable {
        /// Somebody must act now.
        case page
        /// Somebody must act in the next days.
        case ticket
    }

    public let severity: Severity
    /// How much of the budget is spent within the long window before it fires.
    public let share: Double
    /// How many times as fast as the budget allows.
    public let rate: Double
    /// Says that it matters.
    public let long: Duration
    /// Says that it still goes on: a twelfth of the long one.
    public let short: Duration

    /// The four of them, for an objective's window. The rates hold for any window; the windows are those of 30 days, scaled.
    public static func all(for window: Duration) -> [BurnRule] {
        published.map { severity, hours, share, rate in
            let long = Duration.microseconds(window.wholeMicroseconds / (30 * 24) * Int64(hours))
            return BurnRule(
                severity: severity, share: share, rate: rate, long: long,
                short: .microseconds(long.wholeMicroseconds / 12))
        }
    }

    private static let published: [(severity: Severity, hours: Int, share: Double, rate: Double)] = [
        (.page, 1, 0.02, 14.4), (.page, 6, 0.05, 6), (.ticket, 24, 0.1, 3), (.ticket, 72, 0.1, 1),
    ]
}
