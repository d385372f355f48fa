import Brokers
import FleetCore
import FleetFile
import Logging
import Relay
import ServiceLifecycle
import Signals
import Stores
import Subscriptions
import Synchronization

/// A relay, and who measures it.
struct MeasuredRelay: Sendable {
    var service: ServiceDefinition
    var relay: RelayService
    var work: FleetRun.Work
    var meter: RelayMeter
}

/// A subscription and one of its streams. Who measures it is `nil` where a program of the service's own reads.
struct MeasuredDelivery: Sendable {
    /// In whose store it is; `nil` where it is in a journal of sagas or flows.
    var service: ServiceDefinition?
    var subscription: SubscriptionName
    var stream: StreamName
    var work: FleetRun.Work?
    var meter: DeliveryMeter?
}

/// Looks at stores and streams on a schedule, so that a scrape asks nobody, and each store is asked little.
struct SignalWatch: Service {
    let fleet: FleetDefinition
    let epoch: Int64?
    let signals: FleetSignals
    let broker: any Broker
    let relays: [MeasuredRelay]
    let deliveries: [MeasuredDelivery]
    /// Stores as views and pushes have them, by their services.
    let effects: [ServiceName: SharedStore]
    let work: [FleetRun.Work]
    let logger: Logger
    let places: StreamPlaces
    private let stillness = StillnessWatch()

    init(
        fleet: FleetDefinition, epoch: Int64?, signals: FleetSignals, broker: any Broker, relays: [MeasuredRelay],
        deliveries: [MeasuredDelivery], effects: [ServiceName: SharedStore], work: [FleetRun.Work], logger: Logger
    ) {
        self.fleet = fleet
        self.epoch = epoch
        self.signals = signals
        self.broker = broker
        self.relays = relays
        self.deliveries = deliveries
        self.effects = effects
        self.work = work
        self.logger = logger
        places = StreamPlaces(relays: relays)
    }

    func run() async {
        let registry = signals.registry
        let streams = Set(relays.map(\.relay.stream)).union(deliveries.map(\.stream)).sorted()
        let parts = fleet.services.map { "store \($0.name)" } + streams.map { "stream \($0)" }
        registry.gauge(FleetMetrics.carrying).series().set(true)
        registry.gauge(FleetMetrics.epoch).series().set(epoch.map(Double.init))
        signals.health.begin(FleetPulse(parts: parts, work: work, stillness: stillness))
        let ticket = registry.refresh { self.refresh() }
        let slots = SlotOwners(fleet)
        let paces = ServerPaces(fleet)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.beat() }
                group.addTask { await self.signals.certificates.lookRepeatedly() }
                group.addTask { await DiskLook(self.fleet, registry).repeatedly() }
                for service in self.fleet.services {
                    let look = StoreLook(
                        service: service, signals: self.signals,
                        relay: self.relays.first { $0.service.name == service.name },
                        effects: self.effects[service.name],
                        subscriptions: self.deliveries.filter { $0.service?.name == service.name },
                        streams: self.places,
                        monitoring: self.fleet.monitoring, slots: slots, pace: paces.pace(of: service.name.text),
                        answers: paces.answers(of: service.name.text),
                        logger: self.logger.about(service.name))
                    group.addTask { await look.repeatedly() }
                }
                let readers = self.deliveries.filter { $0.service == nil }
                let looks = self.signals.journalLooks(
                    of: self.fleet, readers: readers, places: self.places, logger: self.logger)
                for look in looks {
                    group.addTask { await look.repeatedly() }
                }
                if let nats = self.fleet.broker.nats {
                    for monitor in nats.monitors {
                        let look = BrokerMonitorLook(
                            monitor: monitor, authorities: nats.tls?.authority, signals: self.signals,
                            logger: self.logger)
                        group.addTask { await look.repeatedly() }
                    }
                }
                for stream in streams {
                    let look = StreamLook(
                        stream: stream, broker: self.broker, limit: self.fleet.broker.retention.limit,
                        signals: self.signals,
                        deliveries: self.deliveries.filter { $0.stream == stream }, places: self.places,
                        logger: self.logger.about(stream))
                    group.addTask { await look.repeatedly() }
                }
            }
        }
        registry.endRefreshing(ticket)
        signals.health.end(because: "the fleet is not carried any more")
        forget()
    }

    private func beat() async {
        repeat {
            signals.health.beat()
            for work in work {
                let snapshot = work.progress.snapshot
                stillness.saw(
                    work.progress.name, count: snapshot.count,
                    isBehind: !snapshot.isIdle && !work.isPaused && isBehind(work))
            }
        } while (try? await Task.sleep(for: FleetHealth.heartbeatInterval)) != nil
    }

    private func isBehind(_ work: FleetRun.Work) -> Bool {
        if let relay = relays.first(where: { $0.work.subject == work.subject && $0.work.stream == work.stream }),
            work.kind == .relay
        {
            return relay.relay.captured.count > 0 || (places.depth(of: work.stream) ?? 0) > 0
        }
        let delivery = deliveries.first { $0.subscription.description == work.subject && $0.stream == work.stream }
        return delivery.flatMap { places.lag(of: $0) }.map { $0 > 0 } ?? false
    }

    /// What is known at the moment of a scrape.
    private func refresh() {
        let registry = signals.registry
        let now = Timestamp.now()
        for relay in relays {
            let captured = relay.relay.captured
            let service = relay.service.name.text
            registry.gauge(FleetMetrics.captureLagEvents).series(service).set(captured.count)
            registry.gauge(FleetMetrics.captureLag).series(service)
                .set(captured.count == 0 ? 0 : captured.oldest.map { max(0, now.elapsed(since: $0).inSeconds) })
        }
        for delivery in deliveries {
            let labels = [delivery.subscription.description, delivery.stream.description]
            let lag = places.lag(of: delivery)
            registry.gauge(FleetMetrics.deliveryLagEvents).series(labels).set(lag.map(Double.init))
            if lag == 0 { registry.gauge(FleetMetrics.deliveryLag).series(labels).set(0) }
        }
        for work in work {
            registry.gauge(FleetMetrics.blocked).series(work.subject, work.stream.description)
                .set(work.progress.snapshot.condition != nil)
            registry.gauge(FleetMetrics.paused).series(work.subject).set(work.isPaused)
        }
    }

    /// What is not looked at any more is not told either.
    private func forget() {
        let registry = signals.registry
        registry.gauge(FleetMetrics.carrying).series().set(false)
        let told = [
            FleetMetrics.epoch, FleetMetrics.outboxDepth, FleetMetrics.outboxAge, FleetMetrics.outboxRetained,
            FleetMetrics.captureLagEvents, FleetMetrics.captureLag, FleetMetrics.streamRecords, FleetMetrics.streamSize,
            FleetMetrics.streamLimit, FleetMetrics.brokerUp, FleetMetrics.deliveryLagEvents, FleetMetrics.deliveryLag,
            FleetMetrics.breakerOpen, FleetMetrics.parkedEvents, FleetMetrics.parkedAge, FleetMetrics.blocked,
            FleetMetrics.paused, FleetMetrics.sagasOpen, FleetMetrics.sagasAge, FleetMetrics.sagasParkedAge,
            FleetMetrics.flowsOpen, FleetMetrics.flowsOutOfOrder, FleetMetrics.flowsLate, FleetMetrics.flowsStuckAge,
            FleetMetrics.storeUp, FleetMetrics.lookDuration,
        ]
        for metric in told + Connectors.storeMetrics { registry.gauge(metric).removeAll() }
    }
}

/// How far streams and those who read them are, from what looks and work have told last.
final class StreamPlaces: Sendable {
    private struct Places {
        var last: [StreamName: LogPosition] = [:]
        var depth: [StreamName: Int] = [:]
        /// Of each outbox, when it was looked at, and what was the oldest in it.
        var outboxes: [StreamName: (at: Timestamp, oldest: Timestamp?)] = [:]
        /// The record that a subscription had to take next when it was looked at, and when its event occurred.
        var oldest: [SubscriptionName: [StreamName: (position: LogPosition, time: Timestamp)]] = [:]
        /// Of those whom nobody here measures.
        var cursors: [SubscriptionName: [StreamName: LogPosition]] = [:]
    }

    private let places = Mutex(Places())
    private let meters: [StreamName: RelayMeter]

    init(relays: [MeasuredRelay]) {
        meters = Dictionary(relays.map { ($0.relay.stream, $0.meter) }) { $1 }
    }

    func set(last position: LogPosition, of stream: StreamName) { places.withLock { $0.last[stream] = position } }
    func set(depth: Int?, of stream: StreamName) { places.withLock { $0.depth[stream] = depth } }

    func set(cursor: LogPosition?, of subscription: SubscriptionName, in stream: StreamName) {
        places.withLock { $0.cursors[subscription, default: [:]][stream] = cursor }
    }

    /// - Parameter oldest: when the oldest event in the outbox occurred; `nil` where there is none, or it does not say so.
    func set(outboxOldest oldest: Timestamp?, of stream: StreamName) {
        places.withLock { $0.outboxes[stream] = (.now(), oldest) }
    }

    func outbox(of stream: StreamName) -> (at: Timestamp, oldest: Timestamp?)? {
        places.withLock { $0.outboxes[stream] }
    }

    /// - Parameter record: what the subscription has to take next; `nil` where there is nothing.
    func set(oldest record: (position: LogPosition, time: Timestamp)?, of delivery: MeasuredDelivery) {
        places.withLock { $0.oldest[delivery.subscription, default: [:]][delivery.stream] = record }
    }

    func oldest(of delivery: MeasuredDelivery) -> (position: LogPosition, time: Timestamp)? {
        places.withLock { $0.oldest[delivery.subscription]?[delivery.stream] }
    }

    func depth(of stream: StreamName) -> Int? { places.withLock { $0.depth[stream] } }

    /// The last record of a stream.
    func last(of stream: StreamName) -> LogPosition? {
        let seen = places.withLock { $0.last[stream] }
        return [seen, meters[stream]?.lastAppended].compactMap(\.self).max()
    }

    func position(of delivery: MeasuredDelivery) -> LogPosition? {
        delivery.meter?.position
            ?? places.withLock { $0.cursors[delivery.subscription]?[delivery.stream] }
    }

    /// How many records a subscription has still to take; `nil` where that is not known.
    func lag(of delivery: MeasuredDelivery) -> Int? {
        guard let position = position(of: delivery), let last = last(of: delivery.stream) else { return nil }
        // A store may hold any number.
        return Int(max(0, last.value - max(position.value, 0)))
    }
}
