import Brokers
import FleetCore
import FleetFile
import Inbox
import Stores

/// Makes a journal of sagas, and begins the reading of the events that they need with what comes from now on: a saga that is
/// declared later does not start for orders of last year.
struct SagaSetup {
    let place: SagaPlace
    let fleet: FleetDefinition

    private var setup: any StoreSetup { Connectors.setup(of: place.host) }
    var name: String { "\(place.name) (\(setup.name))" }

    /// Changes nothing.
    func plan() async throws -> [String] {
        // In a service's store the tables are made with the others of the service.
        let tables = place.isOwn ? try await setup.plan(place.needs).steps.map(\.description) : []
        return tables + (try await unread()).map(step)
    }

    /// To be called once the stores of all services and the broker are set up.
    func apply() async throws -> [String] {
        let tables = place.isOwn ? try await setup.apply(place.needs).steps.map(\.description) : []
        let streams = try await unread()
        guard !streams.isEmpty else { return tables }
        let broker = Connectors.broker(of: fleet)
        do {
            try await begin(streams, broker)
        } catch {
            await broker.close()
            throw error
        }
        await broker.close()
        return tables + streams.map(step)
    }

    private func begin(_ streams: [StreamName], _ broker: any Broker) async throws {
        let name = place.subscription.name
        try await Connectors.withStore(of: place.host) { store in
            for stream in streams {
                let bounds = try await broker.bounds(of: stream)
                _ = try await store.write { transaction in
                    try Inbox.begin(name, in: stream, identity: bounds.identity, after: bounds.last, transaction)
                }
            }
        }
    }

    /// Streams that are not read yet.
    private func unread() async throws -> [StreamName] {
        let streams = place.sources.map { fleet.stream(of: $0) }
        let name = place.subscription.name
        do {
            return try await Connectors.withStore(of: place.host) { store in
                try await store.read { transaction in
                    try streams.filter { try Inbox.state(of: name, in: $0, transaction) == nil }
                }
            }
        } catch let error as FleetError where [.missing, .statement].contains(error.code) {
            // Neither the store nor its tables are there.
            return streams
        }
    }

    private func step(_ stream: StreamName) -> String { "read the events of \(stream.service) from now on" }
}
