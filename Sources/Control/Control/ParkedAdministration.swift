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
            // The first of a key is the one to try, with a reason or, where an earlier command was cut short, without.
            let heads = try await store.read { transaction in
                let keys =
                    ids.isEmpty
                    ? try site.parking.heldKeys(in: transaction)
                    : Set(try Self.events(ids, at: site, in: transaction).map(\.event.key))
                return try keys.compactMap { try site.parking.head(of: $0, in: transaction) }
            }
            var outcomes: [Outcome] = []
            for head in heads.sorted(by: { $0.sequence < $1.sequence }) {
                let (applied, failure) = try await proceed(site, key: head.event.key, store, broker)
                outcomes.append(Outcome(item: item(head, at: site), applied: applied, failure: failure))
            }
            return outcomes
        }
    }

    /// Drops parked events for good, and lets those that wait behind them go on.
    /// - Parameter ids: event ids; every event that failed where there are none.
    public func discard(_ ids: [String]) async throws -> [Outcome] {
        try await forEachSite { site, store, broker in
            let chosen = try await store.read { transaction in
                ids.isEmpty
                    ? try site.parking.list(limit: 100_000, in: transaction).filter { $0.reason != nil }
                    : try Self.events(ids, at: site, in: transaction)
            }
            var outcomes: [Outcome] = []
            for event in chosen {
                try await store.write { try site.parking.remove(event, in: $0) }
                // One that only waited leaves its key held by the one before it.
                let (applied, failure) =
                    event.reason == nil ? (0, nil) : try await proceed(site, key: event.event.key, store, broker)
                outcomes.append(Outcome(item: item(event, at: site), applied: applied, failure: failure))
            }
            return outcomes
        }
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

    /// Lets the parked events of a key take effect, in order, up to the first that fails.
    private func proceed(
        _ site: Site, key: String, _ store: any Store, _ broker: any Broker
    ) async throws -> (applied: Int, failure: FleetError?) {
        if let applier = site.applier {
            return try await store.write { try applier.retry(key: key, automatically: false, at: .now(), in: $0) }
        }
        let contract = RelayContract(service: site.service.name, maximumEventSize: site.service.outbox.maximumEventSize)
        {
            site.service.publishes.contains($0)
        }
        var applied = 0
        while let head = try await store.read({ try site.parking.head(of: key, in: $0) }) {
            let objection =
                EventID(head.eventID) == nil
                ? "its id \"\(head.eventID.prefix(64))\" is not a UUID" : contract.objection(to: head.event)
            if let objection {
                try await store.write { transaction in
                    try site.parking.recordFailure(of: head, reason: objection, nextAttempt: nil, in: transaction)
                }
                return (applied, FleetError(.badEvent, objection))
            }
            // Durable in the broker first: if this ends here, the event is published again, under the same id.
            _ = try await broker.append([head.event], to: site.parking.stream)
            try await store.write { try site.parking.remove(head, in: $0) }
            applied += 1
        }
        return (applied, nil)
    }
}
