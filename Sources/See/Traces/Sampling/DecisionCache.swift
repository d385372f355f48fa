import FleetCore

/// Remembers traces that were decided on, the last ones of so many: at least `limit`, and at most twice as many.
struct DecisionCache: Sendable {
    private let limit: Int
    private var young: Set<TraceContext.TraceID> = []
    private var old: Set<TraceContext.TraceID> = []

    init(limit: Int) { self.limit = max(1, limit) }

    /// One that is asked for is remembered for longer.
    mutating func contains(_ trace: TraceContext.TraceID) -> Bool {
        if young.contains(trace) { return true }
        guard old.contains(trace) else { return false }
        insert(trace)
        return true
    }

    mutating func insert(_ trace: TraceContext.TraceID) {
        guard young.insert(trace).inserted, young.count > limit else { return }
        (old, young) = (young, [trace])
    }
}
