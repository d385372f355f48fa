/// Holds work to a rate: a bucket that fills evenly, and from which each event takes a token
/// (https://en.wikipedia.org/wiki/Token_bucket).
///
/// Pure: the caller brings the time, and waits.
public struct TokenBucket: Sendable, Hashable {
    public let rate: EventRate
    /// How many tokens it holds at most: so many events may come at once after a rest.
    public let capacity: EventCount
    /// In microseconds of filling, so that nothing is rounded away; below zero where events were let through that are still
    /// to be waited for.
    private var level: Int64
    private var filledAt: Timestamp

    /// A full bucket.
    public init(rate: EventRate, capacity: EventCount, at now: Timestamp) {
        self.rate = rate
        self.capacity = capacity
        filledAt = now
        level = rate.time(of: capacity).wholeMicroseconds
    }

    /// Takes a token for each of `count` events.
    /// - Returns: how long to wait before they may pass. They are taken at once: who asks next waits for these, too.
    public mutating func take(_ count: EventCount, at now: Timestamp) -> Duration {
        // A clock that is put back fills nothing, and takes nothing away; one that is put forward fills it once.
        let elapsed = max(0, now.elapsed(since: filledAt).wholeMicroseconds)
        let full = rate.time(of: capacity).wholeMicroseconds
        filledAt = now
        let (filled, overflow) = level.addingReportingOverflow(elapsed)
        level = overflow ? full : min(full, filled)
        let (rest, overdrawn) = level.subtractingReportingOverflow(rate.time(of: count).wholeMicroseconds)
        level = overdrawn ? .min / 2 : rest
        return .microseconds(max(0, -level))
    }
}

/// Events in a time.
public struct EventRate: Sendable, Hashable, CustomStringConvertible {
    public let count: EventCount
    public let unit: Unit

    public enum Unit: String, Sendable, Hashable, CaseIterable {
        case second = "s"
        case minute = "m"
        case hour = "h"

        var microseconds: Int64 {
            switch self {
            case .second: 1_000_000
            case .minute: 60_000_000
            case .hour: 3_600_000_000
            }
        }
    }

    /// - Parameter count: above 0.
    public init(_ count: EventCount, per unit: Unit = .second) {
        precondition(count > 0, "a rate of nothing")
        self.count = count
        self.unit = unit
    }

    /// Reads a count above 0 and a unit of time, as the fleet file writes them: `500/s`, `30/m`, `12/h`. `nil` for anything
    /// else, and for more than a million events a second, which is no limit.
    public init?(unitText text: some StringProtocol) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let rest = text.dropFirst(digits.count)
        guard let count = Int(digits), count > 0, rest.first == "/",
            let unit = Unit(rawValue: String(rest.dropFirst())),
            Int64(count) <= unit.microseconds
        else { return nil }
        self.init(EventCount(count), per: unit)
    }

    /// How long so many events take, rounded up; saturates instead of overflowing.
    public func time(of events: EventCount) -> Duration {
        let (product, overflow) = Int64(events.value).multipliedReportingOverflow(by: unit.microseconds)
        let divisor = Int64(count.value)
        return .microseconds(overflow ? .max / 2 : product / divisor + (product % divisor == 0 ? 0 : 1))
    }

    /// How many events come in a time, at least one.
    public func events(in time: Duration) -> EventCount {
        let (product, overflow) = time.wholeMicroseconds.multipliedReportingOverflow(by: Int64(count.value))
        return EventCount(overflow ? .max : max(1, Int(product / unit.microseconds)))
    }

    public var description: String { "\(count.value)/\(unit.rawValue)" }
}
