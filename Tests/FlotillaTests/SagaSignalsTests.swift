import FleetCore
import Flotilla
import Logging
import MetricsTestKit
import TestKit
import Testing

/// What a runner of sagas tells the service's own log and metrics back end.
@Suite struct SagaSignalsTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test(arguments: StoreKind.allCases) func aRunnerTellsWhatBecomesOfItsSagas(on kind: StoreKind) async throws {
        let (log, metrics) = (TestLog(), TestMetrics())
        try await ServiceFixture.run(on: kind, metrics: metrics) { service in
            let saga = try OrderSaga.saga()
            let runner = try SagaRunner(saga, of: service.store, logger: log.logger, metrics: metrics)
            try await runner.setUp()
            for end in [OrderSaga.Order.End.placed, .refused, .parked] {
                _ = try await runner.start(
                    saga, OrderSaga.Order(id: "zqid", end: end), id: end.rawValue,
                    traceParent: "00-\(Self.trace)-00f067aa0ba902b7-01")
            }
            func total(_ name: String, _ dimensions: [(String, String)]) -> Int64 {
                let dimensions = [("saga", "place_order")] + dimensions
                return metrics.counterTotal(label: "flotilla.sagas.\(name)", dimensions: dimensions)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await runner.run() }
                try await eventually("two have ended, and one is parked") {
                    total("ended", []) == 2 && total("steps", [("outcome", "parked")]) == 1
                }
                try await eventually("both are told") {
                    !log.with("is parked").isEmpty && !log.with("compensated").isEmpty
                }
                group.cancelAll()
            }
            await runner.close()
            #expect(total("started", []) == 3)
            #expect(total("ended", [("outcome", "completed")]) == 1)
            #expect(total("ended", [("outcome", "compensated")]) == 1)
            #expect(
                total("steps", [("step", "reserve"), ("direction", "forward"), ("outcome", "done")]) == 3)
            #expect(total("steps", [("step", "reserve"), ("direction", "compensation"), ("outcome", "done")]) == 1)
            let took = try metrics.expectTimer(
                "flotilla.sagas.duration", [("saga", "place_order"), ("outcome", "completed")])
            #expect(took.values.count == 1)
            #expect(metrics.counterTotal(label: "messaging.client.sent.messages") == 3)

            let (parked, undone) = (log.with("is parked"), log.with("compensated"))
            try #require(parked.count == 1 && undone.count == 1, "\(log.all)")
            #expect(parked[0].level == .warning && undone[0].level == .info)
            #expect(parked[0].metadata["saga"] == "place_order/parked" && parked[0].message.contains("ship"))
            #expect(undone[0].metadata["saga"] == "place_order/refused" && undone[0].message.contains("no money"))
            for line in parked + undone {
                #expect(line.metadata["runner"] == "orders.sagas" && line.metadata["trace_id"] == Self.trace)
            }
            #expect(!"\(log.all)".contains("zqcard") && !"\(log.all)".contains("zqid"))
            let course = log.all.filter { $0.level == .debug }.map(\.message)
            #expect(course == ["orders.sagas begins", "orders.sagas has ended"])
        }
    }
}
