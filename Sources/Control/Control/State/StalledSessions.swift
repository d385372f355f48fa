import FleetCore
import FleetFile
import Logging
import ServiceLifecycle

/// Frees what a process holds that carried the fleet before and was paused within a transaction (SIGSTOP, a machine that
/// sleeps): its sessions at the servers are ended, so that nobody waits for their locks. Once it goes on it is refused.
struct StalledSessions: Service {
    let fleet: FleetDefinition
    let logger: Logger

    private static let interval = Duration.seconds(2)
    /// Between two statements of a transaction lies what a processor does in between: milliseconds.
    private static let patience = Duration.seconds(5)

    func run() async {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil {
                for service in fleet.services {
                    // A server that does not answer is told by those who work with it.
                    tell(
                        try? await Connectors.endStalledSessions(of: service, after: Self.patience),
                        service.store.description)
                }
                tell(
                    try? await Connectors.endStalledSessions(ofJournalsOf: fleet, after: Self.patience),
                    fleet.state.store?.description ?? "")
            }
        }
    }

    private func tell(_ ended: Int?, _ place: String) {
        guard let ended, ended > 0 else { return }
        logger.warning(
            """
            ended \(ended) session\(ended == 1 ? "" : "s") at \(place) that stood still within a transaction: a process \
            that carried fleet \(fleet.name) before is paused
            """)
    }
}
