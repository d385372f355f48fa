public import FleetCore

/// The traces that were kept last, for who looks at a process itself: the logic, without a clock.
///
/// They are held by kind, each in a place of its own, so that the many that go well do not push out the few that failed. Of a
/// kind the oldest goes where there is no room.
public struct RecentTraces: Sendable {
    public enum Kind: String, Sendable, CaseIterable { case failed, slow, other }

    public struct Settings: Sendable, Hashable {
        /// What all of them may take in memory: a third for each kind.
        public var memory: ByteCount
        /// A trace that lasts as long is slow.
        public var slow: Duration
        /// Spans of one trace that are held, at most.
        public var spans: Int

        public init(memory: ByteCount = .mebibytes(12), slow: Duration = .seconds(1), spans: Int = 500) {
            self.memory = memory
            self.slow = slow
            self.spans = spans
        }
    }

    /// A trace that is held.
    public struct Trace: Sendable {
        public let id: TraceContext.TraceID
        /// In the order in which they came.
        public fileprivate(set) var spans: [Span] = []
        /// Further ones, that there is no room for.
        public fileprivate(set) var omitted = 0
        public fileprivate(set) var kind = Kind.other
        public fileprivate(set) var start: Timestamp
        public fileprivate(set) var end: Timestamp
        fileprivate var isFailed = false
        fileprivate var bytes: Int
        /// Which of the places in its kind's queue is its own.
        fileprivate var ticket = 0

        fileprivate init(id: TraceContext.TraceID, start: Timestamp, end: Timestamp, bytes: Int) {
            (self.id, self.start, self.end, self.bytes) = (id, start, end, bytes)
        }

        public var duration: Duration { end.elapsed(since: start) }
        /// With which it began.
        public var first: Span? { spans.min { $0.start < $1.start } }
        /// What went wrong first.
        public var failure: String? { spans.filter(\.isError).min { $0.end < $1.end }?.failure }
    }

    private struct Place: Sendable {
        let trace: TraceContext.TraceID
        let ticket: Int
    }

    /// The traces of a kind, the oldest first, and places that traces have left for another.
    private struct Queue: Sendable {
        var places: [Place] = []
        /// Places before this one are gone.
        var begin = 0
        /// How many traces are in it, and what they take.
        var count = 0
        var bytes = 0

        mutating func pop() -> Place? {
            guard begin < places.count else { return nil }
            defer { begin += 1 }
            return places[begin]
        }

        /// Whether most of it is places that nobody has.
        var isSparse: Bool { places.count > 2 * count + 256 }
    }

    public let settings: Settings
    private var traces: [TraceContext.TraceID: Trace] = [:]
    private var queues: [Kind: Queue] = [:]
    private var tickets = 0

    /// What a trace takes besides its spans.
    private static let overhead = 160

    public init(_ settings: Settings = Settings()) {
        self.settings = settings
    }

    public var count: Int { traces.count }
    /// What all of them take in memory, about.
    public var footprint: ByteCount { ByteCount(queues.values.map(\.bytes).reduce(0, +)) }

    /// Takes spans of traces that are kept.
    public mutating func add(_ spans: [Span]) {
        for (id, spans) in Dictionary(grouping: spans, by: \.trace) { add(spans, to: id) }
        for kind in Kind.allCases { trim(kind) }
    }

    private mutating func add(_ spans: [Span], to id: TraceContext.TraceID) {
        let known = traces.removeValue(forKey: id)
        if let known {
            queues[known.kind]?.bytes -= known.bytes
            queues[known.kind]?.count -= 1
        }
        var trace = known ?? Trace(id: id, start: spans[0].start, end: spans[0].end, bytes: Self.overhead)
        for span in spans { trace.add(span, limit: settings.spans) }
        trace.kind = trace.isFailed ? .failed : trace.duration >= settings.slow ? .slow : .other
        if trace.kind != known?.kind {
            tickets += 1
            trace.ticket = tickets
            queues[trace.kind, default: Queue()].places.append(Place(trace: id, ticket: tickets))
        }
        queues[trace.kind]?.bytes += trace.bytes
        queues[trace.kind]?.count += 1
        traces[id] = trace
    }

    private mutating func trim(_ kind: Kind) {
        while let queue = queues[kind], queue.bytes > settings.memory.value / Kind.allCases.count {
            guard let place = queues[kind]?.pop() else { return }
            guard let trace = traces[place.trace], trace.ticket == place.ticket else { continue }
            traces[place.trace] = nil
            queues[kind]?.bytes -= trace.bytes
            queues[kind]?.count -= 1
        }
        guard queues[kind]?.isSparse == true else { return }
        queues[kind]?.places.removeAll { [traces] in traces[$0.trace]?.ticket != $0.ticket }
        queues[kind]?.begin = 0
    }
}

extension RecentTraces.Trace {
    fileprivate mutating func add(_ span: Span, limit: Int) {
        start = min(start, span.start)
        end = max(end, span.end)
        isFailed = isFailed || span.isError
        if spans.count < limit {
            spans.append(span)
            bytes += span.footprint.value
        } else {
            omitted += 1
        }
    }
}

// MARK: Looking

extension RecentTraces {
    /// What is looked for.
    public struct Query: Sendable, Hashable {
        public enum Order: String, Sendable { case youngest, slowest }

        /// A name that one of a trace's spans has: of a service, a stream, a reader or a saga, of a saga's run, or an event's id.
        public var subject: String?
        public var kind: Kind?
        public var order: Order
        public var limit: Int

        public init(subject: String? = nil, kind: Kind? = nil, order: Order = .youngest, limit: Int = 200) {
            self.subject = subject
            self.kind = kind
            self.order = order
            self.limit = limit
        }
    }

    public func trace(_ id: TraceContext.TraceID) -> Trace? { traces[id] }

    public func find(_ query: Query) -> [Trace] {
        var filter = query.subject.map(SubjectFilter.init)
        let found = traces.values.filter { trace in
            (query.kind.map { $0 == trace.kind } ?? true) && (filter?.matches(trace.spans) ?? true)
        }
        let isBefore: (Trace, Trace) -> Bool =
            switch query.order {
            case .youngest: { ($0.end, $0.ticket) > ($1.end, $1.ticket) }
            case .slowest: { ($0.duration, $0.ticket) > ($1.duration, $1.ticket) }
            }
        return Array(found.sorted(by: isBefore).prefix(query.limit))
    }
}

/// Which spans have to do with something of a name.
private struct SubjectFilter {
    private static let names: Set<String> = [
        "flotilla.service", "flotilla.saga", "flotilla.saga.id", "messaging.destination.name",
        "messaging.consumer.group.name", "messaging.message.id",
    ]

    private let name: String
    private let event: EventID?
    /// What was found out of what many spans have in common.
    private var known: [ObjectIdentifier: Bool] = [:]

    init(_ name: String) {
        self.name = name
        event = EventID(name)
    }

    mutating func matches(_ spans: [Span]) -> Bool { spans.contains { matches($0) } }

    private mutating func matches(_ span: Span) -> Bool {
        if span.attributes.contains(where: names) { return true }
        let kind = ObjectIdentifier(span.kind)
        if let known = known[kind] { return known }
        let isOf = span.kind.attributes.contains(where: names)
        known[kind] = isOf
        return isOf
    }

    private func names(_ attribute: SpanAttribute) -> Bool {
        switch attribute.value {
        case .text(let text): text == name && Self.names.contains(attribute.name)
        case .id(let id): id == event && Self.names.contains(attribute.name)
        default: false
        }
    }
}
