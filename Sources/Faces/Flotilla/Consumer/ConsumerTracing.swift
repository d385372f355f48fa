import FleetCore
public import Tracing

/// Has the handlers of a consumer run inside spans of the service's own tracing back end (swift-distributed-tracing), each
/// within the trace of its event. An event that belongs to no trace makes no span.
struct ConsumerTracing: Sendable {
    let tracer: any Tracer
    let subscription: SubscriptionName
    let stream: StreamName
    /// As `messaging.system` has it.
    let system: String

    /// - Parameter body: is told the place in the trace that it has: the span's, or where nobody makes spans, the event's.
    func withSpan<Result>(of event: FleetCore.Event, _ body: (String?) throws -> Result) throws -> Result {
        guard let context = event.traceContext else { return try body(nil) }
        let span = tracer.start("handle \(stream)", .consumer, within: context)
        defer { span.end() }
        span.attributes["messaging.system"] = system
        span.attributes["messaging.operation.name"] = "handle"
        span.attributes["messaging.operation.type"] = "process"
        span.attributes["messaging.destination.name"] = stream.description
        span.attributes["messaging.consumer.group.name"] = subscription.description
        span.attributes["messaging.message.id"] = event.id.description
        span.attributes["cloudevents.event_type"] = event.type
        do {
            return try InstrumentationContext.withValue(span.context) {
                try body(TraceParent.current(tracer: tracer) ?? context.description)
            }
        } catch {
            span.setStatus(SpanStatus(code: .error))
            span.recordError(error)
            throw error
        }
    }
}

extension Tracer {
    /// Begins a span within a trace that came from elsewhere.
    func start(_ name: String, _ kind: SpanKind, within context: TraceContext) -> any Tracing.Span {
        var place = InstrumentationContext.topLevel
        extract(["traceparent": context.description], into: &place, using: HeaderFields())
        return startSpan(name, context: place, ofKind: kind)
    }
}

/// The place in a trace that the running code has, for writing it into an outbox row.
public enum TraceParent {
    /// The `traceparent` of the span that is current; `nil` where there is none, or nobody makes spans.
    public static var current: String? { current(tracer: InstrumentationSystem.tracer) }

    /// Of a new trace that is to be recorded, for programs that make no spans of their own: what becomes of an event that is
    /// published with it is one trace.
    public static func begin() -> String {
        TraceContext.begin().description
    }

    /// - Parameter tracer: who makes spans.
    public static func current(tracer: any Tracer) -> String? {
        guard let context = InstrumentationContext.current else { return nil }
        var fields: [String: String] = [:]
        tracer.inject(context, into: &fields, using: HeaderFields())
        let text = fields.first { $0.key.lowercased() == "traceparent" }?.value
        return text.flatMap { TraceContext($0) }?.description
    }
}

/// Headers as a dictionary.
private struct HeaderFields: Extractor, Injector {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key.lowercased()] }
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
}
