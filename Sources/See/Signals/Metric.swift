/// What is measured: a name and a unit after OpenTelemetry's conventions, and what the number means.
public struct Metric: Sendable, Hashable {
    public enum Kind: String, Sendable {
        /// Only grows, for as long as the process lives.
        case counter
        /// Goes up and down.
        case gauge
        /// How often values of which size were recorded.
        case histogram
        /// Always 1: its labels say something.
        case info
    }

    /// With dots: `flotilla.outbox.depth`.
    public let name: String
    public let kind: Kind
    public let unit: Unit
    /// The names of its labels, with dots.
    public let labels: [String]
    /// Those of its labels that a series does not have where they have no value.
    public let optionalLabels: Set<String>
    /// What the number means, in one sentence.
    public let meaning: String
    /// With more series than this, the rest are one.
    public let seriesLimit: Int
    /// Of a gauge: whether what several processes tell adds up, as memory does, and ages do not.
    public let isSum: Bool
    /// Upper bounds of a histogram's buckets, in its scale's steps.
    public let bounds: [Int]

    public init(
        _ name: String, _ kind: Kind, _ unit: Unit = .none, _ labels: [String] = [], _ meaning: String,
        optional: Set<String> = [], seriesLimit: Int = Metric.usualSeriesLimit, isSum: Bool = false,
        bounds: [Int]? = nil
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = labels
        optionalLabels = optional
        self.meaning = meaning
        self.seriesLimit = seriesLimit
        self.isSum = isSum
        self.bounds = kind == .histogram ? bounds ?? unit.usualBounds : []
        assert(optional.isSubset(of: labels), "\(name): an optional label is none")
        assert(self.bounds.allSatisfy { LogLinear.isUpperBound($0) }, "\(name): a bound cuts through a bucket")
    }

    /// Enough for three subscriptions of each of a thousand services.
    public static let usualSeriesLimit = 3000

    /// The labels that a series with these values has, under their names with dots.
    public func labels(of values: [String]) -> [(name: String, value: String)] {
        zip(labels, values).filter { name, value in !(value.isEmpty && optionalLabels.contains(name)) }
            .map { (name: $0, value: $1) }
    }
}

extension Metric {
    /// A unit of UCUM, as OpenTelemetry writes it.
    public struct Unit: Sendable, Hashable {
        public let text: String
        /// What the name of a metric ends in where Prometheus reads it.
        public let suffix: String?
        /// How many of a histogram's steps are one of this unit.
        let steps: Double

        private init(_ text: String, suffix: String?, steps: Double = 1) {
            self.text = text
            self.suffix = suffix
            self.steps = steps
        }

        /// Histograms of it count microseconds.
        public static let seconds = Unit("s", suffix: "seconds", steps: 1_000_000)
        public static let bytes = Unit("By", suffix: "bytes")
        /// From 0 to 1.
        public static let ratio = Unit("1", suffix: "ratio")
        public static let events = things("event")
        /// What needs no unit: yes or no, a number of something else.
        public static let none = Unit("", suffix: nil)

        /// A number of things.
        public static func things(_ name: String) -> Unit { Unit("{\(name)}", suffix: nil) }

        /// From a millisecond to five minutes; for things, from one to ten thousand.
        fileprivate var usualBounds: [Int] {
            if self == .seconds {
                let milliseconds = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000]
                return milliseconds.map { $0 * 1000 }
            }
            return [1, 5, 10, 50, 100, 500, 1000, 2000, 5000, 10_000]
        }
    }
}
