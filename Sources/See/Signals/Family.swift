public import FleetCore
import Synchronization

/// A metric and its series: one for each set of label values that was asked for.
///
/// Whoever records asks for a series once, and keeps it: to find one takes a lock.
public final class Family<Kind: Instrument>: Sendable {
    public let metric: Metric
    private let now: @Sendable () -> Timestamp
    private let onOverflow: @Sendable (Metric) -> Void
    private let state = Mutex(State())

    private struct State {
        var series: [[String]: Series] = [:] {
            didSet { sorted = nil }
        }
        var hasOverflowed = false
        /// As they are told, until there is another one: many are read again and again, and seldom is one new.
        var sorted: [Told]?
    }

    private struct Series {
        var instrument: Kind
        var created: Timestamp
    }

    /// A series, and what is told of it each time. An object, so that to take one up is to retain one.
    private final class Told: Sendable {
        let instrument: Kind
        let created: Timestamp
        let labels: [String]
        let labelText: [UInt8]

        init(_ instrument: Kind, created: Timestamp, labels: [String], labelText: [UInt8]) {
            self.instrument = instrument
            self.created = created
            self.labels = labels
            self.labelText = labelText
        }
    }

    init(
        _ metric: Metric, now: @escaping @Sendable () -> Timestamp, onOverflow: @escaping @Sendable (Metric) -> Void
    ) {
        self.metric = metric
        self.now = now
        self.onOverflow = onOverflow
    }

    /// The series with these values of the metric's labels. Where there are as many series as there may be, it is one that
    /// all further ones share.
    public func series(_ values: String...) -> Kind { series(values) }

    public func series(_ values: [String]) -> Kind {
        assert(values.count == metric.labels.count, "\(metric.name) has the labels \(metric.labels)")
        let values = values.map(Self.bounded)
        let (instrument, isFirstTooMany) = state.withLock { state -> (Kind, Bool) in
            if let known = state.series[values] { return (known.instrument, false) }
            var key = values
            var isFirst = false
            if state.series.count >= metric.seriesLimit, !values.isEmpty {
                key = values.map { _ in Self.overflow }
                isFirst = !state.hasOverflowed
                state.hasOverflowed = true
                if let known = state.series[key] { return (known.instrument, isFirst) }
            }
            let new = Series(instrument: Kind(metric), created: now())
            state.series[key] = new
            return (new.instrument, isFirst)
        }
        if isFirstTooMany { onOverflow(metric) }
        return instrument
    }

    fileprivate func remove(where isGone: ([String]) -> Bool) {
        state.withLock { state in
            if state.series.contains(where: { isGone($0.key) }) {
                state.series = state.series.filter { !isGone($0.key) }
            }
        }
    }

    /// Forgets every series: what they told is no longer so.
    public func removeAll() { state.withLock { $0 = State() } }

    /// The value of every label of the series that is for all that are too many.
    public static var overflow: String { "overflow" }

    /// A label's value is no place for long texts. One character may be of any number of bytes.
    fileprivate static func bounded(_ value: String) -> String {
        guard value.utf8.count > valueLimit else { return value }
        var (short, room) = (String.UnicodeScalarView(), valueLimit - "…".utf8.count)
        for scalar in value.unicodeScalars {
            room -= UTF8.width(scalar)
            if room < 0 { break }
            short.append(scalar)
        }
        return String(short) + "…"
    }

    /// Bytes.
    private static var valueLimit: Int { 256 }
}

extension Family where Kind == Gauge {
    /// Tells these numbers, and nothing else, where the first label has a value.
    /// - Parameter numbers: by the values of the labels behind the first.
    public func replace(of first: String, with numbers: [[String]: Double]) {
        let first = Self.bounded(first)
        let numbers = Dictionary(numbers.map { ($0.key.map(Self.bounded), $0.value) }) { $1 }
        remove { $0.first == first && numbers[Array($0.dropFirst())] == nil && $0 != $0.map { _ in Self.overflow } }
        for (labels, number) in numbers { series([first] + labels).set(number) }
    }
}

extension Family: AnyFamily {
    var reading: FamilyReading {
        let told = told()
        var readings: [SeriesReading] = []
        readings.reserveCapacity(told.count)
        for one in told {
            guard let value = one.instrument.value else { continue }
            readings.append(
                SeriesReading(labels: one.labels, created: Kind.counts ? one.created : nil, value: value))
        }
        return FamilyReading(metric: metric, series: readings)
    }

    func write(to writer: inout ExpositionWriter) {
        writer.begin(metric)
        for one in told() {
            if let histogram = one.instrument as? Histogram {
                writer.write(histogram, labels: one.labelText, created: one.created)
            } else if let value = one.instrument.value {
                writer.write(value, labels: one.labelText, created: Kind.counts ? one.created : nil)
            }
        }
    }

    private func told() -> [Told] {
        state.withLock { state in
            if let known = state.sorted { return known }
            let sorted = state.series.sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .map { values, series in
                    let labels = metric.labels(of: values)
                        .map { (name: PrometheusName.label($0.name), value: $0.value) }
                    return Told(
                        series.instrument, created: series.created, labels: values,
                        labelText: ExpositionWriter.labelText(labels))
                }
            state.sorted = sorted
            return sorted
        }
    }
}

protocol AnyFamily: Sendable {
    var metric: Metric { get }
    var reading: FamilyReading { get }
    func write(to writer: inout ExpositionWriter)
}

/// What a metric says at one moment.
public struct FamilyReading: Sendable {
    public var metric: Metric
    /// In the order of their labels' values.
    public var series: [SeriesReading]
}

/// What one series says.
public struct SeriesReading: Sendable {
    /// The values of the metric's labels.
    public var labels: [String]
    /// Since when it counts; `nil` where it does not count itself.
    public var created: Timestamp?
    public var value: SeriesValue
}
