import Signals
import Synchronization

/// What the servers of stores run that takes the most time, as it was seen last: written by who looks, read by who shows it.
final class StatementBoard: Sendable {
    private let statements = Mutex<[String: [StatementReading]]>([:])

    /// - Parameter service: whose store it is.
    func set(_ readings: [StatementReading], of service: String) {
        statements.withLock { $0[service] = readings.isEmpty ? nil : readings }
    }

    func statements(of service: String) -> [StatementReading] { statements.withLock { $0[service] ?? [] } }
}
