/// An event that belongs to a trace, and what became of it.
public struct TracedEvent: Sendable {
    /// The writer's.
    public let context: TraceContext
    public let id: EventID
    public let type: String
    public let occurred: Timestamp
    /// Why it is parked, or was not delivered; `nil` where all is well.
    public var failure: FleetError?

    /// - Returns: `nil` where the event belongs to no trace that is recorded.
    public init?(_ event: Event, failure: FleetError? = nil) {
        guard let context = event.traceContext, context.isSampled else { return nil }
        self.context = context
        id = event.id
        type = event.type
        occurred = event.time
        self.failure = failure
    }

    /// Those of a batch that belong to a trace of which spans are made.
    public static func all(of events: [Event], admittedBy tracer: some WorkTracer) -> [TracedEvent] {
        var traced: [TracedEvent] = []
        // In a span an event is looked at where it lies; an array gives out a copy, with a retain for each of its texts.
        let span = events.span
        for index in span.indices where span[index].isTraced {
            guard let part = TraceContext.sampledPart(of: span[index].traceParent), tracer.admits(part) else {
                continue
            }
            if let event = TracedEvent(events[index]) { traced.append(event) }
        }
        return traced
    }
}

/// Whoever makes spans of a piece of work.
///
/// It is told where the work is done, once a batch, with those events alone that belong to a trace; it must not keep anybody
/// waiting.
public protocol WorkTracer: Sendable {
    /// Whether a span may be made of what goes well in a trace: where there are more than that may cost, of a share of the
    /// traces none is. Of failures there always is one.
    func admits(_ part: TraceContext.TraceID.RandomPart) -> Bool
    /// Work on events ended just now, all of it at once.
    func worked(on events: [TracedEvent], took: Duration)
    /// A request for an event ended just now.
    /// - Parameters:
    ///   - context: what was sent along as `traceparent`.
    ///   - target: the endpoint, by its number.
    ///   - status: what it answered with, where it answered.
    func requested(_ event: TracedEvent, as context: TraceContext, to target: Int, status: Int?, took: Duration)
}
