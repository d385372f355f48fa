import FleetCore
import FleetFile
import Signals

/// Whose the replication slots of a database are, which each store there is told of.
///
/// A slot of a service's outbox is told of that service's store alone. One that is nobody's in this fleet is told once: of the
/// first service in its database.
struct SlotOwners: Sendable {
    private struct Slot: Hashable {
        var database: [String]
        var name: String
    }

    private var databases: [String: [String]] = [:]
    private var firsts: [[String]: String] = [:]
    private var owners: [Slot: String] = [:]

    init(_ fleet: FleetDefinition) {
        for service in fleet.services {
            guard let slot = Connectors.slot(of: service, stream: fleet.stream(of: service.name)) else { continue }
            let name = service.name.text
            databases[name] = slot.database
            if firsts[slot.database] == nil { firsts[slot.database] = name }
            owners[Slot(database: slot.database, name: slot.name)] = name
        }
    }

    /// Whether a service's store tells of what it was told.
    func tells(_ reading: Readings.Reading, of service: ServiceName) -> Bool {
        guard let database = databases[service.text], let name = reading.labels.first,
            Connectors.slotMetrics.contains(reading.metric)
        else { return true }
        return (owners[Slot(database: database, name: name)] ?? firsts[database]) == service.text
    }

    /// Where a slot is, for people.
    /// - Parameter labels: the service of whose store it is told, and the slot.
    func place(_ labels: [String]) -> String {
        guard labels.count == 2, let database = databases[labels[0]],
            owners[Slot(database: database, name: labels[1])] == nil
        else { return labels.joined(separator: " ") }
        return "\(labels[1]), at the server of \(labels[0])"
    }
}
