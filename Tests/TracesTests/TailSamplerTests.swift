import FleetCore
import Testing
import Traces

/// Whole traces are kept or dropped, some time after their first span.
@Suite struct TailSamplerTests {
    private func sampler(
        _ policies: [SamplingPolicy], wait: Duration = .seconds(30), traces: Int = 100, remembered: Int = 100
    ) -> TailSampler {
        TailSampler(.init(wait: wait, traces: traces, remembered: remembered, policies: policies))
    }

    private static let errors = SamplingPolicy.status([.error])

    @Test func aTraceWaitsForItsSpans() {
        var sampler = sampler([Self.errors])
        #expect(sampler.add([Given.span(1)], at: Given.time(0)).isEmpty)
        #expect(sampler.nextDecision == Given.time(30))
        #expect(sampler.decide(at: Given.time(29.9)).isEmpty)
        #expect(sampler.add([Given.span(1, status: .error("no"))], at: Given.time(29.9)).isEmpty)
        #expect(sampler.openTraces == 1)
        // The error came last, and the first span goes with it.
        #expect(sampler.decide(at: Given.time(30)).count == 2)
        #expect(sampler.openTraces == 0 && sampler.footprint.value == 0)
        #expect(sampler.counts.keptTraces == 1)
    }

    @Test func lateSpansFollowTheDecision() {
        var sampler = sampler([Self.errors])
        _ = sampler.add([Given.span(1, status: .error("no")), Given.span(2)], at: Given.time(0))
        #expect(sampler.decide(at: Given.time(30)).count == 1)
        // An error that comes late does not bring back what is gone.
        #expect(sampler.add([Given.span(2, status: .error("late"))], at: Given.time(31)).isEmpty)
        #expect(sampler.add([Given.span(1)], at: Given.time(31)).count == 1)
        #expect(sampler.counts.lateSpans == 2 && sampler.counts.droppedSpans == 2)
        #expect(sampler.openTraces == 0)
    }

    @Test func aDropDecisionWins() {
        let isTest = SamplingPolicy.attribute("cloudevents.event_type", values: ["Ping"], isInverted: false)
        var sampler = sampler([.always, .drop([isTest])])
        _ = sampler.add(
            [Given.span(1, attributes: [SpanAttribute("cloudevents.event_type", "Ping")]), Given.span(2)],
            at: Given.time(0))
        #expect(sampler.decide(at: Given.time(30)).map(\.trace) == [Given.trace(2).trace])
    }

    @Test func beyondItsTracesTheOldestIsDecidedOnEarly() {
        var sampler = sampler([Self.errors], traces: 3)
        var left: [Span] = []
        for number in 1...5 {
            left += sampler.add([Given.span(UInt64(number), status: .error("no"))], at: Given.time(Double(number)))
        }
        // Nothing is lost that would have been kept.
        #expect(left.map(\.trace) == [Given.trace(1).trace, Given.trace(2).trace])
        #expect(sampler.openTraces == 3 && sampler.counts.early == 2)
        #expect(sampler.decideAll(at: Given.time(6)).count == 3)
    }

    @Test func memoryIsBoundedWhateverSpansHold() {
        let long = SpanAttribute("text", String(repeating: "x", count: 10_000))
        var sampler = TailSampler(.init(traces: 1000, memory: .kibibytes(200), policies: [.always]))
        for number in 0..<100 { _ = sampler.add([Given.span(UInt64(number), attributes: [long])], at: Given.time(0)) }
        #expect(sampler.footprint <= .kibibytes(200) && sampler.openTraces < 21)
        #expect(sampler.counts.early == 100 - sampler.openTraces)
        // One trace that never ends is bounded as well.
        for _ in 0..<100 { _ = sampler.add([Given.span(7777, attributes: [long])], at: Given.time(1)) }
        #expect(sampler.footprint <= .kibibytes(200))
    }

    @Test func decisionsAreForgottenInTheEnd() {
        var sampler = sampler([Self.errors], remembered: 10)
        _ = sampler.add([Given.span(1)], at: Given.time(0))
        _ = sampler.decide(at: Given.time(30))
        for number in 100..<110 {
            _ = sampler.add([Given.span(UInt64(number))], at: Given.time(40))
        }
        _ = sampler.decide(at: Given.time(70))
        #expect(sampler.add([Given.span(1)], at: Given.time(71)).isEmpty)
        #expect(sampler.counts.lateSpans == 1)
        for number in 200..<240 { _ = sampler.add([Given.span(UInt64(number))], at: Given.time(72)) }
        _ = sampler.decide(at: Given.time(110))
        _ = sampler.add([Given.span(1)], at: Given.time(111))
        #expect(sampler.openTraces == 1 && sampler.counts.lateSpans == 1)
    }

    @Test func aClockThatWentBackHoldsNothing() {
        var sampler = sampler([.always])
        _ = sampler.add([Given.span(1)], at: Given.time(1000))
        #expect(sampler.decide(at: Given.time(999)).isEmpty)
        #expect(sampler.decide(at: Given.time(0)).count == 1)
    }

    /// Defaults: all errors, all slow ones, a share of the rest, each up to a limit.
    @Test func theUsualPolicies() {
        var sampler = TailSampler(
            .init(traces: 10_000, policies: SamplingPolicy.usual(slow: .seconds(1), share: 0.1, limit: 100)))
        _ = sampler.add([Given.span(1, status: .error("no")), Given.span(2, took: 1)], at: Given.time(0.5))
        for number in 1000..<1500 { _ = sampler.add([Given.span(UInt64(number))], at: Given.time(0.5)) }
        let kept = Set(sampler.decide(at: Given.time(31)).map(\.trace))
        #expect(kept.isSuperset(of: [Given.trace(1).trace, Given.trace(2).trace]))
        #expect((25...80).contains(kept.count - 2), "\(kept.count)")
        // Errors are not kept without end, and do not take the others' place.
        for number in 5000..<5500 {
            _ = sampler.add([Given.span(UInt64(number), status: .error("no"))], at: Given.time(60.2))
        }
        _ = sampler.add([Given.span(3, took: 1)], at: Given.time(60.2))
        let flood = Set(sampler.decide(at: Given.time(91)).map(\.trace))
        #expect(flood.count == 101 && flood.contains(Given.trace(3).trace))
    }
}
