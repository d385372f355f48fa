#if Postgres
    public import FleetCore
    public import Outbox
    import PGOutput
    public import PostgresConnection
    public import Stores

    // What waits in an outbox, as the server tells it to whoever does not capture.
    extension PostgresLogOutbox {
        /// What waits in an outbox, without capturing it. While another process does, it is not known more than whether that
        /// has settled everything (``CarriedPlace``); where it has not, the rows that are still in the table are counted.
        public static func pending(_ address: PostgresAddress, needs: OutboxNeeds) async throws -> PendingRows {
            try await PostgresConnection.withConnection(to: address) { connection in
                try await connection.access { try Self.pending(needs, in: $0) }
            }
        }

        /// The replication slot of an outbox.
        public static func slot(of stream: StreamName) -> String { ReplicationNames(stream: stream).slot }

        /// How much of its log the server keeps for an outbox; `nil` where there is no slot.
        public static func retainedLog(_ address: PostgresAddress, stream: StreamName) async throws -> ByteCount? {
            let names = ReplicationNames(stream: stream)
            return try await PostgresConnection.withConnection(to: address) { connection in
                try await connection.access { try ReplicationSlot(names.slot, in: $0)?.retained }
            }
        }

        /// Whoever captures tells at least once a second how far it is.
        private static let reportPatience = Duration.milliseconds(1500)
        private static let reportInterval = Duration.milliseconds(20)

        private static func countWhileCaptured(
            by process: Int64, _ needs: OutboxNeeds, in session: PostgresSession
        ) throws -> PendingRows {
            let end = try session.firstRow("SELECT pg_current_wal_flush_lsn()::text")?[0] ?? .null
            let deadline = ContinuousClock.now + reportPatience
            var waited = Duration.zero
            func pending(_ count: Int?, oldest: Timestamp? = nil) -> PendingRows {
                var rows = PendingRows(count: count, oldest: oldest)
                rows.waited = waited
                return rows
            }
            repeat {
                let isCarried = try CarriedPlace.isCarried(needs.stream, by: process, to: end, in: session)
                // It has just ended.
                guard let isCarried else { return pending(nil) }
                if isCarried { return pending(0) }
                let begun = ContinuousClock.now
                _ = try session.waitForNotification(upTo: reportInterval)
                waited += ContinuousClock.now - begun
            } while ContinuousClock.now < deadline
            guard needs.capture == .log, let table = try PostgresOutboxTable(needs.table, in: session) else {
                return pending(nil)
            }
            // Rows that their service has deleted may wait in the log.
            let there = try PostgresOutboxQuery(table: table).pending(in: session)
            return there.count == 0 ? pending(nil) : pending(there.count, oldest: there.oldest)
        }

        /// At most so many changes are looked at to count them.
        private static let peekLimit: Int64 = 100_000

        private static func pending(_ needs: OutboxNeeds, in session: PostgresSession) throws -> PendingRows {
            let names = ReplicationNames(stream: needs.stream)
            let record = try ReplicationSlot.check(names, needs, in: session)
            guard var slot = try ReplicationSlot(names.slot, in: session) else {
                return PendingRows(count: nil, oldest: nil)
            }
            if let process = slot.activeProcess {
                var pending = try countWhileCaptured(by: process, needs, in: session)
                slot = try ReplicationSlot(names.slot, in: session) ?? slot
                if pending.count != nil || slot.activeProcess != nil {
                    pending.retainedLog = slot.retained
                    return pending
                }
            }
            let isMessage = needs.capture == .message
            // An Insert message begins with I; a logical message with M, a flag, a place of eight bytes, and its prefix.
            let wanted =
                isMessage
                ? "get_byte(data, 0) = 77 AND substring(data FROM 11 FOR 9) = '\\x666c6f74696c6c6100'::bytea"
                : "get_byte(data, 0) = 73"
            let row = try session.firstRow(
                """
                WITH changes AS MATERIALIZED (SELECT * FROM pg_logical_slot_peek_binary_changes($1::name, NULL, $2::int,
                    'proto_version', '1', 'publication_names', $1::text\(isMessage ? ", 'messages', 'true'" : "")))
                -- A transaction waits if its commit (C) does, wherever its rows are.
                SELECT (SELECT count(*) FROM changes WHERE \(wanted) AND (xid IN (
                        SELECT xid FROM changes WHERE get_byte(data, 0) = 67 AND lsn > $3::pg_lsn)
                        \(isMessage ? "OR (get_byte(data, 1) = 0 AND lsn >= $3::pg_lsn)" : ""))),
                    (SELECT count(*) FROM flotilla_backlog WHERE stream = $4),
                    -- A commit's own place stands behind C and a byte of flags.
                    EXISTS (SELECT FROM changes WHERE get_byte(data, 0) = 67 AND lsn > $3::pg_lsn
                        AND substring(data FROM 3 FOR 8) = $5::bytea),
                    -- When the oldest of them committed: microseconds since 2000, behind C, the flags and two places.
                    (SELECT min(('x' || encode(substring(data FROM 19 FOR 8), 'hex'))::bit(64)::bigint) FROM changes
                        WHERE get_byte(data, 0) = 67 AND lsn > $3::pg_lsn
                        AND xid IN (SELECT xid FROM changes WHERE \(wanted)))
                """,
                [
                    .text(names.slot), .integer(Self.peekLimit), .text(record.settled.description),
                    .text(needs.stream.description),
                    .bytes(withUnsafeBytes(of: record.transaction.value.bigEndian) { Array($0) }),
                ])
            // Of a transaction the first rows may be settled already.
            let settled = row?[2] == .boolean(true) ? record.rows : 0
            let count = max(0, (row?[0].integer ?? 0) - settled) + (row?[1].integer ?? 0)
            // What was copied when the slot was made is older, and says not when it was written.
            let oldest = row?[1].integer == 0 && count > 0 ? row?[3].integer : nil
            return PendingRows(
                count: Int(count), oldest: oldest.map { Timestamp(postgresMicroseconds: $0) },
                retainedLog: slot.retained)
        }
    }
#endif
