import FleetCore
import FleetFile
import Inbox
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
    let places: StreamPlaces
    let logger: Logger

    private static let interval = Duration.seconds(5)
    /// A store that is asked for this long is left alone for a hundred times as long: a hundredth of its time, at most.
    private static let share = 100

    private var system: String { service.store.isSQLite ? "sqlite" : "postgresql" }

    func repeatedly() async {
        let store = SharedStore { [service] in try Connectors.monitoredStore(of: service) }
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
            try? await Task.sleep(for: failure == nil ? max(Self.interval, took * Self.share) : Self.interval)
        }
        await store.close()
    }

    private func tell(_ failure: FleetError?, _ took: Duration, known: FleetError.Code?) {
        let registry = signals.registry
        registry.gauge(FleetMetrics.storeUp).series(service.name.text, system).set(failure == nil)
        registry.gauge(FleetMetrics.lookDuration).series(service.name.text).set(took.inSeconds)
        signals.health.looked(at: "store \(service.name)", failure?.description)
        if let failure {
            registry.counter(FleetMetrics.lookFailures).series(service.name.text, failure.code.description).add()
            if failure.code != known { logger.warning("the store of \(service.name) tells no signals: \(failure)") }
        } else if known != nil {
            logger.info("the store of \(service.name) tells signals again")
        }
    }

    /// - Returns: why nothing is known of the store.
    private func look(at shared: SharedStore, _ told: inout Set<String>) async -> FleetError? {
        var opened: (any Store)?
        do {
            let store = try await shared.store()
            opened = store
            if let source = store as? any SignalSource { record(try await source.readings(), &told) }
            try await lookAtUsage(&told)
            try await lookAtParked(in: store)
            try await lookAtOutbox()
            return nil
        } catch {
            // What was opened may be a file that is gone.
            if let opened { await shared.discard(opened) }
            return FleetError.wrapping(error)
        }
    }

    private func record(_ readings: Readings, _ told: inout Set<String>) {
        for reading in readings.readings {
            signals.registry.gauge(reading.metric).series([service.name.text] + reading.labels).set(reading.value)
        }
        for (what, failure) in readings.failures where told.insert("\(what): \(failure.code)").inserted {
            logger.warning("the store of \(service.name) does not tell of \(what): \(failure)")
        }
        for (_, failure) in readings.failures {
            signals.registry.counter(FleetMetrics.lookFailures).series(service.name.text, failure.code.description)
                .add()
        }
    }

    /// How those who work there use it.
    private func lookAtUsage(_ told: inout Set<String>) async throws {
        for worker in [relay?.relay.opened as? any UsageSource, effects?.opened as? any UsageSource] {
            // One that is closed meanwhile is asked when it is open again.
            if let readings = try? await worker?.usage() { record(readings, &told) }
        }
    }

    // MARK: Parked events

    private func lookAtParked(in store: any Store) async throws {
        var places: [(subject: String, parking: Parking, reader: SubscriptionName?)] = []
        if let relay {
            places.append((service.name.text, Parking(place: .outbox, stream: relay.relay.stream), nil))
        }
        for delivery in subscriptions {
            places.append(
                (
                    delivery.subscription.description,
                    Parking(place: .subscription(delivery.subscription.name), stream: delivery.stream),
                    delivery.meter == nil ? delivery.subscription : nil
                ))
        }
        let asked = places
        let answers = try await store.read { transaction in
            try asked.map { place in
                (
                    counts: try place.parking.counts(in: transaction),
                    oldest: try place.parking.oldestFailure(in: transaction),
                    cursor: try place.reader.flatMap {
                        try Inbox.state(of: $0.name, in: place.parking.stream, transaction)?.position
                    }
                )
            }
        }
        let registry = signals.registry
        let gauge = registry.gauge(FleetMetrics.parkedEvents)
        for (place, answer) in zip(places, answers) {
            let stream = place.parking.stream.description
            gauge.series(place.subject, stream, "parked").set(answer.counts.parked)
            gauge.series(place.subject, stream, "retrying").set(answer.counts.retrying)
            gauge.series(place.subject, stream, "waiting").set(answer.counts.waiting)
            let age = answer.oldest.map { max(0, Timestamp.now().elapsed(since: $0).inSeconds) } ?? 0
            registry.gauge(FleetMetrics.parkedAge).series(place.subject, stream).set(age)
            if let reader = place.reader {
                self.places.set(cursor: answer.cursor, of: reader, in: place.parking.stream)
            }
        }
    }

    // MARK: The outbox

    private func lookAtOutbox() async throws {
        guard let relay else { return }
        let stream = relay.relay.stream
        let pending =
            service.outbox.capture == .poll
            ? try await relay.relay.opened?.pending() : try await Connectors.pendingRows(of: service, stream: stream)
        places.set(depth: pending?.count, of: stream)
        let (registry, name) = (signals.registry, service.name.text)
        registry.gauge(FleetMetrics.outboxDepth).series(name).set(pending?.count.map(Double.init))
        let age = pending?.oldest.map { max(0, Timestamp.now().elapsed(since: $0).inSeconds) }
        registry.gauge(FleetMetrics.outboxAge).series(name).set(pending?.count == 0 ? 0 : age)
        registry.gauge(FleetMetrics.outboxRetained).series(name).set(pending?.retainedLog.map { Double($0.value) })
    }
}
