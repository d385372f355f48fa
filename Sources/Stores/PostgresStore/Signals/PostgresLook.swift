#if Postgres
    import FleetCore
    import Signals
    import Stores
    import Synchronization

    /// What a look at a server, a database or a schema keeps for the next: what changes slowly, or never.
    final class PostgresLookMemory: Sendable {
        struct State {
            /// Texts of statements by their ids; `nil` of those that are not told of.
            var texts: [String: StatementText.Told?] = [:]
            var textsRead: ContinuousClock.Instant?
            var bloat: (read: ContinuousClock.Instant, told: [PostgresLook.Reading])?
            var archive: PostgresLook.ArchiveMemory?
        }

        let state = Mutex(State())
    }

    /// Reads the statistics views.
    struct PostgresLook {
        /// A metric, its labels behind the first, and its value.
        typealias Reading = (metric: Metric, labels: [String], value: SQLValue)

        let transaction: any StoreTransaction
        let memory: PostgresLookMemory
        var readings: Readings

        /// So many replication slots, and so many replicas, are told of at most.
        private static let slotLimit = 100
        /// What `pg_stat_activity` calls a connection's state, and what those are that it does not tell of.
        private static let states = [
            "active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call",
            "disabled",
            "unknown",
        ]

        /// Of sessions of other roles, who may not see them sees no more than that they are there.
        private static let isClient =
            "(backend_type IN ('client backend', 'walsender') OR backend_type IS NULL AND datname IS NOT NULL)"

        init(_ transaction: any StoreTransaction, _ memory: PostgresLookMemory, readings: Readings = Readings()) {
            self.transaction = transaction
            self.memory = memory
            self.readings = readings
        }

        /// - Throws: what is wrong with the connection; what is wrong with this part alone is noted.
        /// - Parameter isShared: whether others who ask the server find the same.
        mutating func part(_ what: String, isShared: Bool = false, _ look: () throws -> [Reading]) throws {
            do {
                for (metric, labels, value) in try transaction.savepoint(look) {
                    readings.add(metric, labels: labels, value: value.number)
                }
            } catch let error as FleetError where isOfPart(error) {
                readings.fail(what, error, isShared: isShared)
            }
        }

        /// Whether an error is of what was asked for alone, and the connection stands.
        func isOfPart(_ error: FleetError) -> Bool {
            switch error.code {
            case .statement, .denied: true
            // It took too long, or waited for a lock; or the server is gone.
            case .unavailable, .busy: (try? transaction.firstRow("SELECT 1")) != nil
            default: false
            }
        }

        /// What is so in all databases of the server.
        mutating func atServer() throws {
            try part("connections to its server", serverConnections)
            try part("its replicas", replicas)
            try part("its place in a replication", standby)
            try part("its archive of the log", archive)
        }

        /// What is so in all schemas of the database, and a role sees that may read no table.
        mutating func atDatabase() throws {
            try part("its database", database)
            try part("its connections", connections)
            try part("locks that are waited for", locks)
            try part("replication slots", slots)
            try part("pg_stat_statements", statements)
            try noteTopStatements()
        }

        /// What is the schema's own, and only a role sees that may read the tables.
        mutating func atTables() throws { try part("the bloat of its tables", bloat) }

        private func database() throws -> [Reading] {
            let row = try transaction.firstRow(
                """
                SELECT s.xact_commit, s.xact_rollback, s.deadlocks, s.blks_hit, s.blks_read, s.temp_bytes,
                    pg_database_size(d.oid), age(d.datfrozenxid)::int8, mxid_age(d.datminmxid)::int8, s.conflicts,
                    s.tup_returned, s.tup_fetched, s.tup_inserted, s.tup_updated, s.tup_deleted
                FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid WHERE d.datname = current_database()
                """)
            guard let row else { return [] }
            let metrics = [
                PostgresMetrics.commits, PostgresMetrics.rollbacks, PostgresMetrics.deadlocks,
                PostgresMetrics.blocksHit, PostgresMetrics.blocksRead, PostgresMetrics.temporary, PostgresMetrics.size,
                PostgresMetrics.transactionAge, PostgresMetrics.multixactAge, PostgresMetrics.conflicts,
                PostgresMetrics.rowsReturned, PostgresMetrics.rowsFetched, PostgresMetrics.rowsInserted,
                PostgresMetrics.rowsUpdated, PostgresMetrics.rowsDeleted,
            ]
            return metrics.enumerated().map { ($1, [], row[$0]) }
        }

        private func connections() throws -> [Reading] {
            let rows = try transaction.rows(
                """
                SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND \(Self.isClient) GROUP BY 1
                """)
            let counts = Dictionary(rows.map { ($0[0].text ?? "unknown", $0[1]) }) { first, _ in first }
            var told: [Reading] = Self.states.map { (PostgresMetrics.connections, [$0], counts[$0] ?? .integer(0)) }
            let row = try transaction.firstRow(
                """
                SELECT coalesce(extract(epoch FROM greatest(
                        max(clock_timestamp() - xact_start) FILTER (WHERE pid <> pg_backend_pid()),
                        (SELECT max(clock_timestamp() - prepared) FROM pg_prepared_xacts
                            WHERE database = current_database()))),
                    CASE WHEN NOT coalesce(bool_or(backend_type IS NULL), false) THEN 0 END)::float8
                FROM pg_stat_activity WHERE datname = current_database() AND \(Self.isClient)
                """)
            if let row { told.append((PostgresMetrics.oldestTransaction, [], row[0])) }
            return told
        }

        private func serverConnections() throws -> [Reading] {
            let row = try transaction.firstRow(
                """
                SELECT count(*), current_setting('max_connections')::int8 FROM pg_stat_activity WHERE \(Self.isClient)
                """)
            guard let row else { return [] }
            return [(PostgresMetrics.serverConnections, [], row[0]), (PostgresMetrics.connectionLimit, [], row[1])]
        }

        private func locks() throws -> [Reading] {
            let row = try transaction.firstRow(
                """
                SELECT count(*) FROM pg_locks WHERE NOT granted AND (database IS NULL OR database IN (
                    SELECT oid FROM pg_database WHERE datname = current_database()))
                """)
            return row.map { [(PostgresMetrics.lockWaits, [], $0[0])] } ?? []
        }

        // MARK: Replication

        private func slots() throws -> [Reading] {
            let rows = try transaction.rows(
                """
                SELECT slot_name::text, active, pg_wal_lsn_diff(
                    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                    restart_lsn)::float8
                FROM pg_replication_slots WHERE database = current_database() OR slot_type = 'physical'
                ORDER BY 1 LIMIT \(Self.slotLimit)
                """)
            return rows.flatMap { row in
                let name = [row[0].text ?? ""]
                return [(PostgresMetrics.slotActive, name, row[1]), (PostgresMetrics.slotRetained, name, row[2])]
            }
        }

        /// Those that take the log as it is, and not what is decoded of it; of several of one name the one that is furthest
        /// behind.
        private func replicas() throws -> [Reading] {
            let rows = try transaction.rows(
                """
                SELECT r.application_name, max(coalesce(extract(epoch FROM r.replay_lag), 0))::float8,
                    max(greatest(0, pg_wal_lsn_diff(
                        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                        r.replay_lsn)))::float8
                FROM pg_stat_replication r
                WHERE r.state IN ('streaming', 'catchup') AND NOT EXISTS (
                    SELECT 1 FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
                GROUP BY 1 ORDER BY 1 LIMIT \(Self.slotLimit)
                """)
            return rows.flatMap { row in
                // Who may not see them sees a row without a name.
                row[0].text.map { name in
                    [
                        (PostgresMetrics.replicaLag, [name], row[1]),
                        (PostgresMetrics.replicaBehind, [name], row[2]),
                    ]
                } ?? []
            }
        }

        private func standby() throws -> [Reading] {
            let row = try transaction.firstRow(
                """
                SELECT pg_is_in_recovery(), CASE
                        WHEN NOT pg_is_in_recovery() THEN NULL
                        WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8,
                    CASE WHEN pg_is_in_recovery() THEN
                        greatest(0, pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())) END::float8
                """)
            guard let row else { return [] }
            return [
                (PostgresMetrics.standby, [], row[0]), (PostgresMetrics.replayLag, [], row[1]),
                (PostgresMetrics.replayBehind, [], row[2]),
            ]
        }
    }

    extension SQLValue {
        var number: Double? {
            switch self {
            case .real(let value): value
            default: integer.map(Double.init)
            }
        }
    }
#endif
