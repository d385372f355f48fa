#if NATS
    import Brokers
    import FleetCore
    import Foundation
    import NATSBroker
    import TestKit

    /// A private nats-server with JetStream, and the stream that the benchmarks use.
    enum NATSBench {
        /// Where a process of the benchmark finds the server.
        static let variable = "FLOTILLA_BENCH_NATS"
        static let stream = StreamName(fleet: FleetName(unchecked: "bench"), service: ServiceName(unchecked: "orders"))
        static let reader = SubscriptionName(
            service: ServiceName(unchecked: "reports"), view: ViewName(unchecked: "lines"))

        /// On a disk: the directory for temporary files may be in memory.
        static func server() async throws -> NATSServer {
            setenv("TMPDIR", "/var/tmp", 1)
            let server = try await NATSServer()
            setenv(variable, server.url, 1)
            return server
        }

        /// The broker at the server that the environment names, with its stream.
        static func broker() async throws -> NATSBroker {
            guard let url = ProcessInfo.processInfo.environment[variable] else {
                throw FleetError(.invalidInput, "\(variable) names no server")
            }
            let settings = NATSSettings(servers: [url], name: url)
            let needs = BrokerNeeds(streams: [stream], subscriptions: [(reader, stream)])
            _ = try await NATSBrokerSetup(settings, mappings: [:], limit: .gibibytes(16)).apply(needs)
            return NATSBroker(
                settings, retention: Retention(age: .seconds(86_400), size: .gibibytes(8), limit: .gibibytes(16)))
        }
    }
#endif
