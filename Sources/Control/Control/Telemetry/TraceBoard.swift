import FleetCore
import Synchronization
import Traces

/// The traces that were kept last: written by who samples, read by who shows them.
final class TraceBoard: Sendable {
    private let traces: Mutex<RecentTraces>

    init(_ settings: RecentTraces.Settings = RecentTraces.Settings()) {
        traces = Mutex(RecentTraces(settings))
    }

    func add(_ spans: [Span]) { traces.withLock { $0.add(spans) } }
    func find(_ query: RecentTraces.Query) -> [RecentTraces.Trace] { traces.withLock { $0.find(query) } }
    func trace(_ id: TraceContext.TraceID) -> RecentTraces.Trace? { traces.withLock { $0.trace(id) } }

    /// The id of the trace that a context belongs to, where that trace is here.
    func known(_ context: TraceContext?) -> String? {
        context.flatMap { trace($0.trace) }?.id.description
    }
}
