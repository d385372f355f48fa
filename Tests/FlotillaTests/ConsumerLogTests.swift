import Brokers
import FleetCore
import Flotilla
import Foundation
import Logging
import MetricsTestKit
import TestKit
import Testing

/// What a consumer tells the service's own log.
@Suite struct ConsumerLogTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    /// Which event, of which trace, and why; not what it carries, nor whose it is.
    @Test func whatIsParkedIsTold() async throws {
        struct Refused: Error {}
        try await ConsumerTests.Fixture.run(on: .sqlite) { setting in
            let log = TestLog()
            let event = FleetCore.Event(
                id: .make(), source: "/shop/sales", type: "OrderPlaced", key: "zqkey", aggregateType: "order",
                time: .now(), traceParent: "00-\(Self.trace)-00f067aa0ba902b7-01",
                payload: Array("{\"number\": 1, \"card\": \"zqcard\"}".utf8))
            _ = try await setting.broker.append([event], to: ConsumerTests.Fixture.sales)
            let consumer = try Consumer(
                "bills", of: setting.service.store, in: setting.fleet, logger: log.logger,
                [.on(ConsumerTests.OrderPlaced.self, from: "sales") { _, _, _ in throw Refused() }])
            try await setting.running(consumer) {
                try await eventually("it is parked for good") {
                    try await setting.parked("reason IS NOT NULL AND next_attempt IS NULL") == 1
                }
            }
            let told = log.with("is parked")
            try #require(told.count == 1, "\(log.all)")
            #expect(told[0].level == .warning && told[0].message.contains("orders.bills: "))
            #expect(told[0].message.contains("Refused"))
            let metadata = told[0].metadata
            #expect(metadata["stream"] == "shop-sales" && metadata["subscription"] == "orders.bills")
            #expect(metadata["event"] == event.id.description && metadata["type"] == "OrderPlaced")
            #expect(metadata["trace_id"] == Self.trace && metadata["span_id"] == "00f067aa0ba902b7")
            #expect(!"\(log.all)".contains("zqkey") && !"\(log.all)".contains("zqcard"))
            let course = log.all.filter { $0.level == .debug }.map(\.message)
            #expect(course == ["orders.bills from sales begins", "orders.bills from sales has ended"])
        }
    }

    /// However often it is tried meanwhile.
    @Test func whatStandsInTheWayIsToldOnceAndItsEndAsWell() async throws {
        try await ConsumerTests.Fixture.run(on: .sqlite) { setting in
            let (log, metrics) = (TestLog(), TestMetrics())
            let (streams, away) = (setting.directory.file("streams"), setting.directory.file("away"))
            try FileManager.default.moveItem(atPath: streams, toPath: away)
            let consumer = try Consumer(
                "bills", of: setting.service.store, in: setting.fleet, logger: log.logger, metrics: metrics,
                [
                    .on(ConsumerTests.OrderPlaced.self, from: "sales") { order, event, transaction in
                        try transaction.execute(
                            "INSERT INTO handled (place, key, number) VALUES (0, $1, $2)", event.key, order.number)
                    }
                ])
            try await setting.running(consumer) {
                try await eventually("it was tried three times") {
                    metrics.counterTotal(label: "flotilla.failures") >= 3
                }
                try await eventually("that is told") { !log.with(" waits: ").isEmpty }
                try FileManager.default.moveItem(atPath: away, toPath: streams)
                try await setting.sell(1...1)
                try await eventually("it is handled") { try await setting.handled() == [1] }
                try await eventually("its end is told") { !log.with("goes on").isEmpty }
            }
            let (begun, ended) = (log.with(" waits: "), log.with("goes on"))
            try #require(begun.count == 1 && ended.count == 1, "\(log.all)")
            #expect(begun[0].level == .warning && begun[0].metadata["error"] == "missing")
            #expect(begun[0].message.hasPrefix("orders.bills from sales waits: "))
            #expect(begun[0].metadata["stream"] == "shop-sales")
            #expect(ended[0].level == .info && ended[0].message == "orders.bills from sales goes on")
        }
    }
}
