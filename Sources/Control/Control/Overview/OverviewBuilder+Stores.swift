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
        let standbys = readings.sums(StoreSignal.standby)
        let streams = Dictionary(grouping: streams, by: \.service)
        let readers = Dictionary(grouping: readers, by: \.service)
        return fleet.services.map { service in
            let name = service.name.text
            let isStandby = standbys[name].map { $0 == 1 }
            var row = FleetOverview.Store(
                name: name, engine: service.store.isSQLite ? "sqlite" : "postgresql",
                role: Self.role(of: service) + (isStandby == true ? ", on a standby" : ""))
            row.isStandby = isStandby
            let server = rates.rates["server \(name)"]
            row.isServerCount = server != nil
            row.operations = (server ?? rates.rates["own \(name)"])?.rounded4
            row.p50 = rates.quantiles["own \(name)"]?.p50.rounded4
            row.p99 = rates.quantiles["own \(name)"]?.p99.rounded4
            row.errors = rates.rates["errors \(name)"].map { ($0 * 60).rounded4 }
            if let used = connections[name], let limit = limits[name], limit > 0 {
                row.saturation = (used / limit).rounded4
                row.saturationOf = "\(Int(told: used)) of \(Int(told: limit)) connections"
            } else if let wait = rates.rates["wait \(name)"] {
                row.saturation = min(1, wait).rounded4
                row.saturationOf = "waiting for its lock"
            }
            var judgement = Judgement()
            if up[name] == 0 { judgement.note(.bad, "it did not answer when it was looked at last") }
            if let taken = row.saturation, taken >= 0.8 {
                judgement.note(
                    taken >= 0.95 ? .bad : .warning, "\(Int(told: taken * 100)) % full: \(row.saturationOf ?? "")")
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
        if !overview.flows.isEmpty {
            strip.append(Self.sum("stuck flows", .things, overview.flows.map { ($0.stuck, $0.name) }))
        }
        // In bytes, as a replica that replays nothing tells no newer time.
        let replica = readings.series(StoreSignal.replicaBehind).compactMap { one in one.number.map { ($0, one.labels) }
        }
        .max { $0.0 < $1.0 }
        if let (bytes, labels) = replica {
            let seconds = readings.numbers(StoreSignal.replicaLag)[labels]
            let level = max(late(seconds), bytes > Self.farBehind ? .warning : .good)
            strip.append(
                FleetOverview.Lag(
                    what: "replica lag", value: bytes, unit: .bytes, level: level, of: labels.joined(separator: " ")))
        }
        if let (bytes, labels) = slot {
            let level = bombs().filter { $0.what == "retained log" }.map(\.level).max() ?? .good
            strip.append(
                FleetOverview.Lag(
                    what: "slot retains", value: bytes, unit: .bytes, level: level,
                    of: slots.place(labels)))
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

    /// So much log behind, a replica that takes over lacks a lot.
    private static var farBehind: Double { 1024 * 1024 * 1024 }
}
