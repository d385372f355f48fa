import FleetCore
import Testing
import Traces

/// Which traces are held for who looks, and what is found among them.
@Suite struct RecentTracesTests {
    private func ids(_ found: [RecentTraces.Trace]) -> [TraceContext.TraceID] { found.map(\.id) }
    private func id(_ number: UInt64) -> TraceContext.TraceID { Given.trace(number).trace }

    @Test func aTraceIsWhatCameOfIt() throws {
        var traces = RecentTraces()
        traces.add([Given.span(1, from: 1, took: 0.5), Given.span(2, from: 3), Given.span(1, from: 1.2, took: 0.1)])
        traces.add([Given.span(1, from: 1.6, took: 0.2, status: .error("too dear"))])
        let one = try #require(traces.trace(id(1)))
        #expect(one.spans.count == 3 && one.kind == .failed && one.failure == "too dear")
        #expect(one.start == Given.time(1) && one.duration == .milliseconds(800))
        #expect(traces.trace(id(2))?.kind == .other && traces.trace(id(3)) == nil)
    }

    @Test func whatIsSlowIsSaidSo() {
        var traces = RecentTraces(RecentTraces.Settings(slow: .milliseconds(500)))
        traces.add([Given.span(1, took: 0.499), Given.span(2, took: 0.5)])
        #expect(traces.trace(id(1))?.kind == .other && traces.trace(id(2))?.kind == .slow)
        // Together two of its spans last as long.
        traces.add([Given.span(1, from: 0.4, took: 0.2)])
        #expect(traces.trace(id(1))?.kind == .slow)
        #expect(ids(traces.find(.init(kind: .slow, order: .slowest))) == [id(1), id(2)])
    }

    @Test func theManyThatGoWellPushOutNoneThatFailed() async {
        var traces = RecentTraces(RecentTraces.Settings(memory: .kibibytes(300)))
        traces.add([Given.span(1, status: .error("no")), Given.span(2, took: 3)])
        for number in 10..<20_000 as Range<UInt64> {
            if number % 100 == 0 { await Task.yield() }
            traces.add([Given.span(number, from: Double(number))])
            if number == 5000 { traces.add([Given.span(number - 1, status: .error("late"))]) }
        }
        #expect(traces.trace(id(1)) != nil && traces.trace(id(2)) != nil && traces.trace(id(4999)) != nil)
        #expect(traces.footprint.value <= 300 << 10 && traces.count > 100, "\(traces.footprint), \(traces.count)")
        // The youngest are those that are held.
        #expect(traces.trace(id(19_999)) != nil && traces.trace(id(10)) == nil)
    }

    @Test func ofFailedOnesTheOldestGo() {
        var traces = RecentTraces(RecentTraces.Settings(memory: .kibibytes(60)))
        for number in 0..<1000 as Range<UInt64> { traces.add([Given.span(number, status: .error("no"))]) }
        #expect(traces.footprint.value <= 20 << 10 && traces.trace(id(0)) == nil && traces.trace(id(999)) != nil)
    }

    @Test func whatALargeTraceTakesIsBounded() throws {
        var traces = RecentTraces(RecentTraces.Settings(spans: 10))
        for _ in 0..<25 { traces.add([Given.span(1)]) }
        traces.add([Given.span(1, from: 7, took: 1, status: .error("the last"))])
        let one = try #require(traces.trace(id(1)))
        #expect(one.spans.count == 10 && one.omitted == 16 && one.kind == .failed && one.duration == .seconds(8))
    }

    @Test func itIsFoundByWhatItHasToDoWith() {
        let event = EventID(high: 7, low: 9)
        let kind = SpanKind(
            "apply shop-orders", .consumer,
            [
                SpanAttribute("flotilla.service", "billing"),
                SpanAttribute("messaging.destination.name", "shop-orders"),
                SpanAttribute("db.system.name", "sqlite"),
            ])
        func span(_ number: UInt64, _ attributes: [SpanAttribute]) -> Span {
            Span(
                kind, Given.trace(number).newChild(), parent: nil, from: Given.time(Double(number)),
                to: Given.time(Double(number) + 1), attributes: attributes)
        }
        var traces = RecentTraces()
        traces.add([
            span(1, [SpanAttribute("messaging.message.id", .id(event))]),
            span(2, [SpanAttribute("flotilla.saga", "pay")]),
            Given.span(3),
        ])
        func found(_ subject: String?) -> [TraceContext.TraceID] { ids(traces.find(.init(subject: subject))) }
        #expect(found(nil) == [id(2), id(1), id(3)])
        #expect(found("billing") == [id(2), id(1)] && found("shop-orders") == [id(2), id(1)])
        #expect(found("pay") == [id(2)] && found(event.description) == [id(1)])
        #expect(found("sqlite").isEmpty && found("orders").isEmpty && found("").isEmpty)
        #expect(ids(traces.find(.init(limit: 1))) == [id(2)])
    }
}

/// In which order spans are told.
@Suite struct SpanTreeTests {
    private func span(_ name: String, _ id: UInt64, of parent: UInt64?, from start: Double) -> Span {
        Span(
            SpanKind(name, .inner, []), TraceContext(trace: Given.trace(1).trace, span: .init(id)),
            parent: parent.map { .init($0) }, from: Given.time(start), to: Given.time(start + 1))
    }

    private func told(_ spans: [Span]) -> [String] {
        SpanTree(spans).rows.map { String(repeating: "-", count: $0.depth) + $0.span.kind.name }
    }

    @Test func eachStandsBehindWhatItIsAPartOf() {
        let spans = [
            span("d", 4, of: 3, from: 4), span("c", 3, of: 1, from: 3), span("b", 2, of: 1, from: 2),
            span("a", 1, of: 99, from: 1), span("e", 5, of: 2, from: 9), span("f", 6, of: nil, from: 0),
        ]
        #expect(told(spans) == ["f", "a", "-b", "--e", "-c", "--d"])
    }

    @Test func aCircleLosesNone() {
        let spans = [span("a", 1, of: 2, from: 1), span("b", 2, of: 1, from: 2), span("c", 3, of: 3, from: 3)]
        #expect(told(spans) == ["c", "a", "-b"])
        #expect(told([]).isEmpty)
        // Two of the same id, as somebody forged one.
        #expect(told([span("a", 1, of: nil, from: 1), span("b", 1, of: nil, from: 2)]) == ["a", "b"])
    }
}
