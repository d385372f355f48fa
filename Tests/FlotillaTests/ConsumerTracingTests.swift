import Brokers
import FleetCore
import Flotilla
import InMemoryTracing
import Stores
import TestKit
import Testing
import Tracing

/// Handlers run inside spans of the service's own tracing back end.
@Suite struct ConsumerTracingTests {
    private static let traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func sell(_ setting: ConsumerTests.Fixture, _ traceParent: String?, number: Int) async throws {
        let event = FleetCore.Event(
            id: .make(), source: "/shop/sales", type: "OrderPlaced", key: "K\(number)", aggregateType: "order",
            time: .now(), traceParent: traceParent, payload: Array("{\"number\": \(number)}".utf8))
        _ = try await setting.broker.append([event], to: ConsumerTests.Fixture.sales)
    }

    @Test func theHandlerRunsInsideASpanOfTheEventsTrace() async throws {
        try await ConsumerTests.Fixture.run(on: .sqlite) { setting in
            let tracer = TestTracer()
            let consumer = try Consumer(
                "bills", of: setting.service.store, in: setting.fleet, tracer: tracer,
                [
                    .on(ConsumerTests.OrderPlaced.self, from: "sales") { order, _, transaction in
                        try transaction.publish(
                            ConsumerTests.BillWritten(number: order.number), key: "b\(order.number)")
                        try transaction.execute(
                            "INSERT INTO handled (place, key, number) VALUES ($1, $2, $1)", order.number,
                            TraceParent.current(tracer: tracer) ?? "none")
                    }
                ])
            try await sell(setting, Self.traceParent, number: 1)
            try await sell(setting, nil, number: 2)
            try await sell(setting, "nonsense", number: 3)
            try await setting.running(consumer) {
                try await eventually("all are handled") { try await setting.handled().count == 3 }
            }
            let spans = tracer.memory.finishedSpans
            #expect(spans.count == 1)
            let span = try #require(spans.first)
            #expect(span.operationName == "handle shop-sales" && span.kind == .consumer)
            #expect(span.spanContext.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
            #expect(span.spanContext.parentSpanID == "00f067aa0ba902b7")
            #expect(span.attributes["messaging.system"]?.toSpanAttribute() == .string("flotilla"))
            #expect(span.attributes["messaging.consumer.group.name"]?.toSpanAttribute() == .string("orders.bills"))
            // What the handler sees as its place, and writes into its outbox, is the span's.
            let own = "00-\(span.spanContext.traceID)-\(span.spanContext.spanID)-01"
            let rows = try await setting.service.store.read {
                try $0.rows("SELECT traceparent FROM outbox ORDER BY aggregateid")
            }
            #expect(rows.map { $0[0] } == [.text(own), .null, .null])
            let seen = try await setting.service.store.read { try $0.rows("SELECT key FROM handled ORDER BY number") }
            #expect(seen.map { $0[0] } == [.text(own), .text("none"), .text("none")])
        }
    }

    /// A handler that throws is an error of its span.
    @Test func aHandlerThatFailsIsAnErrorOfItsSpan() async throws {
        struct Refused: Error {}
        try await ConsumerTests.Fixture.run(on: .sqlite) { setting in
            let tracer = TestTracer()
            let consumer = try Consumer(
                "bills", of: setting.service.store, in: setting.fleet, tracer: tracer,
                [.on(ConsumerTests.OrderPlaced.self, from: "sales") { _, _, _ in throw Refused() }])
            try await sell(setting, Self.traceParent, number: 1)
            try await setting.running(consumer) {
                try await eventually("it was tried") { !tracer.memory.finishedSpans.isEmpty }
            }
            #expect(tracer.memory.finishedSpans.allSatisfy { !$0.errors.isEmpty })
        }
    }

    /// Where nobody makes spans, the event's place is passed on, and a table without the column takes none.
    @Test func withoutABackEndTheTraceGoesOn() async throws {
        try await ConsumerTests.Fixture.run(on: .sqlite) { setting in
            let consumer = try Consumer(
                "bills", of: setting.service.store, in: setting.fleet,
                [
                    .on(ConsumerTests.OrderPlaced.self, from: "sales") { order, _, transaction in
                        try transaction.publish(ConsumerTests.BillWritten(number: order.number), key: "b")
                    }
                ])
            try await sell(setting, Self.traceParent, number: 1)
            try await setting.running(consumer) {
                try await eventually("it is handled") {
                    try await setting.service.count("outbox") == .integer(1)
                }
            }
            let rows = try await setting.service.store.read { try $0.rows("SELECT traceparent FROM outbox") }
            #expect(rows.map { $0[0] } == [.text(Self.traceParent)])
        }
        try await ConsumerTests.Fixture.run(on: .sqlite) { setting in
            try await setting.service.store.transaction { try $0.script("ALTER TABLE outbox DROP COLUMN traceparent") }
            let consumer = try Consumer(
                "bills", of: setting.service.store, in: setting.fleet,
                [
                    .on(ConsumerTests.OrderPlaced.self, from: "sales") { order, _, transaction in
                        try transaction.publish(ConsumerTests.BillWritten(number: order.number), key: "b")
                    }
                ])
            try await sell(setting, Self.traceParent, number: 1)
            try await setting.running(consumer) {
                try await eventually("it is handled") {
                    try await setting.service.count("outbox") == .integer(1)
                }
            }
        }
    }
}
