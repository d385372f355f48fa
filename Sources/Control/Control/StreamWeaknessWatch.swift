import Brokers
import FleetCore
import Logging
import ServiceLifecycle

/// Looks what the streams lack though they can be carried, and tells it when it begins and when it ends.
struct StreamWeaknessWatch: Service {
    let streams: [StreamName]
    let broker: any Broker
    let logger: Logger

    private static let interval = Duration.seconds(10)

    func run() async {
        await cancelWhenGracefulShutdown {
            var told: [StreamName: String] = [:]
            while !Task.isCancelled {
                for stream in streams {
                    do {
                        tell(try await broker.weakness(of: stream), of: stream, &told)
                    } catch {
                        // A broker that cannot be asked is told by whoever carries.
                    }
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    private func tell(_ weakness: FleetError?, of stream: StreamName, _ told: inout [StreamName: String]) {
        guard told[stream] != weakness?.description else { return }
        told[stream] = weakness?.description
        if let weakness {
            logger.about(stream).warning("\(weakness)")
        } else {
            logger.about(stream).info("stream \(stream) lacks nothing again")
        }
    }
}
