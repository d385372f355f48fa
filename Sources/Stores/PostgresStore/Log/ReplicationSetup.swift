#if Postgres
    import FleetCore
    import PGOutput
    import PostgresConnection
    import Stores

    /// What capture from the server's log needs beside the tables: a publication, a slot, and a server that allows them.
    struct ReplicationSetup {
        let needs: OutboxNeeds
        let names: ReplicationNames
        let address: PostgresAddress

        init(_ needs: OutboxNeeds, address: PostgresAddress) {
            self.needs = needs
            self.address = address
            names = ReplicationNames(stream: needs.stream)
        }

        enum Step: Equatable {
            case createPublication
            case createSlot

            func description(_ names: ReplicationNames) -> String {
                switch self {
                case .createPublication: "create publication \(names.slot)"
                case .createSlot: "create replication slot \(names.slot)"
                }
            }
        }

        /// What is to be done.
        /// - Parameter isSetUp: whether Flotilla's own tables are there.
        /// - Throws: `denied` or `invalidInput` with everything that the server lacks, and the statements that mend it; `gap`
        ///   where a slot that was there is gone.
        func plan(in session: PostgresSession, isSetUp: Bool) throws -> [Step] {
            var steps: [Step] = []
            let publication = try session.firstRow(
                "SELECT pubinsert FROM pg_publication WHERE pubname = $1", [.text(names.slot)])
            let record = isSetUp ? try CaptureRecord.read(needs.stream, in: session) : nil
            let slot = try ReplicationSlot(names.slot, in: session)
            if record == nil {
                if publication == nil { steps.append(.createPublication) }
                steps.append(.createSlot)
                if let slot { try checkIsOwn(slot, in: session) }
            } else {
                _ = try ReplicationSlot.check(names, needs, in: session)
            }
            if !steps.isEmpty { try checkServer(session, needsSlot: slot == nil) }
            return steps
        }

        /// A slot without a record is what an `apply` that was interrupted has left, or somebody else's.
        private func checkIsOwn(_ slot: ReplicationSlot, in session: PostgresSession) throws {
            let database = try session.firstRow("SELECT current_database()")?[0].text
            guard slot.database == database else { throw ReplicationSlot.isAnothers(slot, session.name) }
            let schemas = try session.rows(
                "SELECT schemaname FROM pg_tables WHERE tablename = 'flotilla_outboxes' AND schemaname <> current_schema()"
            )
            for schema in schemas {
                let table = "\(PostgresAddress.quoted(schema[0].text ?? "")).flotilla_outboxes"
                if try session.firstRow("SELECT 1 FROM \(table) WHERE slot = $1", [.text(slot.name)]) != nil {
                    throw ReplicationSlot.isAnothers(slot, session.name)
                }
            }
        }

        private func checkServer(_ session: PostgresSession, needsSlot: Bool) throws {
            var lacks: [String] = []
            let row = try session.firstRow(
                """
                SELECT current_setting('wal_level'), current_user, rolreplication OR rolsuper,
                    has_database_privilege(current_database(), 'CREATE'), current_database(),
                    current_setting('max_replication_slots')::int
                        - (SELECT count(*) FROM pg_replication_slots)::int,
                    current_setting('max_wal_senders')::int
                        - (SELECT count(*) FROM pg_stat_replication)::int,
                    pg_is_in_recovery(), current_setting('max_replication_slots')::int,
                    current_setting('max_wal_senders')::int,
                    EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname IN ('rds_replication', 'cloudsqlsuperuser')
                        AND pg_has_role(r.oid, 'member'))
                FROM pg_roles WHERE rolname = current_user
                """)
            guard let row else { return }
            let user = PostgresAddress.quoted(row[1].text ?? "")
            if row[7] == .boolean(true) {
                throw FleetError(
                    .invalidInput, "\(session.name) is a standby", remedy: "name the primary server in `store:`")
            }
            if let level = row[0].text, level != "logical" {
                lacks.append(
                    "wal_level is \(level): run ALTER SYSTEM SET wal_level = 'logical', and restart the server")
            }
            if row[2] != .boolean(true), row[10] != .boolean(true) {
                lacks.append("\(user) may not replicate: run ALTER ROLE \(user) REPLICATION as a superuser")
            }
            if row[3] != .boolean(true) {
                let database = PostgresAddress.quoted(row[4].text ?? "")
                lacks.append(
                    "\(user) may not create a publication: run GRANT CREATE ON DATABASE \(database) TO \(user)")
            }
            if needsSlot, (row[5].integer ?? 0) < 1 {
                lacks.append(
                    "no replication slot is free: run ALTER SYSTEM SET max_replication_slots = \((row[8].integer ?? 0) + 10),"
                        + " and restart the server; or drop one that nobody needs (SELECT * FROM pg_replication_slots)")
            }
            if (row[6].integer ?? 0) < 1 {
                lacks.append(
                    "no WAL sender is free: run ALTER SYSTEM SET max_wal_senders = \((row[9].integer ?? 0) + 10), and restart"
                        + " the server")
            }
            if needs.capture == .message, session.serverVersion < 140_000 {
                lacks.append("capture: message needs PostgreSQL 14: use poll or log")
            }
            guard lacks.isEmpty else {
                throw FleetError(
                    .invalidInput, "\(session.name) cannot be captured from its log: \(lacks.joined(separator: "; "))",
                    remedy: "then run `flotilla apply` again")
            }
        }

        // MARK: Doing it

        func createPublication(in session: PostgresSession) throws {
            let name = PostgresAddress.quoted(names.slot)
            switch needs.capture {
            case .message: try session.script("CREATE PUBLICATION \(name)")
            default:
                let table = PostgresOutboxTable.quoted(needs.table)
                try session.script("CREATE PUBLICATION \(name) FOR TABLE ONLY \(table) WITH (publish = 'insert')")
            }
        }

        /// Makes the slot, and keeps a copy of the rows that were there before it. A slot without a record is what an
        /// `apply` that was interrupted has left: nothing was carried from it.
        func createSlot() async throws {
            let (needs, names, address) = (needs, names, address)
            let replication = PostgresConnection(address, isReplication: true)
            // There may be many rows to copy.
            var patient = address
            patient.statementTimeout = .seconds(6 * 3600)
            let copying = PostgresConnection(patient)
            let exclusion = PostgresConnection(address)
            func close() async {
                await replication.close()
                await copying.close()
                await exclusion.close()
            }
            do {
                // One `apply` at a time makes it; its session's end is that of the lock.
                let isMade = try await exclusion.access { session in
                    try session.query("SET lock_timeout = '\(Self.patience.components.seconds)s'")
                    _ = try session.firstRow(
                        "SELECT pg_advisory_lock(hashtextextended($1, 0))", [.text("flotilla slot \(names.slot)")])
                    return try CaptureRecord.read(needs.stream, in: session) != nil
                }
                if isMade {
                    await close()
                    return
                }
                let (start, snapshot) = try await replication.access { session in
                    // A slot begins where all transactions have ended that were at work when it was asked for.
                    try session.query("SET lock_timeout = '\(Self.patience.components.seconds)s'")
                    if try Self.exists(names.slot, session) {
                        try session.query("DROP_REPLICATION_SLOT \(PostgresAddress.quoted(names.slot)) WAIT")
                    }
                    let made = try session.query(
                        "CREATE_REPLICATION_SLOT \(PostgresAddress.quoted(names.slot)) LOGICAL pgoutput EXPORT_SNAPSHOT"
                    )
                    guard let made, made.rowCount == 1 else {
                        throw FleetError(.unavailable, "\(session.name): no slot was made", isRetriable: true)
                    }
                    return (made.text(0, 1), made.text(0, 2))
                }
                let record = CaptureRecord(
                    slot: names.slot, settled: LogSequenceNumber(start) ?? .none, transaction: .none, rows: 0)
                // The snapshot is there as long as the connection that exported it does nothing else.
                try await copying.access { session in
                    try session.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '\(snapshot)'")
                    do {
                        if needs.capture == .log { try Self.copyRows(needs, in: session) }
                        try record.insert(needs.stream, in: session)
                        try session.query("COMMIT")
                    } catch {
                        _ = try? session.query("ROLLBACK")
                        throw error
                    }
                }
            } catch let error as FleetError where error.code == .busy {
                await close()
                throw FleetError(
                    .busy,
                    "\(address.name): the replication slot cannot begin, because transactions are at work since before",
                    remedy:
                        "end them, and run `flotilla apply` again: SELECT pid, xact_start, query FROM pg_stat_activity"
                        + " WHERE xact_start IS NOT NULL ORDER BY xact_start", underlying: error.underlying)
            } catch {
                await close()
                throw error
            }
            await close()
        }

        /// How long transactions that are at work when a slot is made are waited for.
        private static let patience = Duration.seconds(50)

        private static func exists(_ slot: String, _ session: PostgresSession) throws -> Bool {
            // A replication connection takes SQL too, but no prepared statements.
            let result = try session.query("SELECT 1 FROM pg_replication_slots WHERE slot_name = '\(slot)'")
            return (result?.rowCount ?? 0) > 0
        }

        private static func copyRows(_ needs: OutboxNeeds, in session: PostgresSession) throws {
            guard let table = try PostgresOutboxTable(needs.table, in: session) else { return }
            func column(_ name: String) -> String { table.columns[name] == nil ? "NULL" : "\(name)::text" }
            let payload =
                table.columns["payload"] == PostgresType.bytea ? "payload" : "convert_to(payload::text, 'UTF8')"
            let order = table.isOrdered ? PostgresOutboxTable.sequence : "ctid"
            let kept = table.keepsRows ? "WHERE \(PostgresOutboxTable.publishedAt) IS NULL" : ""
            _ = try session.run("DELETE FROM flotilla_backlog WHERE stream = $1", [.text(needs.stream.description)])
            _ = try session.run(
                """
                INSERT INTO flotilla_backlog
                    (stream, id, type, aggregateid, aggregatetype, payload, time, traceparent, headers)
                SELECT $1, \(column("id")), \(column("type")), \(column("aggregateid")), \(column("aggregatetype")),
                    \(payload), \(column("time")), \(column("traceparent")), \(column("headers"))
                FROM \(table.quoted) \(kept) ORDER BY \(order)
                """, [.text(needs.stream.description)])
        }

        /// Drops slot and publication. No error where they are gone.
        func remove(in session: PostgresSession) throws -> [String] {
            var done: [String] = []
            if let slot = try ReplicationSlot(names.slot, in: session) {
                if let process = slot.activeProcess {
                    throw FleetError(
                        .busy, "\(session.name): replication slot \(names.slot) is in use (server process \(process))",
                        remedy: "stop `flotilla run` first", isRetriable: true)
                }
                _ = try session.firstRow("SELECT pg_drop_replication_slot($1)", [.text(names.slot)])
                done.append("drop replication slot \(names.slot)")
            }
            if try session.firstRow("SELECT 1 FROM pg_publication WHERE pubname = $1", [.text(names.slot)]) != nil {
                try session.script("DROP PUBLICATION \(PostgresAddress.quoted(names.slot))")
                done.append("drop publication \(names.slot)")
            }
            if try PostgresOwnTables.isThere(in: session) {
                _ = try session.run(
                    "DELETE FROM flotilla_outboxes WHERE name = $1", [.text(needs.stream.description)])
                _ = try session.run(
                    "DELETE FROM flotilla_backlog WHERE stream = $1", [.text(needs.stream.description)])
            }
            return done
        }
    }
#endif
