import FleetCore
import FleetFile
import Overview
import Signals

/// Rows of stores, and what is told of the whole fleet.
extension OverviewBuilder {
    func stores(_ streams: [FleetOverview.Stream], _ readers: [FleetOverview.Reader]) -> [FleetOverview.Store] {
        let up = Dictionary(
            readings.series(FleetMetrics.storeUp).compactMap { one in one.number.map { (one.labels[0], $0) } }
        ) { $1 }
        let connections = readings.sums(StoreSignal.connections)
        let limits = readings.sums(StoreSignal.connectionLimit)
        let streams = Dictionary(grouping: streams, by: \.service)
        let readers = Dictionary(grouping: readers, by: \.service)
        return fleet.services.map { service in
            let name = service.name.text
            var row = FleetOverview.Store(
                name: name, engine: service.store.isSQLite ? "sqlite" : "postgresql", role: Self.role(of: service))
            let server = rates.rates["server \(name)"]
            row.isServerCount = server != nil
            row.operations = (server ?? rates.rates["own \(name)"])?.rounded4
            row.p50 = rates.quantiles["own \(name)"]?.p50.rounded4
            row.p99 = rates.quantiles["own \(name)"]?.p99.rounded4
            row.errors = rates.rates["errors \(name)"].map { ($0 * 60).rounded4 }
            if let used = connections[name], let limit = limits[name], limit > 0 {
                row.saturation = (used / limit).rounded4
                row.saturationOf = "\(Int(used)) of \(Int(limit)) connections"
            } else if let wait = rates.rates["wait \(name)"] {
                row.saturation = min(1, wait).rounded4
                row.saturationOf = "of the time waits for the file's lock"
            }
            var judgement = Judgement()
            if up[name] == 0 { judgement.note(.bad, "it did not answer when it was looked at last") }
            if let taken = row.saturation, taken >= 0.8 {
                judgement.note(taken >= 0.95 ? .bad : .warning, "\(Int(taken * 100)) % full: \(row.saturationOf ?? "")")
            }
            for stream in streams[name] ?? [] where stream.level > .good {
                judgement.note(stream.level, "outbox: \(stream.why.first ?? "")")
            }
            for reader in readers[name] ?? [] where reader.level > .good {
                judgement.note(reader.level, "\(reader.name): \(reader.why.first ?? "")")
            }
            (row.level, row.why) = (judgement.level, Array(judgement.why.prefix(4)))
            return row
        }
    }

    private static func role(of service: ServiceDefinition) -> String {
        let reads = !service.views.isEmpty || !service.push.isEmpty || !service.consumers.isEmpty
        switch (service.publishes.isEmpty, reads) {
        case (false, true): return "publishes, reads"
        case (false, false): return "publishes"
        case (true, true): return "reads"
        case (true, false): return "stands alone"
        }
    }

    // MARK: The strip

    func strip(_ overview: FleetOverview) -> [FleetOverview.Lag] {
        func late(_ seconds: Double?) -> Level {
            guard let seconds else { return .good }
            return seconds > Self.veryLateAfter ? .bad : seconds > Self.lateAfter ? .warning : .good
        }
        func worst<Row>(_ rows: [Row], _ value: (Row) -> Double?, _ name: (Row) -> String) -> (Double, String)? {
            rows.compactMap { row in value(row).map { ($0, name(row)) } }.max { $0.0 < $1.0 }
        }
        let outbox = worst(overview.streams, \.age) { $0.service }
        let delivery = worst(overview.readers, \.age) { $0.name }
        let whole = worst(overview.readers, \.p99) { $0.name }
        let parked =
            overview.streams.map { ($0.parked, $0.service) } + overview.readers.map { ($0.parked, $0.name) }
        let stuck = overview.sagas.map { ($0.stuck, $0.name) }
        let slot = readings.series(StoreSignal.slotRetained).compactMap { one in one.number.map { ($0, one.labels) } }
            .max { $0.0 < $1.0 }
        var strip = [
            FleetOverview.Lag(
                what: "outbox age", value: outbox?.0, unit: .seconds, level: late(outbox?.0), of: outbox?.1),
            FleetOverview.Lag(
                what: "delivery lag", value: delivery?.0, unit: .seconds, level: late(delivery?.0), of: delivery?.1),
            FleetOverview.Lag(
                what: "end to end p99", value: whole?.0, unit: .seconds, level: late(whole?.0), of: whole?.1),
            Self.sum("parked events", .events, parked),
        ]
        if !overview.sagas.isEmpty { strip.append(Self.sum("stuck sagas", .things, stuck)) }
        if let (bytes, labels) = slot {
            let level = bombs().filter { $0.what == "retained log" }.map(\.level).max() ?? .good
            strip.append(
                FleetOverview.Lag(
                    what: "slot retains", value: bytes, unit: .bytes, level: level, of: labels.joined(separator: " ")))
        }
        return strip
    }

    private static func sum(
        _ what: String, _ unit: FleetOverview.Lag.Unit, _ counts: [(Int, String)]
    ) -> FleetOverview.Lag {
        let total = counts.map(\.0).reduce(0, +)
        let most = counts.max { $0.0 < $1.0 }
        return FleetOverview.Lag(
            what: what, value: Double(total), unit: unit, level: total > 0 ? .warning : .good,
            of: total > 0 ? most?.1 : nil)
    }

    // MARK: What will break

    /// Only what is known: of each kind the worst three.
    func bombs() -> [FleetOverview.Bomb] {
        let kinds = [transactionAges(), oldestTransactions(), retainedLogs(), walFiles()]
        return kinds.flatMap { kind in
            kind.sorted { ($1.level, $1.value) < ($0.level, $0.value) }.prefix(3)
        }.sorted { ($1.level, $1.share) < ($0.level, $0.share) }
    }

    private func transactionAges() -> [FleetOverview.Bomb] {
        readings.sums(StoreSignal.transactionAge).map { service, age in
            FleetOverview.Bomb(
                what: "transaction id age", of: service, value: age, unit: .things, limit: 2_146_000_000,
                level: age > 1_600_000_000 ? .bad : age > 1_000_000_000 ? .warning : .good,
                cure: "let autovacuum freeze the oldest tables, or VACUUM FREEZE them")
        }
    }

    private func oldestTransactions() -> [FleetOverview.Bomb] {
        readings.sums(StoreSignal.oldestTransaction).map { service, age in
            FleetOverview.Bomb(
                what: "oldest transaction", of: service, value: age.rounded4, unit: .seconds, limit: nil,
                level: age > 3600 ? .bad : age > 300 ? .warning : .good,
                cure: "find it in pg_stat_activity, and end it")
        }
    }

    /// The log that a server keeps for a slot, or for an outbox, and where Flotilla calls it an error.
    private func retainedLogs() -> [FleetOverview.Bomb] {
        let active = Dictionary(
            readings.series(StoreSignal.slotActive).compactMap { one in one.number.map { (one.labels, $0) } }
        ) { $1 }
        return readings.series(StoreSignal.slotRetained).compactMap { series in
            guard let bytes = series.number, let service = series.labels.first else { return nil }
            let limit = fleet.services.first { $0.name.text == service }.map {
                Double($0.outbox.maximumRetainedLog.value)
            }
            let share = limit.map { bytes / max(1, $0) } ?? 0
            let isRead = active[series.labels] != 0
            return FleetOverview.Bomb(
                what: "retained log", of: series.labels.joined(separator: " "), value: bytes, unit: .bytes,
                limit: limit,
                level: share > 0.9 ? .bad : share > 0.5 || (!isRead && share > 0.1) ? .warning : .good,
                cure: isRead ? "see what its reader waits for" : "nobody reads the slot: start its reader, or drop it")
        }
    }

    private func walFiles() -> [FleetOverview.Bomb] {
        readings.sums(StoreSignal.walSize).compactMap { service, bytes in
            guard bytes > Self.usualLog else { return nil }
            return FleetOverview.Bomb(
                what: "write-ahead log", of: service, value: bytes, unit: .bytes, limit: nil,
                level: bytes > 16 * Self.usualLog ? .bad : .warning,
                cure: "end the reader, or the transaction, that keeps it from being reused")
        }
    }

    /// Beyond, SQLite's log is not what checkpoints leave.
    private static var usualLog: Double { 64 * 1024 * 1024 }
}

extension FleetOverview.Bomb {
    fileprivate var share: Double { limit.map { value / $0 } ?? 0 }
}
