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

    /// A share, in percent: `99.95%`, `-12%`. It is `100%` where nothing is missing.
    public static func percent(_ share: Double) -> String {
        let value = share * 100
        let isAlmostAll = value > 99 && value < 100
        return "\(isAlmostAll ? "\((value * 1000).rounded(.down) / 1000)" : number(value))%"
    }

    /// A share, in percent, as people have written it: `99.95%`. With as many digits as a percentage may have, and none that only
    /// binary fractions have.
    public static func written(_ share: Double) -> String {
        let value = (share * 1e10).rounded() / 1e8
        return value == value.rounded() ? "\(Int(value))%" : "\(value)%"
    }

    /// What an objective wants: `latency in 2s 99%`, `availability 99.95%`, `at most 1% errors`.
    public static func goal(_ reading: ObjectiveReading) -> String {
        let limit = reading.threshold.map { " in \(duration($0))" } ?? ""
        return reading.measure == .errors
            ? "at most \(written(1 - reading.target)) errors"
            : "\(reading.measure.rawValue)\(limit) \(written(reading.target))"
    }

    /// What is left of an error budget.
    public static func left(_ share: Double) -> String {
        if share < 0 { return "it is overdrawn by \(percent(-share))" }
        return share == 0 ? "nothing of it is left" : "\(percent(share)) of it is left"
    }

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
