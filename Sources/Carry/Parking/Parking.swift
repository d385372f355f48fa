public import FleetCore
public import Stores

/// The parked events of one place in a store: of its outbox, or of one subscription and one stream.
///
/// A key that has a parked event is held: later events of the key wait behind it, in order, in the same table. All
/// calls are part of the caller's transaction.
public struct Parking: Sendable {
    public enum Place: Sendable, Hashable {
        case outbox
        /// A subscription of the service, by its name there.
        case subscription(String)

        /// How the table writes it.
        public var text: String {
            switch self {
            case .outbox: "outbox"
            // The word that stores have had since views were the only subscriptions.
            case .subscription(let name): "view/\(name)"
            }
        }
    }

    public let place: Place
    public let stream: StreamName

    public init(place: Place, stream: StreamName) {
        self.place = place
        self.stream = stream
    }

    private var scope: [SQLValue] { [.text(place.text), .text(stream.service.text)] }

    // MARK: Held keys

    /// Every key that has parked events.
    public func heldKeys(in transaction: any StoreTransaction) throws -> Set<String> {
        var keys: Set<String> = []
        let statement = try transaction.prepare(
            "SELECT DISTINCT event_key FROM flotilla_parked WHERE place = $1 AND stream = $2")
        try statement.forEachRow(scope) { row in
            if let key = row[0].text { keys.insert(ParkedText.decoded(key)) }
        }
        return keys
    }

    public func isHeld(_ key: String, in transaction: any StoreTransaction) throws -> Bool {
        try transaction.firstRow(
            "SELECT 1 FROM flotilla_parked WHERE place = $1 AND stream = $2 AND event_key = $3 LIMIT 1",
            scope + [.parked(key)]) != nil
    }

    // MARK: Parking

    /// - Throws: `full` where there would be more than `limit` parked events here.
    public func checkRoom(
        for count: Int, limit: EventCount, in transaction: any StoreTransaction, at name: String
    ) throws {
        let row = try transaction.firstRow(
            "SELECT count(*) FROM flotilla_parked WHERE place = $1 AND stream = $2", scope)
        guard Int(row?[0].integer ?? 0) + count <= limit.value else {
            throw FleetError(
                .full, "\(limit) are parked at \(name) already",
                remedy: "see `flotilla parked list`, and retry or discard",
                isRetriable: true)
        }
    }

    /// Parks an event.
    /// - Parameters:
    ///   - reason: why; `nil` where it waits behind another of its key.
    ///   - nextAttempt: when it is tried again by itself; `nil` for never.
    public func park(
        _ record: LogEntry, reason: String?, nextAttempt: Timestamp?, at now: Timestamp,
        in transaction: any StoreTransaction
    ) throws {
        let event = record.event
        try transaction.run(
            """
            INSERT INTO flotilla_parked (place, stream, position, event_id, event_type, event_key, aggregate_type,
                event_time, trace_parent, headers, content_type, payload, reason, attempts, next_attempt,
                parked_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            """,
            scope + [
                .integer(record.position), .parked(record.eventID ?? event.id.description), .parked(event.type),
                .parked(event.key), .parked(event.aggregateType), .integer(event.time.microseconds),
                .parked(event.traceParent), .parked(event.headers), .parked(event.unusualContentType),
                .bytes(event.payload), .parked(reason),
                .integer(reason == nil ? 0 : 1),
                nextAttempt.map { .integer($0.microseconds) } ?? .null, .integer(now.microseconds),
            ])
    }

    /// An event and its position, wherever it was read.
    public struct LogEntry: Sendable {
        public var position: Int64
        public var event: Event
        /// As the writer wrote it, where that is no UUID.
        public var eventID: String?

        public init(position: Int64, event: Event, eventID: String? = nil) {
            self.position = position
            self.event = event
            self.eventID = eventID
        }
    }

    // MARK: Looking

    private static let columns = """
        sequence, position, event_id, event_type, event_key, aggregate_type, event_time, trace_parent, headers, payload,
        reason, attempts, next_attempt, parked_at, content_type
        """

    private func event(_ row: SQLRow) -> ParkedEvent {
        func text(_ column: Int) -> String? { row[column].text.map { ParkedText.decoded($0) } }
        let id = text(2) ?? ""
        return ParkedEvent(
            sequence: row[0].integer ?? 0, position: row[1].integer ?? 0, eventID: id,
            event: Event(
                id: EventID(id) ?? EventID(high: 0, low: 0), source: stream.source, type: text(3) ?? "",
                key: text(4) ?? "", aggregateType: text(5) ?? "",
                time: Timestamp(microseconds: row[6].integer ?? 0), traceParent: text(7), headers: text(8),
                contentType: text(14) ?? Event.usualContentType, payload: row[9].bytes ?? []),
            reason: text(10), attempts: Int(row[11].integer ?? 0),
            nextAttempt: row[12].integer.map { Timestamp(microseconds: $0) },
            parkedAt: Timestamp(microseconds: row[13].integer ?? 0))
    }

    /// At most `limit` parked events, in the order in which they were parked, from `sequence` on.
    public func list(
        from sequence: Int64 = 0, limit: Int, in transaction: any StoreTransaction
    ) throws -> [ParkedEvent] {
        try batch(
            from: sequence, limit: BatchLimit(events: EventCount(limit), bytes: ByteCount(.max)), in: transaction)
    }

    /// One batch of parked events, of one key or of all, in the order in which they were parked, from `sequence` on.
    public func batch(
        of key: String? = nil, from sequence: Int64 = 0, limit: BatchLimit, in transaction: any StoreTransaction
    ) throws -> [ParkedEvent] {
        let statement = try transaction.prepare(
            """
            SELECT \(Self.columns) FROM flotilla_parked
            WHERE place = $1 AND stream = $2 AND sequence >= $3\(key == nil ? "" : " AND event_key = $5")
            ORDER BY sequence LIMIT $4
            """)
        let values = scope + [.integer(sequence), .integer(Int64(limit.events.value))]
        var events: [ParkedEvent] = []
        var bytes = 0
        do {
            try statement.forEachRow(values + (key.map { [.parked($0)] } ?? [])) { row in
                if bytes >= limit.bytes.value { throw Enough() }
                let event = event(row)
                bytes += event.event.size.value
                events.append(event)
            }
        } catch is Enough {}
        return events
    }

    /// Ends reading where a batch is full.
    private struct Enough: Error {}

    /// The parked events with an id.
    public func events(withID id: String, in transaction: any StoreTransaction) throws -> [ParkedEvent] {
        try transaction.rows(
            "SELECT \(Self.columns) FROM flotilla_parked WHERE place = $1 AND stream = $2 AND event_id = $3",
            scope + [.parked(id)]
        ).map(event)
    }

    /// The parked event that a key's others wait for.
    public func head(of key: String, in transaction: any StoreTransaction) throws -> ParkedEvent? {
        try batch(of: key, limit: BatchLimit(events: 1, bytes: ByteCount(1)), in: transaction).first
    }

    public func counts(in transaction: any StoreTransaction) throws -> ParkedCounts {
        let row = try transaction.firstRow(
            """
            SELECT count(*) FILTER (WHERE reason IS NOT NULL AND next_attempt IS NULL),
                count(*) FILTER (WHERE next_attempt IS NOT NULL), count(*) FILTER (WHERE reason IS NULL)
            FROM flotilla_parked WHERE place = $1 AND stream = $2
            """, scope)
        return ParkedCounts(
            parked: Int(row?[0].integer ?? 0), retrying: Int(row?[1].integer ?? 0), waiting: Int(row?[2].integer ?? 0))
    }

    /// When the oldest of the events that failed for good occurred; `nil` where there is none.
    public func oldestFailure(in transaction: any StoreTransaction) throws -> Timestamp? {
        try transaction.firstRow(
            """
            SELECT min(event_time) FROM flotilla_parked
            WHERE place = $1 AND stream = $2 AND reason IS NOT NULL AND next_attempt IS NULL
            """, scope)?[0].integer.map { Timestamp(microseconds: $0) }
    }

    /// The keys whose head is to be tried again at or before `now`, soonest first.
    public func dueKeys(at now: Timestamp, limit: Int, in transaction: any StoreTransaction) throws -> [String] {
        try transaction.rows(
            """
            SELECT event_key FROM flotilla_parked
            WHERE place = $1 AND stream = $2 AND next_attempt IS NOT NULL AND next_attempt <= $3
            ORDER BY next_attempt LIMIT $4
            """, scope + [.integer(now.microseconds), .integer(Int64(limit))]
        ).compactMap { $0[0].text.map { ParkedText.decoded($0) } }
    }

    /// When the next event is to be tried again by itself.
    public func nextDue(in transaction: any StoreTransaction) throws -> Timestamp? {
        try transaction.firstRow(
            "SELECT min(next_attempt) FROM flotilla_parked WHERE place = $1 AND stream = $2 AND next_attempt IS NOT NULL",
            scope
        )?[0].integer.map { Timestamp(microseconds: $0) }
    }

    // MARK: Settling

    /// Removes a parked event: it was applied, or discarded.
    public func remove(_ event: ParkedEvent, in transaction: any StoreTransaction) throws {
        try transaction.run("DELETE FROM flotilla_parked WHERE sequence = $1", [.integer(event.sequence)])
    }

    /// Removes the events from behind a position on: their stream brings them again.
    /// - Returns: how many there were.
    public func removeAll(after position: LogPosition, in transaction: any StoreTransaction) throws -> Int {
        try transaction.run(
            "DELETE FROM flotilla_parked WHERE place = $1 AND stream = $2 AND position > $3",
            scope + [.integer(position.value)])
    }

    /// Notes that a parked event failed once more.
    public func recordFailure(
        of event: ParkedEvent, reason: String, nextAttempt: Timestamp?, in transaction: any StoreTransaction
    ) throws {
        try transaction.run(
            "UPDATE flotilla_parked SET reason = $1, attempts = attempts + 1, next_attempt = $2 WHERE sequence = $3",
            [
                .parked(reason), nextAttempt.map { .integer($0.microseconds) } ?? .null, .integer(event.sequence),
            ])
    }

    /// Puts off the next attempt at a parked event, which does not count as one that failed.
    public func postpone(
        _ event: ParkedEvent, reason: String, until next: Timestamp, in transaction: any StoreTransaction
    ) throws {
        try transaction.run(
            "UPDATE flotilla_parked SET reason = $1, next_attempt = $2 WHERE sequence = $3",
            [.parked(reason), .integer(next.microseconds), .integer(event.sequence)])
    }

    /// Tries the parked events of a key in order, until one fails or none is left.
    ///
    /// - Parameters:
    ///   - apply: the effect; what it wrote is undone where it throws a `statement` or `badEvent` error, and the whole
    ///     transaction fails where it throws any other.
    ///   - nextAttempt: when an event that failed is tried again by itself, given its attempts so far.
    /// - Returns: how many were applied, and why the first that failed did.
    public func retry(
        _ key: String, in transaction: any StoreTransaction, nextAttempt: (Int) -> Timestamp? = { _ in nil },
        apply: (ParkedEvent) throws -> Void
    ) throws -> (applied: Int, failure: FleetError?) {
        var applied = 0
        while let event = try head(of: key, in: transaction) {
            do {
                try transaction.savepoint {
                    try apply(event)
                    try transaction.checkDeferredConstraints()
                }
            } catch let error as FleetError where error.code == .statement || error.code == .badEvent {
                try recordFailure(
                    of: event, reason: error.description, nextAttempt: nextAttempt(event.attempts + 1), in: transaction)
                return (applied, error)
            }
            try remove(event, in: transaction)
            applied += 1
        }
        return (applied, nil)
    }
}
