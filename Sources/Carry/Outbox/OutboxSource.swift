public import FleetCore

/// Committed rows of one service's outbox, in commit order. Each store connector has at least one way to capture.
///
/// Rows of any writer count. A row that was captured and not acknowledged is captured again by the next source.
public protocol OutboxSource: Sendable {
    /// What may be shown of where the outbox is.
    var name: String { get }

    /// Rows after a position, at most one batch, in commit order. Waits until there is one, or for `patience`, and
    /// then returns none.
    func capture(after position: OutboxPosition, limit: BatchLimit, patience: Duration) async throws -> CapturedRows

    /// Settles a batch, in one transaction of the store: its published rows are never captured again, and are
    /// removed, now or after the time they are kept; its other rows become parked events of the store.
    /// - Throws: `conflict`, having changed nothing, where a row was to wait behind a parked event that is gone by
    ///   now: whoever captured must begin anew.
    func settle(_ batch: CapturedBatch) async throws

    /// Keys that have parked events, and so must wait.
    func heldKeys() async throws -> Set<String>

    /// How many rows are not published yet, and when the oldest was written where the outbox tells.
    func pending() async throws -> PendingRows

    func close() async
}

/// What waits in an outbox.
public struct PendingRows: Sendable, Hashable {
    /// `nil` where the store cannot tell at the moment. Above ``countLimit`` reckoned from what is cheap to know, so that looking
    /// at a long backlog costs no more than at a short one.
    public var count: Int?
    public var oldest: Timestamp?
    /// How much of its log the store keeps because it was not captured yet; `nil` where it is not captured from a log.
    public var retainedLog: ByteCount?
    /// For how long of the look nobody was asked: it was waited for who captures to say how far it is.
    public var waited = Duration.zero

    public init(count: Int?, oldest: Timestamp?, retainedLog: ByteCount? = nil) {
        self.count = count
        self.oldest = oldest
        self.retainedLog = retainedLog
    }
}

extension PendingRows {
    /// So many rows are counted one by one, at most.
    public static let countLimit = 10_000

    /// How many rows there are, where the first of them were counted and the others are taken to lie as close: exact where their
    /// numbers have no gaps.
    /// - Parameters:
    ///   - counted: how many of the first were counted; all there are where that is less than ``countLimit``.
    ///   - numbers: of the first and the last that was counted.
    ///   - highest: of the last that there is.
    public static func reckoned(counted: Int, numbers: ClosedRange<Int64>, highest: Int64) -> Int {
        guard counted >= countLimit, counted > 1, highest > numbers.upperBound else { return counted }
        let span = Double(numbers.upperBound) - Double(numbers.lowerBound)
        let rest = (Double(highest) - Double(numbers.upperBound)) * Double(counted - 1) / max(span, 1)
        return counted + Int(min(rest, 1e15))
    }
}

/// Rows of an outbox, read: one batch.
///
/// Events stand in one array, so that a batch of which every event may leave goes on as it is; what a contract asks of
/// each of them (type, size) is gathered while they are read.
public struct CapturedRows: Sendable {
    /// A row that is no event.
    public struct Malformed: Sendable {
        public var position: OutboxPosition
        /// The key that orders it.
        public var key: String
        public var reason: String
        /// What it holds, where the source cannot read it again.
        public var remains: Remains?
    }

    /// A row that is no event, as far as it was read: ``event`` without a right id, which is ``id`` as it was written.
    public struct Remains: Sendable {
        public var id: String
        public var event: Event

        public init(id: String, event: Event) {
            self.id = id
            self.event = event
        }
    }

    public private(set) var events: [Event] = []
    /// Of each of ``events``.
    public private(set) var positions: [OutboxPosition] = []
    public private(set) var malformed: [Malformed] = []
    /// The types of ``events``, each run of one type once.
    public private(set) var types: [String] = []
    /// The headers of those of ``events`` that have some, each run of the same once.
    public private(set) var headers: [String] = []
    /// The size of all ``events``.
    public private(set) var size = ByteCount(0)
    /// The size of the largest of ``events``.
    public private(set) var largest = ByteCount(0)
    /// Of the last row.
    public private(set) var last: OutboxPosition?
    /// How long it took to read them, without what was waited for the first.
    public var took = Duration.zero

    public init() {}

    public var count: Int { events.count + malformed.count }
    public var isEmpty: Bool { last == nil }

    public mutating func append(_ event: consuming Event, at position: OutboxPosition) {
        let bytes = event.size
        size = ByteCount(size.value + bytes.value)
        if bytes > largest { largest = bytes }
        if types.last != event.type { types.append(event.type) }
        if let text = event.headers, headers.last != text { headers.append(text) }
        positions.append(position)
        last = position
        events.append(consume event)
    }

    /// Has events without a `traceparent` of their own take the one among their writer's headers.
    public mutating func adoptTraceParents() {
        if headers.isEmpty { return }
        var last: (headers: String, found: String?)?
        for index in events.indices where events[index].traceParent == nil {
            guard let text = events[index].headers else { continue }
            let found = last?.headers == text ? last?.found : Self.traceParent(in: text)
            last = (text, found)
            if let found { events[index].traceParent = found }
        }
    }

    private static func traceParent(in headers: String) -> String? {
        guard let members = try? JSONDocument.stringMembers(of: Array(headers.utf8)) else { return nil }
        return members.first { $0.name.lowercased() == "traceparent" }?.value
    }

    public mutating func append(_ row: Malformed) {
        malformed.append(row)
        last = row.position
    }
}

extension CapturedRows.Malformed {
    public init(at position: OutboxPosition, key: String, reason: String, remains: CapturedRows.Remains? = nil) {
        self.position = position
        self.key = key
        self.reason = reason
        self.remains = remains
    }
}

/// What became of the rows of one batch.
public struct CapturedBatch: Sendable, Hashable {
    /// Rows that are durable elsewhere.
    public var published: [OutboxPosition]
    /// Rows that must not leave their store.
    public var parked: [RowToPark]
    /// Everything up to here was captured.
    public var through: OutboxPosition

    public init(published: [OutboxPosition], parked: [RowToPark], through: OutboxPosition) {
        self.published = published
        self.parked = parked
        self.through = through
    }
}

/// A row that must not leave its store.
public struct RowToPark: Sendable, Hashable {
    public var position: OutboxPosition
    public var key: String
    /// Why; `nil` where it only waits behind an earlier parked event of its key.
    public var reason: String?
    /// The event, where it belongs to a trace.
    public var traced: Event?

    public init(position: OutboxPosition, key: String, reason: String?, traced: Event? = nil) {
        self.position = position
        self.key = key
        self.reason = reason
        self.traced = traced
    }
}
