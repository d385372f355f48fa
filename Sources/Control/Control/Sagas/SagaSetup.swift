import Brokers
import FleetCore
import FleetFile
import Inbox
import Stores

/// Begins the reading of the events that they need with what comes from now on: a saga that is
/// declared later does not start for orders of last year.
struct SagaSetup {
    let place: SagaPlace
    let fleet: FleetDefinition

    var name: String { "events of \(place.name)" }

    /// Changes nothing.
    func plan() async throws -> [String] {
        try await unread().map(step)
    }

    /// To be called once stores, journals and broker are set up.
    func apply() async throws -> [String] {
        let streams = try await unread()
        guard !streams.isEmpty else { return [] }
        let broker = Connectors.broker(of: fleet)
        do {
            try await begin(streams, broker)
        } catch {
            await broker.close()
            throw error
        }
        await broker.close()
        return streams.map(step)
    }

    private func begin(_ streams: [StreamName], _ broker: any Broker) async throws {
        let name = place.subscription.name
        try await Connectors.withStore(of: place.host) { store in
            for stream in streams {
                // A reader that has taken something, and a journal that knows nothing of it.
                let taken = try await broker.subscriptions(of: stream)[place.subscription] ?? .start
                guard taken == .start else {
                    throw FleetError(
                        .gap,
                        "the journal of \(place.name) is not the one that has taken the events of \(stream.service) up to"
                            + " \(taken): it was lost or replaced, and with it the sagas that were under way",
                        remedy:
                            "put it back from a backup; or take the sagas out of \(fleet.file), apply, and put them in again:"
                            + " then they begin anew")
                }
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
