import Brokers
public import FleetCore
public import FleetFile
public import Logging
public import Parking
import Push
import Relay
import Stores
import Views

/// Lists, retries and discards parked events.
public struct ParkedAdministration: Sendable {
    /// A parked event and where it is.
    public struct Item: Sendable {
        /// `orders outbox`, or the subscription: `orders.order_lines`, `orders.push`.
        public var place: String
        public var stream: StreamName
        public var event: ParkedEvent

        /// `parked`, `retrying` by itself, or `waiting` behind another of its key.
        public var state: String {
            event.reason == nil ? "waiting" : event.nextAttempt == nil ? "parked" : "retrying"
        }
    }

    /// What became of one request.
    public struct Outcome: Sendable {
        public var item: Item
        /// Events that took effect: the one asked for, and those that waited behind it.
        public var applied: Int
        /// Why one of them failed again; it stays parked.
        public var failure: FleetError?
        /// Whether a program of the service's own is to try it, and will.
        public var isAsked = false
    }

    private let fleet: FleetDefinition
    private let tracing: FleetTracing?

    public init(_ fleet: FleetDefinition) {
        self.init(fleet, tracing: nil)
    }

    /// - Parameter tracing: who makes spans of what is tried again.
    init(_ fleet: FleetDefinition, tracing: FleetTracing?) {
        self.fleet = fleet
        self.tracing = tracing
    }

    /// Lends one whose tries are told to the fleet's collector, where it has one.
    /// - Parameter logger: where trouble with the collector is told.
    public static func lend<Result: Sendable>(
        _ fleet: FleetDefinition, version: String, logger: Logger,
        _ body: @escaping @Sendable (ParkedAdministration) async throws -> Result
    ) async throws -> Result {
        guard let telemetry = FleetTelemetry(fleet, showsTraces: false, version: version, logger: logger) else {
            return try await body(ParkedAdministration(fleet))
        }
        return try await telemetry.telling {
            try await body(ParkedAdministration(fleet, tracing: telemetry.operatorTracing))
        }
    }

    private struct Site {
        /// Opens the store that the parked events are in.
        var open: @Sendable () throws -> any Store
        var name: String
        var parking: Parking
        var effect: Effect
    }

    /// What it means for an event not to be parked any more.
    private enum Effect {
        case publish(ServiceDefinition)
        case apply(ViewApplier, tracer: (any WorkTracer)?)
        case push(ServiceDefinition)
        /// A program of the service's own does it.
        case ask
    }

    /// Tries the parked events of a key, in order; first drops one of them, where one is named.
    private typealias Retrier = (
        _ key: String, _ discarded: ParkedEvent?
    ) async throws -> (applied: Int, failure: FleetError?)

    private func sites() throws -> [Site] {
        var sites: [Site] = []
        for service in fleet.services {
            let open: @Sendable () throws -> any Store = { try Connectors.store(of: service) }
            if !service.publishes.isEmpty {
                let parking = Parking(place: .outbox, stream: fleet.stream(of: service.name))
                sites.append(
                    Site(open: open, name: "\(service.name) outbox", parking: parking, effect: .publish(service)))
            }
            for view in service.views {
                for applier in try fleet.appliers(of: view, in: service) {
                    let parking = Parking(place: .subscription(view.name.text), stream: applier.stream)
                    sites.append(
                        Site(
                            open: open, name: applier.subscription.description, parking: parking,
                            effect: .apply(applier, tracer: tracing?.delivery(of: applier, in: service))))
                }
            }
            let push = SubscriptionName.push(to: service.name)
            for source in service.pushSources {
                let parking = Parking(place: .subscription(push.name), stream: fleet.stream(of: source))
                sites.append(Site(open: open, name: push.description, parking: parking, effect: .push(service)))
            }
            for consumer in service.consumers {
                let name = SubscriptionName(service: service.name, view: consumer.name)
                for source in consumer.sources {
                    let parking = Parking(place: .subscription(name.name), stream: fleet.stream(of: source))
                    sites.append(Site(open: open, name: name.description, parking: parking, effect: .ask))
                }
            }
        }
        if let journal = fleet.flowJournal {
            let fleet = fleet
            for applier in fleet.flows.flatMap({ fleet.appliers(of: $0) }) {
                sites.append(
                    Site(
                        open: { try Connectors.store(of: journal, in: fleet) },
                        name: applier.subscription.description, parking: applier.parking,
                        effect: .apply(applier, tracer: nil)))
            }
        }
        return sites
    }

    /// Every parked and waiting event, by place, in the order in which they were parked; at most `limit` a place.
    public func list(limit: Int = 1000) async throws -> [Item] {
        var items: [Item] = []
        for site in try sites() {
            let events = try await Connectors.with(try site.open()) { store in
                try await store.read { try site.parking.list(limit: limit, in: $0) }
            }
            items += events.map { Item(place: site.name, stream: site.parking.stream, event: $0) }
        }
        return items
    }

    /// What is parked, as far as stores tell: at most `limit` events a place, fewer where they are large.
    /// - Returns: what there is, and which places could not be looked at.
    public func look(limit: Int) async throws -> (items: [Item], failures: [(place: String, error: FleetError)]) {
        let bound = BatchLimit(events: EventCount(limit), bytes: .mebibytes(4))
        var items: [Item] = []
        var failures: [(place: String, error: FleetError)] = []
        for site in try sites() {
            do {
                let events = try await Connectors.with(try site.open()) { store in
                    try await store.read { try site.parking.batch(limit: bound, in: $0) }
                }
                items += events.map { Item(place: site.name, stream: site.parking.stream, event: $0) }
            } catch {
                failures.append((site.name, FleetError.wrapping(error)))
            }
        }
        return (items, failures)
    }

    /// Tries parked events again, with those that wait behind them. What fails stays parked.
    /// - Parameters:
    ///   - ids: event ids; every parked event where there are none.
    ///   - place: where they are parked, as ``Item/place`` calls it; everywhere where it is `nil`.
    public func retry(_ ids: [String], at place: String? = nil) async throws -> [Outcome] {
        try await forEachSite(at: place) { site, store, broker in
            let keys =
                ids.isEmpty
                ? nil : try await store.read { try Set(Self.events(ids, at: site, in: $0).map(\.event.key)) }
            if case .publish(let service) = site.effect {
                let results = try await release(at: site, of: service, store, broker).publish(keys: keys)
                return results.map {
                    Outcome(item: item($0.head, at: site), applied: $0.published, failure: $0.failure)
                }
            }
            // The first of a key is the one to try, with a reason or, where an earlier command was cut short, without.
            let heads = try await store.read { transaction in
                let keys = try keys ?? site.parking.heldKeys(in: transaction)
                return try keys.compactMap { try site.parking.head(of: $0, in: transaction) }
            }
            return try await withRetrier(at: site, store) { retry in
                var outcomes: [Outcome] = []
                for head in heads.sorted(by: { $0.sequence < $1.sequence }) {
                    let (applied, failure) = try await retry(head.event.key, nil)
                    outcomes.append(Outcome(item: item(head, at: site), applied: applied, failure: failure))
                }
                return outcomes
            }
        }
    }

    /// Drops parked events for good, and lets those that wait behind them go on.
    /// - Parameters:
    ///   - ids: event ids; every event that failed where there are none.
    ///   - place: where they are parked, as ``Item/place`` calls it; everywhere where it is `nil`.
    public func discard(_ ids: [String], at place: String? = nil) async throws -> [Outcome] {
        try await forEachSite(at: place) { site, store, broker in
            let chosen =
                ids.isEmpty
                ? try await failures(at: site, store)
                : try await store.read { try Self.events(ids, at: site, in: $0) }
            if case .publish(let service) = site.effect {
                return try await discard(chosen, at: site, store, release(at: site, of: service, store, broker))
            }
            return try await withRetrier(at: site, store) { retry in
                var outcomes: [Outcome] = []
                for event in chosen {
                    let (applied, failure) = try await retry(event.event.key, event)
                    outcomes.append(Outcome(item: item(event, at: site), applied: applied, failure: failure))
                }
                return outcomes
            }
        }
    }

    private func withRetrier(
        at site: Site, _ store: any Store, _ body: (Retrier) async throws -> [Outcome]
    ) async throws -> [Outcome] {
        let parking = site.parking
        switch site.effect {
        case .publish:
            throw FleetError(.bug, "what is parked at an outbox is released, and not retried")
        case .apply(let applier, let tracer):
            return try await body { key, discarded in
                let begun = ContinuousClock.now
                let tried = try await store.write {
                    transaction -> (applied: Int, failure: FleetError?, traced: [TracedEvent]) in
                    if let discarded { try parking.remove(discarded, in: transaction) }
                    // One that only waited leaves its key held by the one before it.
                    if let discarded, discarded.reason == nil { return (0, nil, []) }
                    return try applier.retry(key: key, automatically: false, at: .now(), in: transaction)
                }
                if !tried.traced.isEmpty { tracer?.worked(on: tried.traced, took: ContinuousClock.now - begun) }
                return (tried.applied, tried.failure)
            }
        case .ask:
            return try await body { key, discarded in
                try await store.write { transaction in
                    if let discarded { try parking.remove(discarded, in: transaction) }
                    if let discarded, discarded.reason == nil { return (0, nil) }
                    guard let head = try parking.head(of: key, in: transaction) else { return (0, nil) }
                    try parking.postpone(
                        head, reason: head.reason ?? "to be tried again", until: .now(), in: transaction)
                    return (0, nil)
                }
            }.map { outcome in
                var outcome = outcome
                outcome.isAsked = true
                return outcome
            }
        case .push(let service):
            let assembly = PushAssembly(of: service, in: fleet)
            let pushes = assembly.plans.filter { $0.stream == parking.stream }.map {
                ParkedPush(plan: $0, store: store, tracer: tracing?.push(of: $0, in: service))
            }
            do {
                let outcomes = try await body { key, discarded in
                    if let discarded { try await store.write { try parking.remove(discarded, in: $0) } }
                    guard let push = pushes.first, discarded == nil || discarded?.reason != nil else { return (0, nil) }
                    let (delivered, failure) = try await push.retry(key: key)
                    return (delivered, failure)
                }
                await assembly.close()
                return outcomes
            } catch {
                await assembly.close()
                throw error
            }
        }
    }

    /// The same at an outbox, in batches.
    private func discard(
        _ chosen: [ParkedEvent], at site: Site, _ store: any Store, _ release: OutboxRelease
    ) async throws -> [Outcome] {
        for start in stride(from: 0, to: chosen.count, by: Self.discardLimit) {
            let batch = chosen[start..<min(start + Self.discardLimit, chosen.count)]
            try await store.write { transaction in
                for event in batch { try site.parking.remove(event, in: transaction) }
            }
        }
        let results = try await release.publish(keys: Set(chosen.filter { $0.reason != nil }.map(\.event.key)))
        let byKey = Dictionary(results.map { ($0.head.event.key, $0) }) { first, _ in first }
        return chosen.map { event in
            let result = event.reason == nil ? nil : byKey[event.event.key]
            return Outcome(item: item(event, at: site), applied: result?.published ?? 0, failure: result?.failure)
        }
    }

    /// At most this many events are dropped in one transaction.
    private static let discardLimit = 4096

    /// Every event that failed, without its payload.
    private func failures(at site: Site, _ store: any Store) async throws -> [ParkedEvent] {
        var failures: [ParkedEvent] = []
        var next: Int64 = 0
        while true {
            let from = next
            let events = try await store.read { try site.parking.batch(from: from, limit: .standard, in: $0) }
            guard let last = events.last else { return failures }
            next = last.sequence + 1
            for var event in events where event.reason != nil {
                event.event.payload = []
                failures.append(event)
            }
        }
    }

    private func release(
        at site: Site, of service: ServiceDefinition, _ store: any Store, _ broker: any Broker
    ) -> OutboxRelease {
        let contract = RelayContract(service: service.name, maximumEventSize: service.outbox.maximumEventSize) {
            service.publishes.contains($0)
        }
        return OutboxRelease(
            parking: site.parking, contract: contract, store: store, broker: broker,
            tracer: tracing?.relay(of: service, stream: site.parking.stream))
    }

    private func item(_ event: ParkedEvent, at site: Site) -> Item {
        Item(place: site.name, stream: site.parking.stream, event: event)
    }

    private static func events(
        _ ids: [String], at site: Site, in transaction: any StoreTransaction
    ) throws -> [ParkedEvent] {
        try ids.flatMap { try site.parking.events(withID: normalised($0), in: transaction) }
    }

    private func forEachSite(
        at place: String?, _ body: (Site, any Store, any Broker) async throws -> [Outcome]
    ) async throws -> [Outcome] {
        let broker = Connectors.broker(of: fleet)
        var outcomes: [Outcome] = []
        do {
            for site in try sites() where place == nil || site.name == place {
                outcomes += try await Connectors.with(try site.open()) { try await body(site, $0, broker) }
            }
        } catch {
            await broker.close()
            throw error
        }
        await broker.close()
        return outcomes
    }

    /// Ids are compared in their canonical form; what is no UUID, as it stands.
    private static func normalised(_ id: String) -> String {
        EventID(id)?.description ?? id
    }
}
