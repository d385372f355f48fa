import FleetCore
import FleetFile
import Logging
import ServiceLifecycle
import Stores
import Synchronization

/// The gates of a fleet's parts, by their names: `orders` is the outbox of a service, `orders.order_lines` a subscription.
final class FlowGates: Sendable {
    private let gates: [String: FlowGate]
    private let restarts: Mutex<[String: Int64]>

    /// - Parameter entries: what operators have told until now.
    init(_ subjects: [String], entries: [FlowEntry]) {
        let paused = Set(entries.filter { $0.pausedSince != nil }.map(\.subject))
        gates = Dictionary(subjects.map { ($0, FlowGate(isPaused: paused.contains($0))) }) { first, _ in first }
        restarts = Mutex(Dictionary(entries.map { ($0.subject, $0.restarts) }) { $1 })
    }

    /// The gate of a part; one that nobody ever closes where the part is not known.
    func gate(of subject: String) -> FlowGate { gates[subject] ?? FlowGate() }

    /// Tells each part what an operator has told it since.
    func tell(_ entries: [FlowEntry]) {
        let known = Dictionary(entries.map { ($0.subject, $0) }) { $1 }
        for (subject, gate) in gates {
            let entry = known[subject]
            gate.setPaused(entry?.pausedSince != nil)
            let count = entry?.restarts ?? 0
            let isNew = restarts.withLock { restarts in
                defer { restarts[subject] = count }
                return restarts[subject, default: 0] != count
            }
            if isNew { gate.restart() }
        }
    }
}

/// Looks what operators tell the fleet's parts, and passes it on.
struct FlowWatch: Service {
    let state: any FleetState
    let gates: FlowGates
    let changes: ChangeSignal
    let logger: Logger

    /// An operator's word is heard within this time.
    private static let interval = Duration.milliseconds(250)

    func run() async {
        await cancelWhenGracefulShutdown {
            var last: [FlowEntry]?
            var failure: String?
            while !Task.isCancelled {
                do {
                    let entries = try await state.flow()
                    if entries != last {
                        gates.tell(entries)
                        changes.notify()
                        last = entries
                    }
                    failure = nil
                } catch {
                    // What is paused stays paused, and nothing else.
                    let error = FleetError.wrapping(error)
                    if error.code != .cancelled, failure != error.description {
                        logger.warning("what is paused cannot be read: \(error)")
                        failure = error.description
                    }
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}

extension FleetDefinition {
    /// Every subscription, with its service.
    var subscriptions: [(service: ServiceDefinition, name: SubscriptionName, sources: [ServiceName])] {
        services.flatMap { service in service.subscriptions.map { (service, $0.name, $0.sources) } }
    }

    /// What can be paused: services by their outbox, and subscriptions.
    var flowSubjects: [String] {
        publishers.map(\.service.name.text) + subscriptions.map(\.name.description)
    }

    /// Subscriptions that services read by programs of their own.
    var consumers: Set<String> {
        Set(services.flatMap { service in service.consumers.map { "\(service.name).\($0.name)" } })
    }
}
