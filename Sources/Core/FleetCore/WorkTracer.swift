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

    /// Those of a batch that belong to a trace.
    public static func all(of events: [Event]) -> [TracedEvent] {
        var traced: [TracedEvent] = []
        for index in events.indices where events[index].mayBeTraced {
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
    /// Work on events ended just now, all of it at once.
    func worked(on events: [TracedEvent], took: Duration)
    /// A request for an event ended just now.
    /// - Parameters:
    ///   - context: what was sent along as `traceparent`.
    ///   - target: the endpoint, by its number.
    ///   - status: what it answered with, where it answered.
    func requested(_ event: TracedEvent, as context: TraceContext, to target: Int, status: Int?, took: Duration)
}
