import FleetCore
import FleetFile
import Overview
import Signals
import Subscriptions

/// Makes a ``FleetOverview`` of what was measured.
struct OverviewBuilder {
    typealias Level = FleetOverview.Level

    let fleet: FleetDefinition
    let readings: OverviewReadings
    let rates: OverviewSampler.Rates
    /// What stands in the way of parts, by `subject stream`.
    let conditions: [String: String]
    /// How sagas and flows stand.
    let coordination: Coordination
    /// What operators have told to rest.
    let paused: Set<String>
    let slots: SlotOwners

    // Numbers that rows are made of, looked up once.
    let parked: [[String]: Double]
    let parkedAges: [[String]: Double]
    let outboxDepths: [[String]: Double]
    let outboxAges: [[String]: Double]
    let lags: [[String]: Double]
    let lagAges: [[String]: Double]
    let breakers: Set<String>

    /// Beyond so many seconds an event is late.
    static let lateAfter = 30.0
    static let veryLateAfter = 300.0

    init(
        _ fleet: FleetDefinition, _ slots: SlotOwners, _ readings: OverviewReadings, _ rates: OverviewSampler.Rates,
        conditions: [String: String] = [:], coordination: Coordination = Coordination(), paused: Set<String> = []
    ) {
        self.slots = slots
        self.fleet = fleet
        self.readings = readings
        self.rates = rates
        self.conditions = conditions
        self.coordination = coordination
        self.paused = paused
        parked = readings.numbers(FleetMetrics.parkedEvents)
        parkedAges = readings.numbers(FleetMetrics.parkedAge)
        outboxDepths = readings.numbers(FleetMetrics.outboxDepth)
        outboxAges = readings.numbers(FleetMetrics.outboxAge)
        lags = readings.numbers(FleetMetrics.deliveryLagEvents)
        lagAges = readings.numbers(FleetMetrics.deliveryLag)
        breakers = Set(
            readings.series(FleetMetrics.breakerOpen).filter { $0.number == 1 }.map {
                $0.labels.prefix(2).joined(separator: " ")
            })
    }

    /// Fills in the rows, the strip and what will break.
    func fill(_ overview: inout FleetOverview) {
        overview.streams = streams()
        overview.readers = readers()
        overview.stores = stores(overview.streams, overview.readers)
        overview.sagas = sagas()
        overview.flows = flows()
        overview.bombs = bombs()
        overview.strip = strip(overview)
        overview.streams.sort {
            Self.isWorse($0.level, Double($0.depth ?? 0), $0.name, $1.level, Double($1.depth ?? 0), $1.name)
        }
        overview.readers.sort { Self.isWorse($0.level, $0.age ?? 0, $0.name, $1.level, $1.age ?? 0, $1.name) }
        overview.stores.sort {
            Self.isWorse($0.level, $0.saturation ?? 0, $0.name, $1.level, $1.saturation ?? 0, $1.name)
        }
    }

    /// Rows that are well stay in the order of their names: what moves without a reason cannot be read.
    private static func isWorse(
        _ level: Level, _ number: Double, _ name: String, _ otherLevel: Level, _ otherNumber: Double,
        _ otherName: String
    ) -> Bool {
        if level != otherLevel { return level > otherLevel }
        if level > .paused, number != otherNumber { return number > otherNumber }
        return name < otherName
    }

    // MARK: Streams

    private func streams() -> [FleetOverview.Stream] {
        let records = readings.numbers(FleetMetrics.streamRecords)
        let sizes = readings.numbers(FleetMetrics.streamSize)
        let up = readings.numbers(FleetMetrics.brokerUp)
        return fleet.publishers.map { service, stream in
            let (name, streamName) = (service.name.text, stream.description)
            var row = FleetOverview.Stream(service: name, name: streamName)
            row.records = records[[streamName]].map { Int(told: $0) }
            row.bytes = sizes[[streamName]].map { Int(told: $0) }
            row.rate = rates.rates["work \(name) \(streamName)"]?.rounded4
            row.depth = outboxDepths[[name]].map { Int(told: $0) }
            row.age = outboxAges[[name]]?.rounded4
            row.p50 = rates.quantiles["relay \(name)"]?.p50.rounded4
            row.p99 = rates.quantiles["relay \(name)"]?.p99.rounded4
            row.parked = count(name, streamName, "parked")
            row.waiting = count(name, streamName, "waiting")
            row.isPaused = paused.contains(name)
            var judgement = Judgement()
            if up[[streamName]] == 0 { judgement.note(.bad, "the broker does not tell of it") }
            judgement.noteCommon(
                condition: conditions["\(name) \(streamName)"], parked: row.parked, age: row.age,
                isPaused: row.isPaused,
                what: "the outbox's oldest event")
            (row.level, row.why) = (judgement.level, judgement.why)
            return row
        }
    }

    private func count(_ subject: String, _ stream: String, _ state: String) -> Int {
        Int(told: parked[[subject, stream, state]] ?? 0)
    }

    // MARK: Readers

    private func readers() -> [FleetOverview.Reader] {
        var rows: [FleetOverview.Reader] = []
        for (service, name, sources) in fleet.subscriptions {
            let kind: FleetOverview.Reader.Kind =
                switch fleet.kind(of: name) {
                case .view: .view
                case .push: .push
                case .consumer: .consumer
                }
            for source in sources {
                let stream = fleet.stream(of: source).description
                rows.append(reader(name.description, service.name.text, kind, stream, source.text))
            }
        }
        for place in fleet.sagaPlaces {
            for source in place.sources {
                rows.append(
                    reader(
                        place.subscription.description, place.host.name.text, .sagas,
                        fleet.stream(of: source).description, source.text))
            }
        }
        for flow in fleet.flows {
            let name = flow.subscription
            for source in fleet.sources(of: flow) {
                rows.append(
                    reader(
                        name.description, name.service.text, .flow, fleet.stream(of: source).description, source.text))
            }
        }
        return rows
    }

    private func reader(
        _ name: String, _ service: String, _ kind: FleetOverview.Reader.Kind, _ stream: String, _ source: String
    ) -> FleetOverview.Reader {
        var row = FleetOverview.Reader(name: name, service: service, kind: kind, stream: stream, source: source)
        row.lag = lags[[name, stream]].map { Int(told: $0) }
        row.age = lagAges[[name, stream]]?.rounded4
        row.parked = count(name, stream, "parked")
        row.retrying = count(name, stream, "retrying")
        row.waiting = count(name, stream, "waiting")
        row.isBroken = breakers.contains("\(name) \(stream)")
        judge(&row)
        return row
    }

    private func judge(_ row: inout FleetOverview.Reader) {
        let key = "work \(row.name) \(row.stream)"
        row.rate = rates.rates[key]?.rounded4
        row.p50 = rates.quantiles[key]?.p50.rounded4
        row.p99 = rates.quantiles[key]?.p99.rounded4
        row.isPaused = paused.contains(row.name)
        var judgement = Judgement()
        if row.isBroken { judgement.note(.bad, "the circuit breaker keeps requests from its endpoint") }
        if row.retrying > 0 { judgement.note(.warning, "\(row.retrying) tried again by themselves") }
        judgement.noteCommon(
            condition: conditions["\(row.name) \(row.stream)"], parked: row.parked, age: row.age,
            isPaused: row.isPaused, what: "the oldest event that it has not taken")
        (row.level, row.why) = (judgement.level, judgement.why)
    }

    // MARK: Sagas and flows

    private func sagas() -> [FleetOverview.Sagas] {
        // What stands in the way of a journal's engine stands in the way of all of its sagas.
        let troubles = Dictionary(
            fleet.sagaPlaces.map { place in
                let home = StreamName(fleet: fleet.name, service: place.host.name)
                return (place.isOwn ? nil : place.host.name.text, conditions["\(place.name) \(home)"])
            }
        ) { first, _ in first }
        return coordination.sagas.map { saga in
            var row = FleetOverview.Sagas(
                name: saga.saga, running: saga.running, compensating: saga.compensating, stuck: saga.parked,
                completed: saga.completed, compensated: saga.compensated, rejected: saga.rejected,
                error: saga.lastError ?? troubles[saga.journal].flatMap(\.self))
            row.level = row.error != nil ? .bad : saga.parked > 0 ? .warning : .good
            return row
        }
    }

    private func flows() -> [FleetOverview.Flow] {
        coordination.flows.map { flow in
            var row = FleetOverview.Flow(
                name: flow.flow, running: Int(flow.running + flow.unstarted), stuck: Int(flow.stuck),
                ended: Int(flow.ended),
                failed: Int(flow.failed), outOfOrder: Int(flow.outOfOrder), late: Int(flow.late), error: flow.lastError)
            row.level = flow.lastError != nil ? .bad : flow.stuck > 0 ? .warning : .good
            return row
        }
    }
}

/// How a row is, and why.
struct Judgement {
    private(set) var level = FleetOverview.Level.good
    private(set) var why: [String] = []

    /// Reasons are for one line.
    private static let longest = 240

    mutating func note(_ level: FleetOverview.Level, _ reason: String) {
        self.level = max(self.level, level)
        why.append(reason.count > Self.longest ? "\(reason.prefix(Self.longest))…" : reason)
    }

    mutating func noteCommon(condition: String?, parked: Int, age: Double?, isPaused: Bool, what: String) {
        if let condition { note(.bad, condition) }
        if parked > 0 { note(.warning, "\(parked) parked") }
        if isPaused {
            note(.paused, "paused")
        } else if let age, age > OverviewBuilder.lateAfter {
            note(age > OverviewBuilder.veryLateAfter ? .bad : .warning, "\(what) is \(Int(told: age)) s old")
        }
    }
}
