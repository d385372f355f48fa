import FleetCore
import FleetFile
import Logging
import ServiceLifecycle

/// What a store keeps of its log because it was not captured yet.
enum RetainedLog {
    /// What is to be told where it is more than the fleet file allows.
    static func error(of service: ServiceDefinition, _ retained: ByteCount) -> FleetError? {
        let limit = service.outbox.maximumRetainedLog
        guard retained > limit else { return nil }
        return FleetError(
            .full,
            "\(service.store) keeps \(retained) of its log for the outbox of \(service.name), and the bound is \(limit)",
            remedy:
                "see that `flotilla run` carries it (a long transaction holds it too), raise outbox.max_retained, or give"
                + " it up with `flotilla apply --remove \(service.name)`: else its disk fills up")
    }
}

/// Looks how much log the stores keep, and tells where one begins to keep more than the fleet file allows.
struct RetainedLogWatch: Service {
    let services: [(service: ServiceDefinition, stream: StreamName)]
    let logger: Logger

    private static let interval = Duration.seconds(10)

    func run() async {
        await cancelWhenGracefulShutdown {
            var told: Set<ServiceName> = []
            while !Task.isCancelled {
                for (service, stream) in services where service.outbox.capture != .poll {
                    // A store that cannot be asked is told by whoever captures from it.
                    guard let retained = try? await Connectors.retainedLog(of: service, stream: stream) else {
                        continue
                    }
                    if let error = RetainedLog.error(of: service, retained) {
                        if told.insert(service.name).inserted { logger.about(service.name).error("\(error)") }
                    } else if told.remove(service.name) != nil {
                        logger.about(service.name).info(
                            "the log that is kept for the outbox of \(service.name) is within its bound again")
                    }
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}
