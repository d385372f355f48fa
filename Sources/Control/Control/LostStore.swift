import Brokers
import FleetCore
import FleetFile

/// A store in which Flotilla has never been, of a service whose events the broker has already: it is another store than the one
/// that they came from.
struct LostStore {
    let text: String

    /// - Returns: `nil` where the broker knows nothing of the service, or cannot be asked.
    init?(of service: ServiceDefinition, in fleet: FleetDefinition) async {
        guard !service.publishes.isEmpty else { return nil }
        let stream = fleet.stream(of: service.name)
        let broker = Connectors.broker(of: fleet, isReadOnly: true)
        let bounds = try? await broker.bounds(of: stream)
        await broker.close()
        guard let bounds, bounds.last > .start else { return nil }
        text =
            "the store of \(service.name) is a new one, and stream \(stream) has \(bounds.last) records of another: where"
            + " that was lost, put its newest copy back; what it had not published yet is not in the stream"
    }
}
