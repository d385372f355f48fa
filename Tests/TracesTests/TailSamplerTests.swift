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
        let isTest = SamplingPolicy.attribute("cloudevents.event_type", .texts(["Ping"]), isInverted: false)
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

    // MARK: Parts of the fleet

    private func work(
        _ trace: UInt64, _ subject: String?, _ role: SpanKind.Role, from start: Double, took: Double,
        within parent: Span? = nil
    ) -> Span {
        Span(
            SpanKind("work", role, [], subject: subject), Given.trace(trace).newChild(),
            parent: parent?.context.span ?? Given.trace(trace).span, from: Given.time(start),
            to: Given.time(start + took))
    }

    private func isKept(_ spans: [Span], _ policy: SamplingPolicy) -> Bool {
        var sampler = sampler([policy])
        _ = sampler.add(spans, at: Given.time(10))
        return sampler.decide(at: Given.time(60)).count == spans.count
    }

    /// What is delivered takes from the beginning of its event's way, which is not the trace's.
    @Test func whatIsDeliveredIsLateByTheAgeOfItsEvent() {
        let late = SamplingPolicy.late(["view reports.sales": .milliseconds(500)])
        let before = work(1, "stream shop", .producer, from: 0, took: 0.1)
        let event = work(1, "stream orders", .producer, from: 5, took: 0.1)
        let timely = work(1, "view reports.sales", .consumer, from: 5.4, took: 0.1, within: event)
        let tardy = work(1, "view reports.sales", .consumer, from: 5.4, took: 0.1001, within: event)
        #expect(!isKept([before, event, timely], late))
        #expect(isKept([before, event, tardy], late))
        // Another part may take as long as it likes.
        #expect(
            !isKept([before, event, work(1, "view reports.all", .consumer, from: 9, took: 1, within: event)], late))
        #expect(!isKept([before, event, work(1, nil, .consumer, from: 9, took: 1, within: event)], late))
        // Where the event's own span is not there, the trace's beginning is what is known.
        #expect(isKept([before, timely], late) && !isKept([timely], late))
    }

    @Test func streamsAndSagasAreLateByTheirOwnSpans() {
        let late = SamplingPolicy.late(["stream orders": .milliseconds(500), "saga fulfil": .seconds(2)])
        let event = work(1, "stream orders", .producer, from: 5, took: 0.5)
        #expect(!isKept([event, work(1, "saga fulfil", .inner, from: 6, took: 2, within: event)], late))
        #expect(isKept([event, work(1, "saga fulfil", .inner, from: 6, took: 2.01, within: event)], late))
        #expect(isKept([work(1, "stream orders", .producer, from: 5, took: 0.51)], late))
    }

    /// What is late by an objective is kept beside what is slow, and takes nobody's place.
    @Test func theUsualPoliciesKeepWhatIsLate() {
        let policies = SamplingPolicy.usual(
            slow: .seconds(1), share: 0, limit: 2, late: ["stream orders": .milliseconds(500)])
        var sampler = sampler(policies)
        let late = (1...3).map { work(UInt64($0), "stream orders", .producer, from: 0, took: 0.6) }
        _ = sampler.add(
            late + [Given.span(11, took: 1), Given.span(12, status: .error("no")), Given.span(13, took: 0.6)],
            at: Given.time(2))
        let kept = Set(sampler.decide(at: Given.time(40)).map(\.trace))
        #expect(kept == Set([1, 2, 11, 12].map { Given.trace(UInt64($0)).trace }))
    }

    // MARK: Attributes

    private func isKept(_ value: SpanValue, _ test: AttributeTest) -> Bool {
        isKept([Given.span(1, attributes: [SpanAttribute("key", value)])], .attribute("key", test, isInverted: false))
    }

    @Test func attributesAreComparedWithWhatTheyAre() throws {
        let patterns = AttributeTest.patterns(try TextPatterns(["^o.*s$", "mail"]))
        #expect(isKept(.text("orders"), patterns) && isKept(.text("a mail or two"), patterns))
        // The same answer a second time, and after many others.
        for number in 0..<300 { #expect(!isKept(.text("\(number)"), patterns)) }
        #expect(isKept(.text("orders"), patterns) && !isKept(.text("order"), patterns))
        #expect(isKept(.integer(500), .integers(500...599)) && !isKept(.integer(499), .integers(500...599)))
        #expect(!isKept(.text("500"), .integers(500...599)) && !isKept(.integer(500), .texts(["500"])))
        #expect(isKept(.flag(false), .flag(false)) && !isKept(.flag(true), .flag(false)))
        #expect(!isKept(.text("false"), .flag(false)))
        #expect(throws: (any Error).self) { try TextPatterns(["right", "(wrong"]) }
    }

    /// Of a long text only so much is looked at.
    @Test func patternsLookAtTheBeginningOfALongText() throws {
        let long = String(repeating: "ä", count: TextPatterns.reach)
        let (all, last) = (try TextPatterns(["^ä{\(TextPatterns.reach)}$"]), try TextPatterns(["ä$"]))
        let beyond = try TextPatterns(["end"])
        #expect(isKept(.text(long), .patterns(all)))
        #expect(isKept(.text(long + "end"), .patterns(last)) && !isKept(.text(long + "end"), .patterns(beyond)))
    }

    /// A policy that is turned round keeps those without, and takes nothing from what another keeps.
    @Test func aPolicyThatIsTurnedRoundVetoesNothing() {
        let inverted = SamplingPolicy.attribute("key", .texts(["v"]), isInverted: true)
        let mark = SpanAttribute("key", "v")
        var sampler = sampler([Self.errors, inverted])
        _ = sampler.add(
            [
                Given.span(1, status: .error("no"), attributes: [mark]), Given.span(2, attributes: [mark]),
                Given.span(3),
            ], at: Given.time(0))
        let kept = Set(sampler.decide(at: Given.time(30)).map(\.trace))
        #expect(kept == Set([1, 3].map { Given.trace(UInt64($0)).trace }))
    }

    @Test func whatIsSaidOfTheResourceIsSaidOfAllSpans() {
        let production = SamplingPolicy.attribute("deployment", .texts(["production"]), isInverted: false)
        for (resource, count) in [("production", 1), ("test", 0)] {
            var sampler = TailSampler(
                .init(policies: [.and([Self.errors, production])]), resource: [SpanAttribute("deployment", resource)])
            _ = sampler.add([Given.span(1, status: .error("no")), Given.span(2)], at: Given.time(0))
            #expect(sampler.decide(at: Given.time(30)).count == count)
        }
    }
}
