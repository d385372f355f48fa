import FleetCore
import Flotilla
import InMemoryTracing
import TestKit
import Testing
import Tracing

/// Sagas in code belong to the trace of whoever starts them.
@Suite struct SagaTracingTests {
    private static let traceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func carrying(_ runner: SagaRunner, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await runner.run() }
            try await body()
            group.cancelAll()
        }
        await runner.close()
    }

    private func published(_ service: ServiceFixture) async throws -> [SQLValue] {
        try await service.store.read { try $0.rows("SELECT traceparent FROM outbox ORDER BY aggregateid") }.map {
            $0[0]
        }
    }

    @Test(arguments: StoreKind.allCases) func stepsAreSpansOfTheTraceThatTheSagaWasStartedIn(on kind: StoreKind)
        async throws
    {
        try await ServiceFixture.run(on: kind) { service in
            let tracer = TestTracer()
            let saga = try OrderSaga.saga()
            let runner = try SagaRunner(saga, of: service.store, tracer: tracer)
            try await runner.setUp()
            // Given; the current span's; none, and nonsense.
            let given = try await runner.start(saga, OrderSaga.Order(id: "a"), id: "a", traceParent: Self.traceParent)
            let span = tracer.startSpan("place", context: .topLevel, ofKind: .server)
            let current = try await InstrumentationContext.withValue(span.context) {
                try await runner.start(saga, OrderSaga.Order(id: "b"), id: "b")
            }
            span.end()
            let none = try await runner.start(saga, OrderSaga.Order(id: "c"), id: "c")
            let nonsense = try await runner.start(saga, OrderSaga.Order(id: "d"), id: "d", traceParent: "nonsense")
            try await carrying(runner) {
                for id in [given, current, none, nonsense] {
                    let outcome = try await runner.outcome(of: id, within: .seconds(180))
                    #expect(outcome == .completed)
                }
            }
            func spans(of saga: String) -> [FinishedInMemorySpan] {
                tracer.memory.finishedSpans.filter {
                    $0.attributes["flotilla.saga.id"]?.toSpanAttribute() == .string(saga)
                }
            }
            let (own, within) = (spans(of: given), spans(of: current))
            try #require(own.map(\.operationName) == ["step reserve", "step charge", "step ship"] && within.count == 3)
            #expect(own.allSatisfy { $0.spanContext.traceID == "4bf92f3577b34da6a3ce929d0e0e4736" })
            #expect(own.allSatisfy { $0.spanContext.parentSpanID == "00f067aa0ba902b7" })
            let outer = span.context.inMemorySpanContext?.spanID
            #expect(within.map(\.spanContext.parentSpanID) == [outer, outer, outer])
            #expect(tracer.memory.finishedSpans.count == 7)
            // What a step publishes, and what it sends along, belongs to its attempt.
            func place(_ span: FinishedInMemorySpan) -> String {
                "00-\(span.spanContext.traceID)-\(span.spanContext.spanID)-01"
            }
            let events = try await published(service)
            #expect(events == [.text(place(own[0])), .text(place(within[0])), .null, .null])
            let reply = try await runner.state(given)?.runs.all.first { $0.id.name == "charge" }?.forward.reply
            #expect(reply == "\"\(place(own[1]))\"")
        }
    }

    /// In a transaction, with the transaction's place: a consumer's handler lends the event's. What fails is an error of its span.
    @Test func aStepThatFailsIsAnErrorAndWhatUndoesItASpan() async throws {
        try await ServiceFixture.run(on: .sqlite) { service in
            let tracer = TestTracer()
            let saga = try OrderSaga.saga()
            let runner = try SagaRunner(saga, of: service.store, tracer: tracer)
            try await runner.setUp()
            let id = try await service.store.transaction { transaction in
                try runner.start(
                    saga, OrderSaga.Order(id: "a", end: .refused), id: "a", traceParent: Self.traceParent,
                    in: transaction)
            }
            try await carrying(runner) {
                guard case .compensated = try await runner.outcome(of: id, within: .seconds(180)) else {
                    Issue.record("it was not undone")
                    return
                }
            }
            let spans = tracer.memory.finishedSpans
            #expect(spans.map(\.operationName) == ["step reserve", "step charge", "undo reserve"])
            #expect(spans.map { $0.errors.count } == [0, 1, 0])
        }
    }

    /// Where nobody makes spans, the saga's place is passed on.
    @Test func withoutABackEndTheTraceGoesOn() async throws {
        try await ServiceFixture.run(on: .sqlite) { service in
            let saga = try OrderSaga.saga()
            let runner = try SagaRunner(saga, of: service.store)
            try await runner.setUp()
            let id = try await runner.start(saga, OrderSaga.Order(id: "a"), id: "a", traceParent: Self.traceParent)
            try await carrying(runner) {
                let outcome = try await runner.outcome(of: id, within: .seconds(180))
                #expect(outcome == .completed)
            }
            let events = try await published(service)
            #expect(events == [.text(Self.traceParent)])
        }
    }
}
