import FleetCore
import InMemoryTracing
import Tracing

/// A tracing back end in memory that speaks W3C Trace Context.
struct TestTracer: Tracer {
    let memory = InMemoryTracer(
        idGenerator: .init(
            nextTraceID: { "11111111111111111111111111111111" },
            nextSpanID: { TraceContext.SpanID.random().description }))

    func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> InMemorySpan {
        memory.startSpan(
            operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID, line: line
        )
    }

    func forceFlush() {}

    func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let text = extractor.extract(key: "traceparent", from: carrier), let place = TraceContext(text) else {
            return
        }
        context.inMemorySpanContext = InMemorySpanContext(
            traceID: place.trace.description, spanID: place.span.description, parentSpanID: nil)
    }

    func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let place = context.inMemorySpanContext else { return }
        injector.inject("00-\(place.traceID)-\(place.spanID)-01", forKey: "traceparent", into: &carrier)
    }
}
