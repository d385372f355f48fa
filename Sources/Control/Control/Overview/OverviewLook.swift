import FleetCore
public import FleetFile
import Foundation
import HTTPEndpoint
import Objectives
public import Overview
import Signals

/// Looks at a fleet as `flotilla status` does, whether it runs or not: at its stores, its broker and its state. What only a
/// process that measures knows, how long things take, is in the history that it keeps.
public struct OverviewLook {
    private let fleet: FleetDefinition
    private let version: String
    private let slots: SlotOwners
    private var sampler = OverviewSampler()
    private var history: (read: ContinuousClock.Instant, value: History, moments: [FleetMoment])?

    /// Stores that are looked at at a time.
    private static let looksAtATime = 8
    /// What is measured every ten seconds is not asked for more often.
    private static let historyInterval = Duration.seconds(10)
    /// Older numbers are not told as what is now.
    private static let fresh = 30

    public init(_ fleet: FleetDefinition, version: String) {
        self.fleet = fleet
        self.version = version
        slots = SlotOwners(fleet)
    }

    public mutating func look() async -> FleetOverview {
        let status = await FleetStatus.read(fleet)
        let registry = SignalRegistry()
        tell(status, to: registry)
        let certificates = CertificateBoard(fleet, registry, nil)
        let fleet = fleet
        async let brokerLook: Void = Self.askMonitors(of: fleet, registry)
        async let diskLook: Void = DiskLook(fleet, registry).once()
        await lookAtStores(registry)
        await brokerLook
        await diskLook
        await readHistory()
        let readings = withExtendedLifetime(certificates) { OverviewReadings(registry.read()) }
        var totals = OverviewSampler.totals(of: readings, work: [])
        for stream in status.streams {
            totals["work \(stream.service) \(stream.stream)"] = stream.broker?.events.map(Double.init)
        }
        for view in status.views {
            totals["work \(view.view) \(view.stream)"] = view.delivered?.events.map(Double.init)
        }
        var rates = sampler.sample(totals, [:])
        let now = Int(Date().timeIntervalSince1970)
        addMeasured(to: &rates, at: now)
        let builder = OverviewBuilder(
            fleet, slots, readings, rates, conditions: conditions(status),
            coordination: Coordination(sagas: status.sagas, flows: status.flows),
            paused: Set(status.paused.map(\.subject)))
        var overview = FleetOverview(
            fleet: fleet.name.text, broker: fleet.broker.engine, version: version, at: Date().timeIntervalSince1970,
            isCarried: status.runningAs != nil, carrier: status.runningAs ?? "nobody carries the fleet")
        if let error = status.stateError {
            overview.troubles.append(FleetOverview.Trouble(part: "state", reason: error))
        }
        builder.fill(&overview)
        if !fleet.objectives.isEmpty {
            overview.objectives = (try? await ObjectiveLedger(fleet).read().objectives) ?? []
        }
        complete(&overview, at: now)
        return overview
    }

    private func conditions(_ status: FleetStatus) -> [String: String] {
        let streams = status.streams.compactMap { row in
            row.lastError.map { ("\(row.service) \(row.stream)", $0) }
        }
        let views = status.views.compactMap { row in row.lastError.map { ("\(row.view) \(row.stream)", $0) } }
        return Dictionary(streams + views) { $1 }
    }

    // MARK: What stores say

    private func tell(_ status: FleetStatus, to registry: SignalRegistry) {
        func gauge(_ metric: Metric, _ labels: [String], _ number: Double?) {
            registry.gauge(metric).series(labels).set(number)
        }
        for row in status.streams {
            gauge(FleetMetrics.outboxDepth, [row.service], row.pending.map(Double.init))
            gauge(FleetMetrics.outboxAge, [row.service], row.lagSeconds)
            gauge(FleetMetrics.streamRecords, [row.stream], row.records.map { Double($0.count) })
            gauge(FleetMetrics.streamSize, [row.stream], row.bytes.map(Double.init))
            gauge(FleetMetrics.parkedEvents, [row.service, row.stream, "parked"], Double(row.parked))
            gauge(FleetMetrics.parkedEvents, [row.service, row.stream, "waiting"], Double(row.waiting))
        }
        for row in status.views {
            gauge(FleetMetrics.deliveryLagEvents, [row.view, row.stream], row.pending.map(Double.init))
            gauge(FleetMetrics.deliveryLag, [row.view, row.stream], row.lagSeconds)
            gauge(FleetMetrics.parkedEvents, [row.view, row.stream, "parked"], Double(row.parked))
            gauge(FleetMetrics.parkedEvents, [row.view, row.stream, "retrying"], Double(row.retrying))
            gauge(FleetMetrics.parkedEvents, [row.view, row.stream, "waiting"], Double(row.waiting))
        }
    }

    private func lookAtStores(_ registry: SignalRegistry) async {
        // What stores of a server have in common is asked for once at each look.
        let servers = ServerPaces(fleet)
        await withTaskGroup(of: Void.self) { group in
            for (number, service) in fleet.services.enumerated() {
                if number >= Self.looksAtATime { await group.next() }
                group.addTask { [fleet, slots] in
                    await Self.look(
                        at: service, fleet.monitoring, servers.answers(of: service.name.text), slots, registry)
                }
            }
        }
    }

    private static func look(
        at service: ServiceDefinition, _ monitoring: MonitoringDefinition?, _ answers: ServerAnswers?,
        _ slots: SlotOwners, _ registry: SignalRegistry
    ) async {
        let up = registry.gauge(FleetMetrics.storeUp)
            .series(service.name.text, service.store.isSQLite ? "sqlite" : "postgresql")
        do {
            let opened = try Connectors.monitoredStore(of: service, monitoring: monitoring, answers: answers)
            let readings = try await Connectors.with(opened) { store in
                try await (store as? any SignalSource)?.readings()
            }
            for reading in readings?.readings ?? [] where slots.tells(reading, of: service.name) {
                registry.gauge(reading.metric).series([service.name.text] + reading.labels).set(reading.value)
            }
            up.set(true)
        } catch {
            up.set(false)
        }
    }

    /// Asks the servers of the broker, all at once. Of one that does not tell in time nothing is known.
    private static func askMonitors(of fleet: FleetDefinition, _ registry: SignalRegistry) async {
        guard let nats = fleet.broker.nats, !nats.monitors.isEmpty else { return }
        let caller = HTTPCaller(connections: 1, authorities: nats.tls?.authority)
        await withTaskGroup(of: Void.self) { group in
            for monitor in nats.monitors {
                group.addTask { try? await monitor.ask(caller).record(of: monitor, in: registry) }
            }
        }
        await caller.close()
    }

    // MARK: What was measured

    private mutating func readHistory() async {
        if let history, ContinuousClock.now - history.read < Self.historyInterval { return }
        guard let file = try? await HistoryFile(of: fleet, isMade: false) else { return }
        let day = Date().timeIntervalSince1970 - 86_400
        if let value = try? await file.read([.hour]),
            let moments = try? await file.moments(since: day)
        {
            history = (.now, value, moments)
        }
        file.close()
    }

    private func addMeasured(to rates: inout OverviewSampler.Rates, at now: Int) {
        guard let history else { return }
        func last(_ name: String) -> [Float]? {
            history.value.series(of: name, .hour, at: now).last { now - $0.at <= Self.fresh }?.numbers
        }
        func add(_ key: String, _ name: String) {
            guard let numbers = last(name) else { return }
            let (p50, p99) = (numbers[History.Field.p50.rawValue], numbers[History.Field.p99.rawValue])
            if !p50.isNaN, !p99.isNaN { rates.quantiles[key] = (Double(p50), Double(p99)) }
        }
        for service in fleet.services {
            let name = service.name.text
            add("own \(name)", "store \(name)")
            guard let numbers = last("store \(name)") else { continue }
            let (rate, errors) = (numbers[History.Field.rate.rawValue], numbers[History.Field.errors.rawValue])
            if !rate.isNaN, rates.rates["server \(name)"] == nil { rates.rates["own \(name)"] = Double(rate) }
            if !errors.isNaN { rates.rates["errors \(name)"] = Double(errors) / 60 }
        }
        for (service, stream) in fleet.publishers { add("relay \(service.name)", "stream \(stream)") }
        for (_, name, sources) in fleet.subscriptions {
            for source in sources {
                let stream = fleet.stream(of: source)
                add("work \(name) \(stream)", "reader \(name) \(stream)")
            }
        }
    }

    private func complete(_ overview: inout FleetOverview, at now: Int) {
        guard let history else { return }
        overview.moments = history.moments
        for index in overview.stores.indices {
            let name = "store \(overview.stores[index].name)"
            overview.stores[index].spark = Sparkline(
                low: history.value.values(of: name, .p50, .hour, at: now),
                high: history.value.values(of: name, .p99, .hour, at: now))
        }
    }
}
