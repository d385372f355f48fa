import Brokers
import FleetCore
import Logging
import ServiceLifecycle

/// Applies retention to each stream: at the start, and every minute.
struct TrimmingService: Service {
    let needs: BrokerNeeds
    let broker: any Broker
    let logger: Logger

    private static let interval = Duration.seconds(60)

    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                for stream in needs.streams {
                    do {
                        let readers = needs.subscriptions.filter { $0.stream == stream }.map(\.subscription)
                        try await broker.trim(stream, sparing: readers)
                    } catch {
                        let error = FleetError.wrapping(error)
                        if error.code != .cancelled {
                            logger.about(stream).warning("stream \(stream) was not trimmed: \(error)")
                        }
                    }
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}
