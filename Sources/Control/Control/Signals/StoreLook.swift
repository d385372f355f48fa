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
    let slots: SlotOwners
    /// Of its server, for all who look at that.
    let pace: ServerPace
    /// What that has told, for all of its stores.
    let answers: ServerAnswers?
    let logger: Logger

    /// What the store did not tell of.
    private struct Troubles {
        /// At the last look.
        private var known: Set<String> = []
        private var found: Set<String> = []

        /// - Returns: whether it was not so at the last look.
        mutating func isNew(_ trouble: String) -> Bool {
            found.insert(trouble)
            return !known.contains(trouble)
        }

        /// Ends a look.
        /// - Returns: what is over.
        mutating func endLook() -> Set<String> {
            defer { (known, found) = (found, []) }
            return known.subtracting(found)
        }
    }

    private var system: String { service.store.isSQLite ? "sqlite" : "postgresql" }

    func repeatedly() async {
        let store = SharedStore { [service, monitoring, answers] in
            try Connectors.monitoredStore(of: service, monitoring: monitoring, answers: answers)
        }
        var trouble: FleetError.Code?
        var troubles = Troubles()
        var schema = SchemaLook(of: service.name, signals.schemas, logger)
        while !Task.isCancelled {
            let failure = await look(at: store, &troubles, &schema)
            if Task.isCancelled { break }
            tell(failure, known: trouble)
            trouble = failure?.code
            // What is wrong with it is looked at again soon.
            try? await Task.sleep(for: failure == nil ? pace.pause(of: service.name.text) : LookPace.interval)
        }
        await store.close()
    }

    private func tell(_ failure: FleetError?, known: FleetError.Code?) {
        let registry = signals.registry
        registry.gauge(FleetMetrics.storeUp).series(service.name.text, system).set(failure == nil)
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

    /// Looks whether the store answers, and where it is time for that, at all that it tells.
    /// - Returns: why nothing is known of the store.
    private func look(
        at shared: SharedStore, _ troubles: inout Troubles, _ schema: inout SchemaLook
    ) async -> FleetError? {
        var opened: (any Store)?
        do {
            let store = try await shared.store()
            opened = store
            try Connectors.checkPlace(of: store)
            // Connecting, or waiting for a server that does not answer, takes none of its time.
            try await store.read { _ = try $0.firstRow("SELECT 1") }
            guard pace.begins(service.name.text) else { return nil }
            let begun = ContinuousClock.now
            var waited = Duration.zero
            defer {
                let took = ContinuousClock.now - begun - waited
                pace.looked(service.name.text, took)
                signals.registry.gauge(FleetMetrics.lookDuration).series(service.name.text).set(took.inSeconds)
            }
            if let source = store as? any SignalSource {
                let readings = try await source.readings()
                waited += readings.shared
                record(readings, for: type(of: source).metrics, &troubles)
            }
            await lookAtUsage()
            await part("parked events", &troubles) { try await lookAtParked(in: store) }
            await part("the outbox", &troubles) { waited += try await lookAtOutbox() }
            if let source = store as? any SchemaSource {
                await part("its tables", &troubles) { try await schema.look(at: source) }
            }
            for over in troubles.endLook() { signals.isOver(over, for: service.name) }
            return nil
        } catch {
            schema.forget()
            // What was opened may be a file that is gone.
            if let opened { await shared.discard(opened) }
            return FleetError.wrapping(error)
        }
    }

    /// Looks at something that the store need not have, or that somebody else has just let go of: that is no fault of the
    /// store's.
    private func part(_ what: String, _ troubles: inout Troubles, _ look: () async throws -> Void) async {
        do {
            try await look()
        } catch {
            let error = FleetError.wrapping(error)
            if error.code != .cancelled { note(what, error, &troubles) }
        }
    }

    /// - Parameter isShared: whether it is the same for all stores of a server: it is enough to say it of one.
    private func note(_ what: String, _ error: FleetError, _ troubles: inout Troubles, isShared: Bool = false) {
        signals.registry.counter(FleetMetrics.lookFailures).series(service.name.text, error.code.description).add()
        // What is in use, by the capture that is just beginning for one, is there at the next look.
        guard error.code != .busy else { return }
        let trouble = "\(what): \(error.code)"
        let isNews = !isShared || signals.isNews(trouble, to: service.name)
        if troubles.isNew(trouble), isNews {
            logger.warning("the store of \(service.name) does not tell of \(what): \(error)")
        }
    }

    /// - Parameter metrics: all that may have been told: what was not is not so any more.
    private func record(_ readings: Readings, for metrics: [Metric], _ troubles: inout Troubles) {
        let own = readings.readings.filter { slots.tells($0, of: service.name) }
        let numbers = Dictionary(grouping: own, by: \.metric)
        for metric in metrics {
            let own = (numbers[metric] ?? []).map { ($0.labels, $0.value) }
            signals.registry.gauge(metric).replace(
                of: service.name.text, with: Dictionary(own) { first, _ in first })
        }
        signals.statements.set(readings.statements, of: service.name.text)
        for failure in readings.failures {
            note(failure.what, failure.error, &troubles, isShared: failure.isShared)
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

    /// - Returns: for how long of it the store was not asked.
    private func lookAtOutbox() async throws -> Duration {
        guard let relay else { return .zero }
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
        return pending?.waited ?? .zero
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
