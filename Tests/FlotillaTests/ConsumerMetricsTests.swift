import FleetCore
import Flotilla
import Metrics
import MetricsTestKit
import TestKit
import Testing

/// What a consumer tells the service's own metrics back end.
@Suite struct ConsumerMetricsTests {
    @Test(arguments: ConsumerTests.BrokerKind.allCases)
    func aConsumerTellsTheServicesBackEnd(_ broker: ConsumerTests.BrokerKind) async throws {
        struct Refused: Error {}
        try await ConsumerTests.Fixture.run(on: .sqlite, broker) { setting in
            let metrics = TestMetrics()
            try await setting.sell(1...20)
            let consumer = try Consumer(
                "billing", of: setting.service.store, in: setting.fleet, metrics: metrics,
                [
                    .on(ConsumerTests.OrderPlaced.self, from: "sales") { order, _, _ in
                        if order.number == 20 { throw Refused() }
                    }
                ])
            let messaging = [
                ("messaging.system", broker == .embedded ? "flotilla" : broker.rawValue),
                ("messaging.operation.name", "handle"),
                ("messaging.destination.name", "shop-sales"), ("messaging.consumer.group.name", "orders.billing"),
            ]
            let place = [("subscription", "orders.billing"), ("stream", "shop-sales")]
            try await setting.running(consumer) {
                try await eventually("all are consumed") {
                    metrics.counterTotal(label: "messaging.client.consumed.messages", dimensions: messaging) == 20
                }
                try await eventually("one is parked") {
                    metrics.counterTotal(label: "flotilla.events.parked", dimensions: place) == 1
                }
            }
            let latency = try metrics.expectTimer("flotilla.delivery.latency", place)
            #expect(latency.values.count == 20)
            #expect(latency.values.allSatisfy { $0 >= 0 && $0 < 3_600_000_000_000 })
            #expect(try !metrics.expectTimer("messaging.process.duration", messaging).values.isEmpty)
        }
    }
}
