import FleetCore
import Sagas
import Tracing

/// Has the steps of sagas in code run inside spans of the service's own tracing back end, each attempt one, within the trace of
/// their saga. A saga that belongs to no trace makes none.
struct SagaTracing: Sendable {
    let tracer: any Tracer

    /// - Parameter body: is given the call with the place in the trace that it has: the span's, or where nobody makes spans, the
    ///   saga's.
    func withSpan<Result>(of call: SagaLocalCall, _ body: (SagaLocalCall) async throws -> Result) async throws -> Result
    {
        guard let span = start(call) else { return try await body(call) }
        defer { span.end() }
        do {
            return try await InstrumentationContext.withValue(span.context) { try await body(placed(call)) }
        } catch {
            fail(span, error)
            throw error
        }
    }

    /// The same within the journal's transaction.
    func withSpan<Result>(of call: SagaLocalCall, _ body: (SagaLocalCall) throws -> Result) throws -> Result {
        guard let span = start(call) else { return try body(call) }
        defer { span.end() }
        do {
            return try InstrumentationContext.withValue(span.context) { try body(placed(call)) }
        } catch {
            fail(span, error)
            throw error
        }
    }

    private func start(_ call: SagaLocalCall) -> (any Tracing.Span)? {
        guard let context = call.traceParent.flatMap({ TraceContext($0) }) else { return nil }
        let isForward = call.ticket.direction == .forward
        let span = tracer.start("\(isForward ? "step" : "undo") \(call.ticket.step.name)", .internal, within: context)
        span.attributes["flotilla.saga"] = call.saga.text
        span.attributes["flotilla.saga.id"] = call.id
        span.attributes["flotilla.saga.step"] = "\(call.ticket.step)"
        span.attributes["flotilla.saga.attempt"] = call.ticket.attempt
        return span
    }

    private func placed(_ call: SagaLocalCall) -> SagaLocalCall {
        var call = call
        call.traceParent = TraceParent.current(tracer: tracer) ?? call.traceParent
        return call
    }

    private func fail(_ span: any Tracing.Span, _ error: any Error) {
        span.setStatus(SpanStatus(code: .error))
        span.recordError(error)
    }
}
