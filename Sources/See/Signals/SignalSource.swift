public import FleetCore

/// Something that can be asked for numbers: a store.
public protocol SignalSource: Sendable {
    /// What it may tell. Each metric has the label `service` first, which whoever asks fills in.
    static var metrics: [Metric] { get }

    /// Asks. It costs the one that is asked little, and has a deadline.
    /// - Throws: where nothing can be told.
    func readings() async throws -> Readings
}

/// Something that works with a store, over connections of its own, and can be asked how it uses them.
public protocol UsageSource: Sendable {
    /// Asks. The metrics have the label `service` first, which whoever asks fills in.
    func usage() async throws -> Readings
}

/// What was told.
public struct Readings: Sendable {
    public struct Reading: Sendable {
        public var metric: Metric
        /// The values of the metric's labels behind the first.
        public var labels: [String]
        public var value: Double
    }

    public private(set) var readings: [Reading] = []
    /// What a server runs, those first that take the most time.
    public var statements: [StatementReading] = []
    /// What could not be told, and why.
    public private(set) var failures: [Failure] = []
    /// How long of it what many have in common was waited for, or asked for in the name of all.
    public var shared = Duration.zero

    public struct Failure: Sendable {
        /// What could not be told.
        public var what: String
        public var error: FleetError
        /// Whether it is the same for all who ask that server: it is enough to say it of one.
        public var isShared: Bool
    }

    public init() {}

    /// - Parameter value: `nil` where there is none.
    public mutating func add(_ metric: Metric, labels: [String] = [], value: Double?) {
        if let value { readings.append(Reading(metric: metric, labels: labels, value: value)) }
    }

    /// Adds what was told elsewhere.
    public mutating func add(_ other: Readings) {
        readings += other.readings
        statements += other.statements
        failures += other.failures
        shared += other.shared
    }

    /// - Parameter isShared: whether it is the same for all who ask that server, which `what` names.
    public mutating func fail(_ what: String, _ error: FleetError, isShared: Bool = false) {
        failures.append(Failure(what: what, error: error, isShared: isShared))
    }
}

/// A statement that a server runs, and what it costs.
public struct StatementReading: Sendable, Hashable {
    /// By which the server knows it.
    public var id: String
    /// Without constants, and not longer than can be shown.
    public var text: String
    /// What all statements have in common that differ in nothing but constants.
    public var pattern: String
    public var calls: Double
    public var seconds: Double
    public var rows: Double

    public init(id: String, text: String, pattern: String, calls: Double, seconds: Double, rows: Double) {
        self.id = id
        self.text = text
        self.pattern = pattern
        self.calls = calls
        self.seconds = seconds
        self.rows = rows
    }
}
