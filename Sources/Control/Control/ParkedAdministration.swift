import Brokers
public import FleetCore
public import FleetFile
public import Parking
import Relay
import Stores
import Views

/// Lists, retries and discards parked events.
public struct ParkedAdministration: Sendable {
    /// A parked event and where it is.
    public struct Item: Sendable {
        /// `orders outbox`, or the view: `orders.order_lines`.
        public var place: String
        public var stream: StreamName
        public var event: ParkedEvent
    }

    /// What became of one request.
    public struct Outcome: Sendable {
        public var item: Item
        /// Events that took effect: the one asked for, and those that waited behind it.
        public var applied: Int
        /// Why one of them failed again; it stays parked.
        public var failure: FleetError?
    }

    private let fleet: FleetDefinition

    public init(_ fleet: FleetDefinition) {
        self.fleet = fleet
    }

    private struct Site {
        var service: ServiceDefinition
        var name: String
        var parking: Parking
        /// The view's applier; `nil` for an outbox.
        var applier: ViewApplier?
    }

    private func sites() throws -> [Site] {
        var sites: [Site] = []
        for service in fleet.services {
            if !service.publishes.isEmpty {
                let parking = Parking(place: .outbox, stream: fleet.stream(of: service.name))
                sites.append(Site(service: service, name: "\(service.name) outbox", parking: parking))
            }
            for view in service.views {
                for applier in try fleet.appliers(of: view, in: service) {
                    let parking = Parking(place: .view(view.name), stream: applier.stream)
                    sites.append(
                        Site(
                            service: service, name: applier.subscription.description, parking: parking, applier: applier
                        ))
                }
            }
        }
        return sites
    }

    /// Every parked and waiting event, by place, in the order in which they were parked; at most `limit` a place.
    public func list(limit: Int = 1000) async throws -> [Item] {
        var items: [Item] = []
        for site in try sites() {
            let events = try await Connectors.withStore(of: site.service) { store in
                try await store.read { try site.parking.list(limit: limit, in: $0) }
            }
            items += events.map { Item(place: site.name, stream: site.parking.stream, event: $0) }
        }
        return items
    }

    /// Tries parked events again, with those that wait behind them. What fails stays parked.
    /// - Parameter ids: event ids; every parked event where there are none.
    public func retry(_ ids: [String]) async throws -> [Outcome] {
        try await forEachSite { site, store, broker in
            let keys =
                ids.isEmpty
                ? nil : try await store.read { try Set(Self.events(ids, at: site, in: $0).map(\.event.key)) }
            guard let applier = site.applier else {
                let results = try await release(at: site, store, broker).publish(keys: keys)
                return results.map {
                    Outcome(item: item($0.head, at: site), applied: $0.published, failure: $0.failure)
                }
            }
            // The first of a key is the one to try, with a reason or, where an earlier command was cut short, without.
            let heads = try await store.read { transaction in
                let keys = try keys ?? site.parking.heldKeys(in: transaction)
                return try keys.compactMap { try site.parking.head(of: $0, in: transaction) }
            }
            var outcomes: [Outcome] = []
            for head in heads.sorted(by: { $0.sequence < $1.sequence }) {
                let (applied, failure) = try await store.write {
                    try applier.retry(key: head.event.key, automatically: false, at: .now(), in: $0)
                }
                outcomes.append(Outcome(item: item(head, at: site), applied: applied, failure: failure))
            }
            return outcomes
        }
    }

    /// Drops parked events for good, and lets those that wait behind them go on.
    /// - Parameter ids: event ids; every event that failed where there are none.
    public func discard(_ ids: [String]) async throws -> [Outcome] {
        try await forEachSite { site, store, broker in
            let chosen =
                ids.isEmpty
                ? try await failures(at: site, store)
                : try await store.read { try Self.events(ids, at: site, in: $0) }
            guard let applier = site.applier else {
                return try await discard(chosen, at: site, store, release(at: site, store, broker))
            }
            var outcomes: [Outcome] = []
            for event in chosen {
                let (applied, failure) = try await discard(event, at: site, store, applier)
                outcomes.append(Outcome(item: item(event, at: site), applied: applied, failure: failure))
            }
            return outcomes
        }
    }

    private func discard(
        _ event: ParkedEvent, at site: Site, _ store: any Store, _ applier: ViewApplier
    ) async throws -> (applied: Int, failure: FleetError?) {
        try await store.write { transaction in
            try site.parking.remove(event, in: transaction)
            // One that only waited leaves its key held by the one before it.
            if event.reason == nil { return (0, nil) }
            return try applier.retry(key: event.event.key, automatically: false, at: .now(), in: transaction)
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

    private func release(at site: Site, _ store: any Store, _ broker: any Broker) -> OutboxRelease {
        let service = site.service
        let contract = RelayContract(service: service.name, maximumEventSize: service.outbox.maximumEventSize) {
            service.publishes.contains($0)
        }
        return OutboxRelease(parking: site.parking, contract: contract, store: store, broker: broker)
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
        _ body: (Site, any Store, any Broker) async throws -> [Outcome]
    ) async throws -> [Outcome] {
        let broker = Connectors.broker(of: fleet)
        var outcomes: [Outcome] = []
        do {
            for site in try sites() {
                outcomes += try await Connectors.withStore(of: site.service) { try await body(site, $0, broker) }
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
