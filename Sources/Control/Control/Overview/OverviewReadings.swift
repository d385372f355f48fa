import Signals

/// What was measured, by metric and labels.
struct OverviewReadings {
    private let families: [String: [SeriesReading]]

    init(_ readings: [FamilyReading]) {
        families = Dictionary(readings.map { ($0.metric.name, $0.series) }) { $1 }
    }

    func series(_ metric: String) -> [SeriesReading] { families[metric] ?? [] }
    func series(_ metric: Metric) -> [SeriesReading] { series(metric.name) }

    /// The numbers of a metric by the value of its first label, added up over the others.
    func sums(_ metric: String) -> [String: Double] {
        Dictionary(series(metric).compactMap { one in one.number.map { (one.labels.first ?? "", $0) } }) { $0 + $1 }
    }

    /// The numbers of a metric by all of its labels.
    func numbers(_ metric: Metric) -> [[String]: Double] { numbers(metric.name) }

    func numbers(_ metric: String) -> [[String]: Double] {
        Dictionary(series(metric).compactMap { one in one.number.map { (one.labels, $0) } }) { $1 }
    }
}

extension SeriesReading {
    /// What it says, where that is one number.
    ///
    /// Inlined into a closure it ends the optimizer of Swift 6.3.1 ("Found ownership error", in CopyPropagation).
    @inline(never)
    var number: Double? {
        switch value {
        case .count(let count): Double(count)
        case .number(let number): number
        case .distribution: nil
        }
    }

    var distribution: Distribution? {
        if case .distribution(let distribution) = value { distribution } else { nil }
    }
}

/// Metrics of stores that the overview shows, by their names: their connectors have them.
enum StoreSignal {
    static let commits = "flotilla.postgresql.commits"
    static let rollbacks = "flotilla.postgresql.rollbacks"
    static let deadlocks = "flotilla.postgresql.deadlocks"
    static let connections = "flotilla.postgresql.server.connections"
    static let connectionLimit = "flotilla.postgresql.server.connection.limit"
    static let oldestTransaction = "flotilla.postgresql.oldest.transaction.age"
    static let transactionAge = "flotilla.postgresql.transaction.id.age"
    static let slotRetained = "flotilla.postgresql.slot.retained"
    static let slotActive = "flotilla.postgresql.slot.active"
    static let replicaBehind = "flotilla.postgresql.replica.behind"
    static let replicaLag = "flotilla.postgresql.replica.lag"
    static let standby = "flotilla.postgresql.standby"
    static let archiveFailing = "flotilla.postgresql.archive.failing"
    static let tableSize = "flotilla.postgresql.table.size"
    static let tableBloat = "flotilla.postgresql.table.bloat"
    static let lockWait = "flotilla.sqlite.lock.wait"
    static let walSize = "flotilla.sqlite.wal.size"
}

/// Metrics of the broker's servers that the overview shows.
enum BrokerSignal {
    static let storageUsed = "flotilla.nats.storage.used"
    static let storageLimit = "flotilla.nats.storage.limit"
}
