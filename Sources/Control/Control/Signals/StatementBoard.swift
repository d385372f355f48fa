import FleetFile
import Signals
import Synchronization

/// What the servers of stores run that takes the most time, as it was seen last: written by who looks, read by who shows it.
final class StatementBoard: Sendable {
    private let statements = Mutex<[String: [StatementReading]]>([:])
    private let owners: StatementOwners

    init(_ fleet: FleetDefinition) {
        owners = StatementOwners(fleet)
    }

    /// - Parameter service: whose store it is.
    func set(_ readings: [StatementReading], of service: String) {
        statements.withLock { $0[service] = readings.isEmpty ? nil : readings }
    }

    /// Each with whom it is run for, where that is known.
    func statements(of service: String) -> [(reading: StatementReading, owner: StatementOwners.Owner?)] {
        statements.withLock { $0[service] ?? [] }.map { ($0, owners.owner(of: $0, in: service)) }
    }
}
