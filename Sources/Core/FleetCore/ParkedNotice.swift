/// An event that was just parked, for those who tell of it: neither its key nor anything that it carries.
public struct ParkedNotice: Sendable, Hashable {
    /// `nil` where it has none, or none that is known.
    public let id: EventID?
    public let type: String?
    /// Its place in a trace, where it has one.
    public let trace: TraceContext?
    /// What happened. What the store said of it, which may quote data, stays with the parked event.
    public let reason: String

    public init(_ event: Event?, reason: String) {
        id = event?.id
        type = event?.type
        trace = event?.traceContext
        self.reason = reason
    }
}
