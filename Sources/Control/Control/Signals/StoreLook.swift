import FleetCore
import FleetFile
import Logging
import Outbox
import Parking
import Relay
import Signals
import Stores
import Subscriptions

/// Looks at one service's store, over a connection of its own: at the store itself, at what is parked there, and at the outbox.
struct StoreLook: Sendable {
    let service: ServiceDefinition
    let signals: FleetSignals
    let relay: MeasuredRelay?
    /// The store as views and pushes have it; `nil` where there are none.
    let effects: SharedStore?
    let subscriptions: [MeasuredDelivery]
    let streams: StreamPlaces
    /// As whom its server is looked at; `nil` for as who works there.
    let monitoring: MonitoringDefinition?
    let logger: Logger

    private static let interval = Duration.seconds(5)
    /// A store that is asked for this long is left alone for a hundred times as long: a hundredth of its time, at most.
    private static let share = 100
    /// A look that took long because the machine is busy is not the last for minutes.
    private static let longest = Duration.seconds(30)

    private var system: String { service.store.isSQLite ? "sqlite" : "postgresql" }

    func repeatedly() async {
        let store = SharedStore { [service, monitoring] in
            try Connectors.monitoredStore(of: service, monitoring: monitoring)
        }
        var trouble: FleetError.Code?
        var told: Set<String> = []
        while !Task.isCancelled {
            let begun = ContinuousClock.now
            let failure = await look(at: store, &told)
            if Task.isCancelled { break }
            let took = ContinuousClock.now - begun
            tell(failure, took, known: trouble)
            trouble = failure?.code
            // What is wrong with it is looked at again soon.
            try? await Task.sleep(
                for: failure == nil ? min(max(Self.interval, took * Self.share), Self.longest) : Self.interval)
        }
        await store.close()
    }

    private func tell(_ failure: FleetError?, _ took: Duration, known: FleetError.Code?) {
        let registry = signals.registry
        registry.gauge(FleetMetrics.storeUp).series(service.name.text, system).set(failure == nil)
        registry.gauge(FleetMetrics.lookDuration).series(service.name.text).set(took.inSeconds)
        signals.health.looked(at: "store \(service.name)", failure?.description)
        if let failure {
            forget()
            registry.counter(FleetMetrics.lookFailures).series(service.name.text, failure.code.description).add()
            if failure.code != known { logger.warning("the store of \(service.name) tells no signals: \(failure)") }
        } else if known != nil {
            logger.info("the store of \(service.name) tells signals again")
        }
    }

    /// What was told of the store is not known any more.
    private func forget() {
        for metric in Connectors.storeMetrics {
            signals.registry.gauge(metric).replace(of: service.name.text, with: [:])
        }
        signals.statements.set([], of: service.name.text)
        if let stream = relay?.relay.stream { tell(nil, of: stream) }
        parked.tell(nil)
    }

    /// - Returns: why nothing is known of the store.
    private func look(at shared: SharedStore, _ told: inout Set<String>) async -> FleetError? {
        var opened: (any Store)?
        do {
            let store = try await shared.store()
            opened = store
            if let source = store as? any SignalSource {
                record(try await source.readings(), for: type(of: source).metrics, &told)
            }
            await lookAtUsage()
            await part("parked events", &told) { try await lookAtParked(in: store) }
            await part("the outbox", &told) { try await lookAtOutbox() }
            return nil
        } catch {
            // What was opened may be a file that is gone.
            if let opened { await shared.discard(opened) }
            return FleetError.wrapping(error)
        }
    }

    /// Looks at something that the store need not have, or that somebody else has just let go of: that is no fault of the
    /// store's.
    private func part(_ what: String, _ told: inout Set<String>, _ look: () async throws -> Void) async {
        do {
            try await look()
        } catch {
            let error = FleetError.wrapping(error)
            if error.code != .cancelled { note(what, error, &told) }
        }
    }

    /// - Parameter isNews: whether no other store has told the same.
    private func note(_ what: String, _ error: FleetError, _ told: inout Set<String>, isNews: Bool = true) {
        signals.registry.counter(FleetMetrics.lookFailures).series(service.name.text, error.code.description).add()
        // What is in use, by the capture that is just beginning for one, is there at the next look.
        if error.code != .busy, told.insert("\(what): \(error.code)").inserted, isNews {
            logger.warning("the store of \(service.name) does not tell of \(what): \(error)")
        }
    }

    /// - Parameter metrics: all that may have been told: what was not is not so any more.
    private func record(_ readings: Readings, for metrics: [Metric], _ told: inout Set<String>) {
        let numbers = Dictionary(grouping: readings.readings, by: \.metric)
        for metric in metrics {
            let own = (numbers[metric] ?? []).map { ($0.labels, $0.value) }
            signals.registry.gauge(metric).replace(
                of: service.name.text, with: Dictionary(own) { first, _ in first })
        }
        signals.statements.set(readings.statements, of: service.name.text)
        for failure in readings.failures {
            note(failure.what, failure.error, &told, isNews: !failure.isShared || signals.isNews(failure))
        }
    }

    /// How those who work there use it.
    private func lookAtUsage() async {
        for worker in [relay?.relay.opened as? any UsageSource, effects?.opened as? any UsageSource] {
            // One that is closed meanwhile is asked when it is open again.
            for reading in (try? await worker?.usage())?.readings ?? [] {
                signals.registry.gauge(reading.metric).series([service.name.text] + reading.labels).set(reading.value)
            }
        }
    }

    // MARK: Parked events

    private var parked: ParkedLook {
        var places = subscriptions.map { ParkedLook.Place($0) }
        if let relay {
            places.append(
                ParkedLook.Place(
                    subject: service.name.text, parking: Parking(place: .outbox, stream: relay.relay.stream)))
        }
        return ParkedLook(places: places, registry: signals.registry, streams: streams)
    }

    private func lookAtParked(in store: any Store) async throws {
        let parked = parked
        parked.tell(try await store.read { try parked.read(in: $0) })
    }

    // MARK: The outbox

    private func lookAtOutbox() async throws {
        guard let relay else { return }
        let stream = relay.relay.stream
        let pending: PendingRows?
        do {
            pending =
                service.outbox.capture == .poll
                ? try await relay.relay.opened?.pending()
                : try await Connectors.pendingRows(of: service, stream: stream)
        } catch {
            tell(nil, of: stream)
            throw error
        }
        tell(pending, of: stream)
    }

    /// - Parameter pending: `nil` where it is not known.
    private func tell(_ pending: PendingRows?, of stream: StreamName) {
        streams.set(depth: pending?.count, of: stream)
        streams.set(outboxOldest: pending?.oldest, of: stream)
        let (registry, name) = (signals.registry, service.name.text)
        registry.gauge(FleetMetrics.outboxDepth).series(name).set(pending?.count.map(Double.init))
        let age = pending?.oldest.map { max(0, Timestamp.now().elapsed(since: $0).inSeconds) }
        registry.gauge(FleetMetrics.outboxAge).series(name).set(pending?.count == 0 ? 0 : age)
        registry.gauge(FleetMetrics.outboxRetained).series(name).set(pending?.retainedLog.map { Double($0.value) })
    }
}
