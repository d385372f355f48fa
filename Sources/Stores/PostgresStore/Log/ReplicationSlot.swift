#if Postgres
    import FleetCore
    import PGOutput
    import PostgresConnection
    import Stores

    /// A logical replication slot as the server shows it.
    /// https://www.postgresql.org/docs/current/view-pg-replication-slots.html
    struct ReplicationSlot: Sendable {
        var name: String
        var plugin: String
        var database: String
        var activeProcess: Int64?
        /// `reserved`, `extended`, `unreserved` or `lost`.
        var walStatus: String
        /// Everything before it is never sent again.
        var confirmed: LogSequenceNumber
        /// How much of its log the server keeps for the slot.
        var retained: ByteCount

        init?(_ name: String, in session: PostgresSession) throws {
            let row = try session.firstRow(
                """
                SELECT coalesce(plugin, ''), coalesce(database, ''), active_pid, coalesce(wal_status, 'lost'),
                    coalesce(confirmed_flush_lsn, '0/0')::text,
                    coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
                        ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint
                FROM pg_replication_slots WHERE slot_name = $1
                """, [.text(name)])
            guard let row else { return nil }
            self.name = name
            plugin = row[0].text ?? ""
            database = row[1].text ?? ""
            activeProcess = row[2].integer
            walStatus = row[3].text ?? ""
            confirmed = LogSequenceNumber(row[4].text ?? "") ?? .none
            retained = ByteCount(Int(row[5].integer ?? 0))
        }
    }

    /// How far an outbox was carried, as it is kept in the service's own schema, in the transaction that settles.
    struct CaptureRecord: Sendable, Equatable {
        var slot: String
        /// Everything that ends before it is settled.
        var settled: LogSequenceNumber
        /// The transaction of which only the first rows are settled, by the place of its commit, and how many.
        var transaction: LogSequenceNumber
        var rows: Int64

        /// - Returns: `nil` where `apply` has not made one.
        static func read(_ stream: StreamName, in session: PostgresSession) throws -> CaptureRecord? {
            let row = try session.firstRow(
                """
                SELECT slot, settled_lsn::text, transaction_lsn::text, transaction_rows FROM flotilla_outboxes
                WHERE name = $1
                """, [.text(stream.description)])
            return row.map { row in
                CaptureRecord(
                    slot: row[0].text ?? "", settled: LogSequenceNumber(row[1].text ?? "") ?? .none,
                    transaction: LogSequenceNumber(row[2].text ?? "") ?? .none, rows: row[3].integer ?? 0)
            }
        }

        func insert(_ stream: StreamName, in session: PostgresSession) throws {
            _ = try session.run(
                """
                INSERT INTO flotilla_outboxes (name, slot, settled_lsn, transaction_lsn, transaction_rows)
                VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (name) DO UPDATE SET slot = excluded.slot, settled_lsn = excluded.settled_lsn,
                    transaction_lsn = excluded.transaction_lsn, transaction_rows = excluded.transaction_rows
                """, [.text(stream.description)] + values)
        }

        /// - Throws: `conflict` where the record is not as it was last seen: another process captures this outbox.
        func replace(_ last: CaptureRecord, _ stream: StreamName, in session: PostgresSession) throws {
            let changed = try session.run(
                """
                UPDATE flotilla_outboxes SET slot = $2, settled_lsn = $3, transaction_lsn = $4, transaction_rows = $5
                WHERE name = $1 AND slot = $6 AND settled_lsn = $7 AND transaction_lsn = $8 AND transaction_rows = $9
                """, [.text(stream.description)] + values + last.values)
            if changed != 1 {
                throw FleetError(
                    .conflict, "\(session.name): another process captured from this outbox meanwhile", isRetriable: true
                )
            }
        }

        private var values: [SQLValue] {
            [.text(slot), .text(settled.description), .text(transaction.description), .integer(rows)]
        }
    }

    extension ReplicationSlot {
        /// How long the end of an evicted reader is waited for.
        private static let patience = Duration.seconds(5)

        /// Ends the session that reads a slot, if there is one.
        static func endReader(of name: String, in session: PostgresSession) throws {
            var time = WaitingTime(patience)
            while !time.isOver(), let process = try Self(name, in: session)?.activeProcess {
                try session.end(process: process)
            }
        }

        /// Reads the slot and the record of an outbox, and holds that they fit together: nothing that was committed since
        /// was missed.
        /// - Throws: `notApplied`; `gap` where the slot is missing, was invalidated, or is not where it was left.
        static func check(
            _ names: ReplicationNames, _ needs: OutboxNeeds, in session: PostgresSession
        ) throws -> CaptureRecord {
            let stream = needs.stream
            // The slot first: whoever carries at this moment moves the record on before the slot, and so before both are seen.
            let there = try ReplicationSlot(names.slot, in: session)
            guard try PostgresOwnTables.isThere(in: session), let record = try CaptureRecord.read(stream, in: session)
            else {
                throw FleetError(
                    .notApplied, "\(session.name) is not set up to be captured from its log",
                    remedy: "run `flotilla apply`")
            }
            let remedy =
                "`flotilla apply --replace-slot \(stream.service)` makes a new slot and carries the rows that are still in the"
                + " outbox; events that their service deleted after \(record.settled) may be lost"
            func gap(_ text: String) -> FleetError { FleetError(.gap, "\(session.name): \(text)", remedy: remedy) }
            guard let slot = there else {
                throw gap("replication slot \(names.slot) is missing: it was dropped, or the server failed over")
            }
            guard slot.database == (try session.firstRow("SELECT current_database()")?[0].text ?? "") else {
                throw Self.isAnothers(slot, session.name)
            }
            guard slot.walStatus != "lost" else {
                throw gap(
                    "replication slot \(names.slot) was invalidated: it needed more of the server's log than"
                        + " max_slot_wal_keep_size allows")
            }
            guard slot.plugin == "pgoutput" else {
                throw FleetError(
                    .invalidInput, "\(session.name): replication slot \(names.slot) is of the plugin \(slot.plugin)",
                    remedy: "drop it, and run `flotilla apply`")
            }
            if let lack = try PublicationCheck(names, needs, in: session).lack { throw gap(lack) }
            guard slot.confirmed <= record.settled else {
                throw gap(
                    "replication slot \(names.slot) is at \(slot.confirmed), ahead of \(record.settled), up to where its"
                        + " events were carried: somebody advanced it, or made it anew")
            }
            return record
        }
    }

    extension ReplicationSlot {
        /// Slots are the server's, and have the fleet's name: two fleets of one name are in each other's way.
        static func isAnothers(_ slot: ReplicationSlot, _ name: String) -> FleetError {
            FleetError(
                .invalidInput,
                "\(name): replication slot \(slot.name) is there already, and belongs to database \(slot.database) or to"
                    + " another schema",
                remedy: "give this fleet or service another name; or, if nobody needs that slot, drop it there with"
                    + " `flotilla apply --remove`")
        }
    }

    /// Whether a publication tells of what a service writes into its outbox.
    struct PublicationCheck {
        /// What is wrong with it; `nil` where nothing is.
        let lack: String?

        init(_ names: ReplicationNames, _ needs: OutboxNeeds, in session: PostgresSession) throws {
            let found = try session.firstRow(
                "SELECT pubinsert FROM pg_publication WHERE pubname = $1", [.text(names.slot)])
            guard let found else {
                lack = "publication \(names.slot) is missing: what was written since it was dropped is not told"
                return
            }
            guard needs.capture == .log else {
                lack = nil
                return
            }
            guard found[0] == .boolean(true) else {
                lack = "publication \(names.slot) does not publish inserts any more"
                return
            }
            // Row filters and column lists came with version 15.
            let isWhole = session.serverVersion >= 150_000 ? "prqual IS NULL AND prattrs IS NULL" : "true"
            let table = try session.firstRow(
                """
                SELECT \(isWhole) FROM pg_publication_rel
                WHERE prpubid = (SELECT oid FROM pg_publication WHERE pubname = $1) AND prrelid = to_regclass($2)
                """, [.text(names.slot), .text(PostgresOutboxTable.quoted(needs.table))])
            lack =
                switch table?[0] {
                case nil:
                    "publication \(names.slot) does not tell of table \(needs.table): the table was made anew, or is another"
                case .boolean(true): nil
                default: "publication \(names.slot) does not tell all of table \(needs.table)"
                }
        }
    }
#endif
