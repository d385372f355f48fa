public import FleetCore
public import Stores

/// What one subscription has taken responsibility for, kept in the store in which its effects are.
///
/// All calls are part of the caller's transaction: effect, inbox row and cursor commit together, or none of them does.
public struct Inbox: Sendable {
    /// The subscription's number in this store.
    public let number: Int64

    /// Where a subscription stands.
    public struct State: Sendable, Hashable {
        public var number: Int64
        /// The last record of the stream that was taken.
        public var position: LogPosition
        /// After which record the subscription began; ``LogPosition/start`` where it saw the whole stream.
        public var begunAfter: LogPosition
        /// Of the stream that the positions are of.
        public var streamIdentity: String
        /// The id of the event at ``position``; `nil` where none was taken yet.
        public var lastEventID: EventID?
    }

    public init(number: Int64) {
        self.number = number
    }

    /// Where a subscription stands; `nil` where the store does not know it.
    public static func state(
        of name: String, in stream: StreamName, _ transaction: any StoreTransaction
    ) throws -> State? {
        try transaction.firstRow(
            """
            SELECT number, position, begun_at, stream_identity, last_event_id FROM flotilla_subscriptions
            WHERE name = $1 AND stream = $2
            """, [.text(name), .text(stream.service.text)]
        ).map { row in
            State(
                number: row[0].integer ?? 0, position: LogPosition(row[1].integer ?? 0),
                begunAfter: LogPosition(row[2].integer ?? 0), streamIdentity: row[3].text ?? "",
                lastEventID: row[4].bytes.flatMap { EventID(bytes: $0) })
        }
    }

    /// Begins a subscription after a record, unless the store knows it already.
    /// - Parameter identity: of the stream; empty where the subscription reads none.
    public static func begin(
        _ name: String, in stream: StreamName, identity: String, after position: LogPosition,
        _ transaction: any StoreTransaction
    ) throws -> State {
        try transaction.run(
            """
            INSERT INTO flotilla_subscriptions (name, stream, position, begun_at, stream_identity) VALUES ($1, $2, $3, $3, $4)
            ON CONFLICT (name, stream) DO NOTHING
            """, [.text(name), .text(stream.service.text), .integer(position.value), .text(identity)])
        guard let state = try state(of: name, in: stream, transaction) else {
            throw FleetError(.bug, "subscription \(name) vanished within a transaction")
        }
        return state
    }

    /// Takes responsibility for an event: `true` the first time, `false` for a duplicate.
    public func accept(_ id: EventID, at position: LogPosition, _ transaction: any StoreTransaction) throws -> Bool {
        try Self.acceptance(transaction).run(acceptance(of: id, at: position)) == 1
    }

    /// The statement behind ``accept(_:at:_:)``, for those who take many events in one transaction: it changes one row
    /// the first time that it is run with an event's ``acceptance(of:at:)``, and none for a duplicate.
    public static func acceptance(_ transaction: any StoreTransaction) throws -> any StoreStatement {
        try transaction.prepare(
            """
            INSERT INTO flotilla_inbox (subscription, event_id, position) VALUES ($1, $2, $3)
            ON CONFLICT (subscription, event_id) DO NOTHING
            """)
    }

    /// The parameters of ``acceptance(_:)``.
    public func acceptance(of id: EventID, at position: LogPosition) -> [SQLValue] {
        [.integer(number), .id(id), .integer(position.value)]
    }

    /// Moves the cursor to a record, and keeps the id of its event.
    /// - Throws: `conflict` where it is not at `expected`: somebody else has moved it, and what the caller was about to
    ///   do may have been done.
    public func advance(
        from expected: LogPosition, to position: LogPosition, eventID: EventID, _ transaction: any StoreTransaction
    ) throws {
        let moved = try transaction.run(
            "UPDATE flotilla_subscriptions SET position = $1, last_event_id = $2 WHERE number = $3 AND position = $4",
            [.integer(position.value), .id(eventID), .integer(number), .integer(expected.value)])
        if moved != 1 {
            throw FleetError(.conflict, "another process moved the cursor of this subscription", isRetriable: true)
        }
    }

    /// Takes the cursor back to a record, so that those after it are taken again: they are forgotten.
    /// - Parameters:
    ///   - expected: where the cursor is.
    ///   - eventID: of the event at `position`, as far as it is known.
    /// - Throws: `conflict` where the cursor is not at `expected`.
    public func rewind(
        from expected: LogPosition, to position: LogPosition, eventID: EventID?, _ transaction: any StoreTransaction
    ) throws {
        let moved = try transaction.run(
            """
            UPDATE flotilla_subscriptions SET position = $1, last_event_id = $2,
                begun_at = CASE WHEN begun_at > $1 THEN $1 ELSE begun_at END
            WHERE number = $3 AND position = $4
            """,
            [
                .integer(position.value), eventID.map { .id($0) } ?? .null, .integer(number), .integer(expected.value),
            ])
        if moved != 1 {
            throw FleetError(.conflict, "another process moved the cursor of this subscription", isRetriable: true)
        }
        try transaction.run(
            "DELETE FROM flotilla_inbox WHERE subscription = $1 AND position > $2",
            [.integer(number), .integer(position.value)])
    }

    /// Forgets events that a stream cannot bring again: those more than `window` records behind the cursor. Looks at a
    /// bounded number of rows, in the order of their ids.
    /// - Returns: where to go on; `nil` where the last row was reached.
    public func forget(
        below position: LogPosition, after id: [UInt8]?, limit: Int, _ transaction: any StoreTransaction
    ) throws -> [UInt8]? {
        let scope: [SQLValue] = [.integer(number), .bytes(id ?? [])]
        // The slice's last row, not its greatest: PostgreSQL has no max() of bytes before version 18.
        let end = try transaction.firstRow(
            """
            SELECT event_id FROM flotilla_inbox WHERE subscription = $1 AND event_id > $2
            ORDER BY event_id LIMIT 1 OFFSET $3
            """, scope + [.integer(Int64(limit - 1))])?[0].bytes
        guard let end else {
            // Fewer rows than that are left.
            try transaction.run(
                "DELETE FROM flotilla_inbox WHERE subscription = $1 AND event_id > $2 AND position < $3",
                scope + [.integer(position.value)])
            return nil
        }
        try transaction.run(
            """
            DELETE FROM flotilla_inbox
            WHERE subscription = $1 AND event_id > $2 AND event_id <= $3 AND position < $4
            """, scope + [.bytes(end), .integer(position.value)])
        return end
    }
}
