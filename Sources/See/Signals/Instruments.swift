public import FleetCore
import Synchronization

/// One series of a metric: what is recorded at one place. Recording takes no lock.
public protocol Instrument: AnyObject, Sendable {
    init(_ metric: Metric)

    /// Whether it counts itself, from 0 on: what a gauge tells of a counter was counted by somebody else, for longer.
    static var counts: Bool { get }

    /// What it says now; `nil` where nothing was said yet.
    var value: SeriesValue? { get }
}

/// What a series says.
public enum SeriesValue: Sendable {
    case count(UInt64)
    case number(Double)
    case distribution(Distribution)
}

/// Counts what happens.
public final class Counter: Instrument {
    private let total = Atomic<UInt64>(0)

    public static var counts: Bool { true }

    public init(_ metric: Metric) {}

    /// - Parameter count: not negative.
    public func add(_ count: Int = 1) {
        assert(count >= 0, "a counter only grows")
        total.wrappingAdd(UInt64(max(0, count)), ordering: .relaxed)
    }

    public var value: SeriesValue? { .count(total.load(ordering: .relaxed)) }
}

/// Tells the last number that it was given.
public final class Gauge: Instrument {
    private let bits = Atomic<UInt64>(Gauge.unknown)
    private static let unknown = Double.nan.bitPattern

    public static var counts: Bool { false }

    public init(_ metric: Metric) {}

    /// - Parameter number: `nil` where it is not known; the series is not told then.
    public func set(_ number: Double?) {
        bits.store(number?.bitPattern ?? Self.unknown, ordering: .relaxed)
    }

    public func set(_ number: Int) { set(Double(number)) }
    public func set(_ isTrue: Bool) { set(isTrue ? 1 : 0) }

    public var value: SeriesValue? {
        let number = Double(bitPattern: bits.load(ordering: .relaxed))
        return number.isNaN ? nil : .number(number)
    }
}

/// Tells how values are distributed, each to two decimal digits.
///
/// 740 counters of eight bytes each, whatever is recorded.
public final class Histogram: Instrument {
    private let metric: Metric
    private nonisolated(unsafe) let counts: UnsafeMutablePointer<Atomic<UInt64>>
    private let sum = Atomic<UInt64>(0)
    /// By buckets, as the metric's bounds make them: one of each at most.
    private let exemplars = Mutex<[Int: Exemplar]>([:])

    public static var counts: Bool { true }

    public init(_ metric: Metric) {
        self.metric = metric
        counts = .allocate(capacity: LogLinear.count)
        for index in 0..<LogLinear.count { (counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: LogLinear.count)
        counts.deallocate()
    }

    /// - Parameter value: in steps of the metric's scale: microseconds, bytes, things. What is below 0 counts as 0.
    public func record(_ value: Int) {
        counts[LogLinear.index(of: value)].wrappingAdd(1, ordering: .relaxed)
        if value > 0 { sum.wrappingAdd(UInt64(min(value, Self.largest)), ordering: .relaxed) }
    }

    /// What is larger counts as this much in the sum.
    private static let largest = 1 << 50

    /// Records a time; a part of a microsecond is one.
    public func record(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        guard seconds >= 0, seconds < 1 << 40 else { return record(seconds < 0 ? 0 : Self.largest) }
        record(Int(seconds) * 1_000_000 + Int((attoseconds + 999_999_999_999) / 1_000_000_000_000))
    }

    /// Records how long ago events occurred. A clock that went back makes none of them negative.
    public func record(ages times: EventTimes, at now: Timestamp) {
        // Events of one batch are of about one age: what falls into one bucket is added at once.
        var (index, run, total) = (0, 0, 0)
        times.forEach { time in
            let age = max(0, Int(now.microseconds.subtractingReportingOverflow(time.microseconds).partialValue))
            let next = LogLinear.index(of: age)
            if next != index {
                if run > 0 { counts[index].wrappingAdd(UInt64(run), ordering: .relaxed) }
                (index, run) = (next, 0)
            }
            run += 1
            total &+= min(age, Self.largest)
        }
        if run > 0 { counts[index].wrappingAdd(UInt64(run), ordering: .relaxed) }
        sum.wrappingAdd(UInt64(max(0, total)), ordering: .relaxed)
    }

    /// Notes of a time that was recorded where it is told how it came about. Nobody who records waits for that.
    /// - Parameter context: a span that can be looked at.
    public func exemplify(_ time: Duration, at moment: Timestamp, by context: TraceContext) {
        let steps = Int(max(0, time.wholeMicroseconds))
        let bucket = metric.bounds.firstIndex { steps <= $0 } ?? metric.bounds.count
        let exemplar = Exemplar(value: Double(steps) / metric.unit.steps, at: moment, context: context)
        exemplars.withLock { $0[bucket] = exemplar }
    }

    public var value: SeriesValue? { .distribution(distribution) }

    public var distribution: Distribution {
        var read = Distribution(metric: metric)
        for index in 0..<LogLinear.count { read.counts[index] = counts[index].load(ordering: .relaxed) }
        read.sumOfSteps = sum.load(ordering: .relaxed)
        read.exemplars = exemplarsByBucket
        return read
    }

    /// By the numbers of buckets among the metric's bounds, as ``Distribution/exemplars``.
    var exemplarsByBucket: [Int: Exemplar] { exemplars.withLock { $0 } }

    /// Reads it for somebody who wants to know of the metric's bounds alone.
    /// - Parameter cumulative: becomes how many values are at most as large as each of the bounds, and how many there are.
    /// - Returns: the sum of the values, in the metric's unit.
    func read(into cumulative: inout [UInt64]) -> Double {
        LogLinear.cumulate(through: metric.bounds, into: &cumulative) { counts[$0].load(ordering: .relaxed) }
        return Double(sum.load(ordering: .relaxed)) / metric.unit.steps
    }
}

/// A value that a histogram has recorded, and where it is told how it came about.
public struct Exemplar: Sendable, Hashable {
    /// In the metric's unit.
    public let value: Double
    public let at: Timestamp
    public let context: TraceContext
}

/// What a histogram has recorded so far.
public struct Distribution: Sendable {
    private let metric: Metric
    fileprivate(set) var counts = [UInt64](repeating: 0, count: LogLinear.count)
    fileprivate(set) var sumOfSteps: UInt64 = 0
    /// By the numbers of buckets among the metric's bounds; one more is for all that is larger. Some have none.
    public fileprivate(set) var exemplars: [Int: Exemplar] = [:]

    fileprivate init(metric: Metric) { self.metric = metric }

    /// How many values there are.
    public var count: UInt64 { counts.reduce(0, +) }

    /// Their sum, in the metric's unit.
    public var sum: Double { Double(sumOfSteps) / metric.unit.steps }

    /// How many values are at most as large as each of the metric's bounds, and how many there are.
    public var cumulative: [UInt64] {
        var cumulative: [UInt64] = []
        LogLinear.cumulate(through: metric.bounds, into: &cumulative) { counts[$0] }
        return cumulative
    }

    /// The metric's bounds, in its unit.
    public var bounds: [Double] { metric.bounds.map { Double($0) / metric.unit.steps } }

    /// The value that a share of the values does not exceed, in the metric's unit; `nil` where there are none.
    ///
    /// It is within its bucket, so at most a tenth off, and less as a rule: values are taken to lie evenly there.
    public func quantile(_ share: Double) -> Double? {
        let total = count
        guard total > 0 else { return nil }
        let rank = min(max(share, 0), 1) * Double(total)
        var below = 0.0
        for index in counts.indices where counts[index] > 0 {
            let here = Double(counts[index])
            if below + here >= rank {
                let (low, high) = (Double(LogLinear.lowerBound(of: index)), Double(LogLinear.upperBound(of: index)))
                return (low + (high - low) * max(0, rank - below) / here) / metric.unit.steps
            }
            below += here
        }
        return Double(LogLinear.limit) / metric.unit.steps
    }
}

extension Distribution {
    /// What was recorded since an earlier reading of the same histogram.
    public func since(_ earlier: Distribution) -> Distribution {
        var difference = self
        for index in counts.indices {
            difference.counts[index] = counts[index] &- min(earlier.counts[index], counts[index])
        }
        difference.sumOfSteps = sumOfSteps &- min(earlier.sumOfSteps, sumOfSteps)
        return difference
    }

    /// This and another histogram of the same metric as one.
    public func merged(with other: Distribution) -> Distribution {
        var sum = self
        for index in counts.indices { sum.counts[index] = counts[index] &+ other.counts[index] }
        sum.sumOfSteps = sumOfSteps &+ other.sumOfSteps
        return sum
    }
}
