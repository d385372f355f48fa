#if Postgres
    import FleetCore
    import Outbox
    import Parking
    import PostgresConnection
    import Stores

    /// Settles one captured batch of an outbox table, within one transaction: parks what must not leave, removes or marks
    /// what was published.
    struct PostgresSettlement: Sendable {
        let table: PostgresOutboxTable
        let stream: StreamName
        let keep: Duration
        let maximumParked: EventCount
        let now: Timestamp

        /// Kept rows are removed at most this many at once: more than are settled at once, so that a busy table shrinks too.
        static let removalLimit = 20_480
        private var sequence: String { PostgresOutboxTable.sequence }

        /// - Returns: numbers up to which were given to transactions before the one that is returned with it.
        func perform(
            _ batch: CapturedBatch, in session: PostgresSession
        ) throws -> (floor: Int64, transaction: UInt64) {
            // First the numbers, and then one's own transaction id: whoever took a lower number has a lower id.
            let last = try session.firstRow(
                "SELECT pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass)",
                [.text(table.quoted), .text(sequence)])
            let own = try session.firstRow("SELECT pg_current_xact_id()::text")
            guard let transaction = own?[0].text.flatMap({ UInt64($0) }) else {
                throw FleetError(.bug, "\(session.name): a transaction has no id")
            }
            try park(batch.parked, in: session)
            let positions = "{" + batch.published.map { String($0.value) }.joined(separator: ",") + "}"
            if !batch.published.isEmpty {
                let change =
                    keep > .zero
                    ? "UPDATE \(table.quoted) SET \(PostgresOutboxTable.publishedAt) = clock_timestamp()"
                    : "DELETE FROM \(table.quoted)"
                _ = try session.run(
                    "\(change) WHERE \(sequence) = ANY ($1::bigint[])", [.text(positions)])
            }
            return (last?[0].integer ?? .min, transaction)
        }

        private func park(_ rows: [RowToPark], in session: PostgresSession) throws {
            guard !rows.isEmpty else { return }
            let parking = Parking(place: .outbox, stream: stream)
            try parking.checkRoom(for: rows.count, limit: maximumParked, in: session, at: session.name)
            for row in rows {
                if row.reason == nil, try !parking.isHeld(row.key, in: session) {
                    throw FleetError(
                        .conflict, "key \(row.key) of \(session.name) is no longer held", isRetriable: true)
                }
                let time = try writtenTime(of: row.position, in: session)
                _ = try session.run(
                    move,
                    [
                        .integer(row.position.value), .text(Parking.Place.outbox.text), .text(stream.service.text),
                        .text(row.key), row.reason.map { .text($0) } ?? .null, .integer(now.microseconds),
                        .integer((time ?? now).microseconds),
                    ])
            }
        }

        /// When a row says that its event occurred, read as when it is captured.
        private func writtenTime(of position: OutboxPosition, in session: PostgresSession) throws -> Timestamp? {
            guard table.columns["time"] != nil else { return nil }
            let row = try session.firstRow(
                "SELECT time::text FROM \(table.quoted) WHERE \(sequence) = $1", [.integer(position.value)])
            return row?[0].text.flatMap(PostgresTime.timestamp)
        }

        /// Moves a row as it stands, without carrying its payload through this process. Its texts are written as
        /// ``Parking`` writes them, to which U+0001 is a mark.
        private var move: String {
            func parked(_ text: String) -> String { "replace(\(text), chr(1), chr(1) || '1')" }
            func column(_ name: String) -> String { table.columns[name] == nil ? "NULL" : parked("\(name)::text") }
            let payload =
                table.columns["payload"] == PostgresType.bytea ? "payload" : "convert_to(payload::text, 'UTF8')"
            return """
                WITH row AS (DELETE FROM \(table.quoted) WHERE \(sequence) = $1 RETURNING *)
                INSERT INTO flotilla_parked (place, stream, position, event_id, event_type, event_key, aggregate_type,
                    event_time, trace_parent, headers, content_type, payload, reason, attempts, next_attempt,
                    parked_at)
                SELECT $2, $3, $1, coalesce(\(parked("id::text")), ''), coalesce(\(parked("type::text")), ''),
                    \(parked("$4::text")), coalesce(\(parked("aggregatetype::text")), ''), $7::bigint, \(column("traceparent")), \(column("headers")),
                    CASE WHEN payload IS NULL THEN '\(Event.noContentType)' END, coalesce(\(payload), ''::bytea),
                    \(parked("$5::text")), 1, NULL, $6::bigint
                FROM row
                """
        }

        /// Removes rows that were kept long enough, in a bounded batch.
        static func removeExpired(_ table: PostgresOutboxTable, keep: Duration, in session: PostgresSession) throws
            -> Int
        {
            try session.run(
                """
                DELETE FROM \(table.quoted) WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM \(table.quoted)
                    WHERE \(PostgresOutboxTable.publishedAt) < clock_timestamp() - $1 * interval '1 microsecond'
                    LIMIT $2 FOR UPDATE SKIP LOCKED))
                """, [.integer(keep.wholeMicroseconds), .integer(Int64(Self.removalLimit))])
        }
    }
#endif
