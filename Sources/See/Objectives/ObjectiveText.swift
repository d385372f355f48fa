/// Numbers of objectives, for people.
public enum ObjectiveText {
    /// A length of time in the largest unit that makes it whole: `2s`, `500ms`, `30d`.
    public static func duration(_ seconds: Double) -> String {
        let milliseconds = Int64((seconds * 1000).rounded())
        for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] as [(String, Int64)]
        where milliseconds >= length && milliseconds % length == 0 {
            return "\(milliseconds / length)\(unit)"
        }
        return "\(milliseconds)ms"
    }

    /// A share, in percent: `99.95%`, `-12%`.
    public static func percent(_ share: Double) -> String { "\(number(share * 100))%" }

    /// At most three digits behind the point, and none that say nothing.
    public static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return value > 0 ? "very many" : "very few" }
        let digits: Double = abs(value) >= 1000 ? 1 : abs(value) >= 10 ? 10 : 1000
        let rounded = (value * digits).rounded() / digits
        return rounded == rounded.rounded() ? String(Int64(rounded)) : "\(rounded)"
    }

    /// A time to come, roughly.
    public static func hours(_ hours: Double) -> String {
        switch hours {
        case ..<(1.0 / 60): "less than a minute"
        case ..<1: "\(Int(hours * 60)) min"
        case ..<72: "\(Int(hours)) h"
        case ..<(24.0 * 3650): "\(Int(hours / 24)) d"
        default: "many years"
        }
    }
}
