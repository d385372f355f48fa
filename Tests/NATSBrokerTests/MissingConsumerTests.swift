#if NATS
    import Brokers
    import FleetCore
    import Foundation
    import NATSBroker
    import TestKit
    import Testing

    /// A consumer that is missing hinders nobody from carrying: whoever reads makes it anew.
    @Suite struct MissingConsumerTests {
        @Test func onlyAMissingStreamHinders() async throws {
            let server = try await NATSServer.shared()
            let settings = NATSSettings(servers: [server.url], name: "test")
            let setup = NATSBrokerSetup(settings, mappings: [:], limit: .gibibytes(1))
            let stream = StreamName(
                fleet: FleetName(unchecked: "f\(UUID().uuidString.prefix(8).lowercased())"),
                service: ServiceName(unchecked: "orders"))
            let subscription = SubscriptionName(
                service: ServiceName(unchecked: "copies"), view: ViewName(unchecked: "ledger"))
            let needs = BrokerNeeds(streams: [stream], subscriptions: [(subscription, stream)])
            #expect(try await setup.obstacles(to: needs).contains("create stream \(stream)"))
            _ = try await setup.apply(needs)
            #expect(try await setup.plan(needs).isEmpty)

            let broker = NATSBroker(
                settings, retention: Retention(age: .seconds(3600), size: .gibibytes(1), limit: .gibibytes(1)))
            try await broker.unsubscribe(subscription, from: stream)
            #expect(try await setup.plan(needs) == ["subscribe \(subscription) to stream \(stream)"])
            #expect(try await setup.obstacles(to: needs).isEmpty)

            try await broker.subscribe(subscription, to: stream, at: .start)
            #expect(try await setup.plan(needs).isEmpty)
            await broker.close()
        }
    }
#endif
