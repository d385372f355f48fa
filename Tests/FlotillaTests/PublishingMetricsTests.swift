import FleetCore
import Flotilla
import MetricsTestKit
import TestKit
import Testing

/// What is published is told to the service's metrics back end once it is committed, and once.
@Suite struct PublishingMetricsTests {
    private struct Refused: Error {}

    private static func sent(_ metrics: TestMetrics) -> Int64 {
        metrics.counterTotal(
            label: "messaging.client.sent.messages",
            dimensions: [
                ("messaging.system", "flotilla"), ("messaging.operation.name", "publish"), ("service", "orders"),
            ])
    }

    @Test(arguments: StoreKind.allCases) func aTransactionCountsWhatItCommits(on kind: StoreKind) async throws {
        let metrics = TestMetrics()
        try await ServiceFixture.run(on: kind, metrics: metrics) { service in
            try await service.store.transaction { transaction in
                for number in 1...3 {
                    try transaction.publish(ConsumerTests.BillWritten(number: number), key: "b")
                }
            }
            #expect(Self.sent(metrics) == 3)
            await #expect(throws: (any Error).self) {
                try await service.store.transaction { transaction in
                    try transaction.publish(ConsumerTests.BillWritten(number: 4), key: "b")
                    throw Refused()
                }
            }
            #expect(Self.sent(metrics) == 3)
            let id = EventID.make()
            for _ in 1...2 {
                try await service.store.handle(id, as: "bills") { transaction in
                    _ = try transaction.publish(ConsumerTests.BillWritten(number: 5), key: "b")
                }
            }
            #expect(Self.sent(metrics) == 4)
        }
    }

    /// A batch that is undone for one event, and done again, counts once; what a handler published that failed, never.
    @Test func aHandlerCountsWhatItsBatchCommits() async throws {
        let metrics = TestMetrics()
        try await ConsumerTests.Fixture.run(on: .sqlite, metrics: metrics) { setting in
            let consumer = try setting.consumer { order, transaction in
                try transaction.publish(ConsumerTests.BillWritten(number: order.number), key: "b\(order.number)")
                if order.number == 7 { throw Refused() }
            }
            try await setting.sell(1...10)
            try await setting.running(consumer) {
                // The tenth is of the seventh's key.
                try await setting.handles([1, 2, 3, 4, 5, 6, 8, 9])
                try await eventually("the seventh was tried again and again") {
                    try await setting.parked("reason IS NOT NULL AND next_attempt IS NULL") == 1
                }
                try await eventually("they are counted") { Self.sent(metrics) >= 8 }
            }
            #expect(Self.sent(metrics) == 8)
            let written = try await setting.service.count("outbox")
            #expect(written == .integer(8))
        }
    }
}
