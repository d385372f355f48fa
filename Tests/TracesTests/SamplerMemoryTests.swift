import FleetCore
import Foundation
import Testing
import Traces

/// What open traces cost.
@Suite(.serialized) struct SamplerMemoryTests {
    /// Spans as Flotilla makes them of an order's way: into the broker, into two views, a push, and a saga's step.
    private func spans(of trace: UInt64) -> [Span] {
        let context = Given.trace(trace)
        let own = [
            SpanAttribute("messaging.message.id", .id(EventID(high: trace, low: 1))),
            SpanAttribute("cloudevents.event_type", "OrderPlaced"),
        ]
        return (0..<5).map { number in
            Span(
                Given.kind, context.newChild(), parent: context.span, from: Given.time(Double(number)),
                to: Given.time(Double(number) + 0.5), attributes: own)
        }
    }

    private var resident: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }

    @Test func aHundredThousandOpenTracesFitInto256MiB() {
        var sampler = TailSampler(.init(traces: 100_000, memory: .mebibytes(256), policies: [.always]))
        let before = resident
        for number in 0..<100_000 { _ = sampler.add(spans(of: UInt64(number)), at: Given.time(0)) }
        let grown = resident - before
        print(
            "100000 open traces of 5 spans: \(sampler.footprint.value / 100_000) bytes each as counted,"
                + " \(grown / 100_000) as measured")
        #expect(sampler.openTraces == 100_000 && sampler.counts.early == 0)
        #expect(sampler.footprint < .mebibytes(256))
        // What is counted is about what is taken: other tests of the process are at work too.
        #expect(grown < 300 << 20)
    }
}
