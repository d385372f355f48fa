public import FleetCore

/// Decides of whole traces whether they are kept, some time after their first span: the logic, without clock or randomness.
///
/// A trace is *open* until it is decided on. Spans that come later follow the decision, as long as it is remembered.
public struct TailSampler: Sendable {
    public struct Settings: Sendable, Hashable {
        /// From a trace's first span to the decision.
        public var wait: Duration
        /// Traces that are open at once, at most; beyond, the oldest is decided on early.
        public var traces: Int
        /// What open traces may take in memory; beyond, the oldest is decided on early.
        public var memory: ByteCount
        /// Decisions that are remembered, of each kind.
        public var remembered: Int
        /// A trace is kept where one of them keeps it, and none drops it.
        public var policies: [SamplingPolicy]

        public init(
            wait: Duration = .seconds(30), traces: Int = 50_000, memory: ByteCount = .mebibytes(128),
            remembered: Int = 100_000, policies: [SamplingPolicy]
        ) {
            self.wait = wait
            self.traces = traces
            self.memory = memory
            self.remembered = remembered
            self.policies = policies
        }
    }

    /// What became of traces and spans so far.
    public struct Counts: Sendable, Hashable {
        public var keptTraces = 0
        public var droppedTraces = 0
        /// Decided on before their time, as there was no room.
        public var early = 0
        /// Spans of traces that were not kept.
        public var droppedSpans = 0
        /// Spans that came behind a decision.
        public var lateSpans = 0
    }

    private struct Open: Sendable {
        var spans: [Span]
        var bytes: Int
        let arrived: Timestamp
    }

    public let settings: Settings
    private var policies: [PolicyState]
    private var open: [TraceContext.TraceID: Open] = [:]
    /// Open traces in the order in which they came; those before ``decided`` are none any more.
    private var order: [TraceContext.TraceID] = []
    private var decided = 0
    private var kept: DecisionCache
    private var dropped: DecisionCache
    private var bytes = 0
    public private(set) var counts = Counts()

    /// What an open trace takes besides its spans: its places in the table and in the order.
    static let overhead = 128

    /// - Parameter resource: what is said of all spans besides what they say themselves.
    public init(_ settings: Settings, resource: [SpanAttribute] = []) {
        self.settings = settings
        policies = settings.policies.map { PolicyState($0, resource: resource) }
        kept = DecisionCache(limit: settings.remembered)
        dropped = DecisionCache(limit: settings.remembered)
    }

    public var openTraces: Int { open.count }
    /// What all open traces take in memory, about.
    public var footprint: ByteCount { ByteCount(bytes) }

    /// Takes spans that have ended.
    /// - Returns: spans that are to leave: those of traces that are known to be kept, and of those that had to make room.
    public mutating func add(_ spans: [Span], at now: Timestamp) -> [Span] {
        var leaving: [Span] = []
        for span in spans { add(span, at: now, &leaving) }
        while open.count > settings.traces || bytes > settings.memory.value {
            counts.early += 1
            decideOldest(at: now, &leaving)
        }
        return leaving
    }

    private mutating func add(_ span: Span, at now: Timestamp, _ leaving: inout [Span]) {
        let trace = span.trace
        let size = span.footprint.value
        if open[trace] != nil {
            open[trace]?.spans.append(span)
            open[trace]?.bytes += size
            bytes += size
            return
        }
        if kept.contains(trace) {
            counts.lateSpans += 1
            leaving.append(span)
        } else if dropped.contains(trace) {
            counts.lateSpans += 1
            counts.droppedSpans += 1
        } else {
            open[trace] = Open(spans: [span], bytes: size + Self.overhead, arrived: now)
            order.append(trace)
            bytes += size + Self.overhead
        }
    }

    /// Decides on traces whose time has come.
    /// - Returns: the spans of those that are kept.
    public mutating func decide(at now: Timestamp) -> [Span] {
        var leaving: [Span] = []
        while decided < order.count, let oldest = open[order[decided]] {
            let waited = now.elapsed(since: oldest.arrived)
            // A clock that was put back would have them wait for ever.
            guard waited >= settings.wait || waited < .zero - settings.wait else { break }
            decideOldest(at: now, &leaving)
        }
        return leaving
    }

    /// Decides on all that are open: for the end.
    public mutating func decideAll(at now: Timestamp) -> [Span] {
        var leaving: [Span] = []
        while !open.isEmpty { decideOldest(at: now, &leaving) }
        return leaving
    }

    /// When the next trace's time comes.
    public var nextDecision: Timestamp? {
        decided < order.count ? open[order[decided]]?.arrived.advanced(by: settings.wait) : nil
    }

    private mutating func decideOldest(at now: Timestamp, _ leaving: inout [Span]) {
        guard decided < order.count, let trace = open.removeValue(forKey: order[decided]) else { return }
        let id = order[decided]
        decided += 1
        if decided > 1024, decided > order.count / 2 {
            order.removeFirst(decided)
            decided = 0
        }
        bytes -= trace.bytes
        if isKept(trace.spans, at: now) {
            counts.keptTraces += 1
            kept.insert(id)
            leaving += trace.spans
        } else {
            counts.droppedTraces += 1
            counts.droppedSpans += trace.spans.count
            dropped.insert(id)
        }
    }

    /// Every policy is asked, as some count what they keep.
    private mutating func isKept(_ spans: [Span], at now: Timestamp) -> Bool {
        var (isKept, isDropped) = (false, false)
        for index in policies.indices {
            switch policies[index].judge(spans, at: now) {
            case .keep: isKept = true
            case .drop: isDropped = true
            case .pass: break
            }
        }
        return isKept && !isDropped
    }
}
