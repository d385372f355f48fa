#if NATS
    import BrokerConformance
    import Brokers
    import FleetCore
    import Foundation
    import TestKit
    import Testing

    @testable import NATSBroker

    @Suite struct NATSBrokerConformanceTests {
        /// Each check has a server of its own: the suite names its streams.
        @Test(arguments: BrokerConformance.checks)
        func conforms(check: BrokerConformance.Check) async throws {
            let server = try await NATSServer()
            try await check.run(.nats([server.url]))
        }
    }

    /// On one cluster, whose streams are removed between the checks.
    @Suite(.serialized) struct NATSClusterConformanceTests {
        private static let cluster = Task { try await NATSCluster() }

        @Test(arguments: BrokerConformance.checks)
        func conforms(check: BrokerConformance.Check) async throws {
            let servers = try await Self.cluster.value.servers.map(\.url)
            let connection = try await NATSConnection.open(NATSSettings(servers: servers, name: "test"), for: .asking)
            for stream in ["northwind-orders", "northwind-stock"] {
                try await eventually("stream \(stream) is removed") { try await connection.isWithout(stream) }
            }
            await connection.close()
            try await check.run(.nats(servers, replicas: 3))
        }
    }

    extension NATSConnection {
        /// Removes a stream.
        /// - Returns: whether it is not there, and JetStream answers.
        func isWithout(_ stream: String) async throws -> Bool {
            do {
                _ = try await request(
                    [], to: "$JS.API.STREAM.DELETE.\(stream)", timeout: .seconds(5), doing: "remove a stream")
                return try await JetStreamAPI(connection: self).streamIfPresent(stream) == nil
            } catch let error as FleetError where error.isRetriable {
                return false
            }
        }
    }

    extension BrokerConformance {
        static func nats(_ servers: [String], replicas: Int = 1) -> BrokerConformance {
            var features = Features()
            features.ageFollowsClock = false
            features.sizeIsExact = false
            features.trimsExactly = false
            features.batchesAreAtomic = false
            let settings = NATSSettings(servers: servers, name: "test", replicas: replicas)
            return BrokerConformance(
                features: features,
                create: { streams in
                    let setup = NATSBrokerSetup(settings, mappings: [:], limit: .gibibytes(1))
                    // A cluster that has just begun elects somebody first.
                    try await eventually("JetStream answers") {
                        do {
                            _ = try await setup.create(streams)
                            return true
                        } catch let error as FleetError where error.isRetriable {
                            return false
                        }
                    }
                },
                open: { retention, clock in NATSBroker(settings, retention: retention, clock: clock) })
        }
    }

    extension NATSBrokerSetup {
        /// Makes streams that are not there yet; applying to others would remove the readers that nobody declares.
        func create(_ streams: [StreamName]) async throws {
            for stream in streams {
                let needs = BrokerNeeds(streams: [stream], subscriptions: [])
                if try await plan(needs).contains("create stream \(stream)") { _ = try await apply(needs) }
            }
        }
    }
#endif
