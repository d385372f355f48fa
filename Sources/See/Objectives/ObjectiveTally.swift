public import FleetCore
import Synchronization

/// Counts what is measured for one objective, where it happens. Counting takes no lock.
public final class ObjectiveTally: Sendable {
    /// Microseconds.
    private let threshold: Int64
    private let total = Atomic<Int64>(0)
    private let bad = Atomic<Int64>(0)

    /// - Parameter threshold: what takes longer is bad.
    public init(threshold: Duration? = nil) {
        self.threshold = threshold?.wholeMicroseconds ?? .max
    }

    public func add(total count: Int, bad badCount: Int = 0) {
        // First the total: whoever reads what is bad first finds it in the total.
        if count > 0 { total.wrappingAdd(Int64(count), ordering: .relaxed) }
        if badCount > 0 { bad.wrappingAdd(Int64(badCount), ordering: .releasing) }
    }

    public func record(_ took: Duration) { add(total: 1, bad: took.wholeMicroseconds > threshold ? 1 : 0) }

    /// Counts how long ago events occurred, each exactly. A clock that went back makes none of them late.
    /// - Parameter count: so many of the last are counted.
    public func record(ages times: EventTimes, last count: Int = .max, at now: Timestamp) {
        let (limit, overflow) = now.microseconds.subtractingReportingOverflow(threshold)
        var late = 0
        if !overflow { times.forEach(last: count) { if $0.microseconds < limit { late += 1 } } }
        add(total: min(count, times.count), bad: late)
    }

    /// So far. What is bad is in the total.
    public var counts: (total: Int64, bad: Int64) {
        let bad = bad.load(ordering: .acquiring)
        return (max(bad, total.load(ordering: .relaxed)), bad)
    }
}
