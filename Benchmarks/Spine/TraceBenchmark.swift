import FleetCore
import Foundation
import Traces

/// What tracing costs: a look at a batch of events that belong to no trace, a span in the sampler, and open traces in memory.
enum TraceBenchmark {
    static let traces = 100_000
    static let spansOfTrace = 5

    static func run(_ workspace: Workspace) async throws {
        let events = (0..<2048).map { number in
            Event(
                id: .make(), source: "/shop/orders", type: "OrderPlaced", key: "K\(number)", aggregateType: "order",
                time: .now(), payload: [])
        }
        var found = 0
        let looking = await seconds {
            for _ in 0..<2000 { found += TracedEvent.all(of: events, admittedBy: Nobody()).count }
        }
        guard found == 0 else { throw FleetError(.bug, "there are no traced events") }
        print("a look at an event without a trace: \(rounded(looking * 1e9 / Double(2048 * 2000))) ns")

        let kind = SpanKind("append shop-orders", .producer, [SpanAttribute("messaging.system", "flotilla")])
        var sampler = TailSampler(
            .init(
                traces: traces, memory: .mebibytes(256),
                policies: SamplingPolicy.usual(slow: .seconds(1), share: 0.05, limit: 1000)))
        let before = resident
        let now = Timestamp.now()
        let adding = await seconds {
            for number in 0..<UInt64(traces) {
                let context = TraceContext(
                    trace: .init(high: number &* 0x9E37_79B9_7F4A_7C15, low: number + 1), span: .init(number + 1))
                let own = [
                    SpanAttribute("messaging.message.id", .id(EventID(high: number, low: 1))),
                    SpanAttribute("cloudevents.event_type", "OrderPlaced"),
                ]
                let spans = (0..<spansOfTrace).map { _ in
                    Span(kind, context.newChild(), parent: context.span, from: now, to: now, attributes: own)
                }
                _ = sampler.add(spans, at: now)
            }
        }
        let bytes = (resident - before) / traces
        print("a span, made and held:              \(Int(adding * 1e9 / Double(traces * spansOfTrace))) ns")
        print(
            "\(traces) open traces of \(spansOfTrace) spans: \(bytes) bytes each, \((bytes * traces) >> 20) MiB (wanted: at most 256)"
        )
        let deciding = await seconds { _ = sampler.decide(at: now.advanced(by: .seconds(31))) }
        print("a decision:                         \(Int(deciding * 1e9 / Double(traces))) ns")
    }

    private static var resident: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }
}

/// Asked for nothing, as there are no traces.
private struct Nobody: WorkTracer {
    func admits(_ part: TraceContext.TraceID.RandomPart) -> Bool { false }
    func worked(on events: [TracedEvent], took: Duration) {}
    func requested(_ event: TracedEvent, as context: TraceContext, to target: Int, status: Int?, took: Duration) {}
}
