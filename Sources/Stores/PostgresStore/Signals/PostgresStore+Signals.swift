#if Postgres
    import FleetCore
    public import Signals
    import Stores

    extension PostgresStore: SignalSource {
        public static var metrics: [Metric] { PostgresMetrics.all }

        /// One short read transaction. What a role may not see, or a server does not have, is left out and said.
        public func readings() async throws -> Readings {
            try await read { transaction in
                var look = PostgresLook(transaction: transaction)
                try look.part("its database", look.database)
                try look.part("its connections", look.connections)
                try look.part("locks that are waited for", look.locks)
                try look.part("replication slots", look.slots)
                try look.part("pg_stat_statements", look.statements)
                return look.readings
            }
        }
    }

    /// Reads the statistics views.
    private struct PostgresLook {
        let transaction: any StoreTransaction
        private(set) var readings = Readings()

        /// So many replication slots are told of at most.
        private static let slotLimit = 100
        /// What `pg_stat_activity` calls a connection's state, and what those are that it does not tell of.
        private static let states = [
            "active", "idle", "idle in transaction", "idle in transaction (aborted)", "fastpath function call",
            "disabled",
            "unknown",
        ]

        init(transaction: any StoreTransaction) { self.transaction = transaction }

        /// - Throws: what is wrong with the connection; what is wrong with this part alone is noted.
        mutating func part(_ what: String, _ look: () throws -> [(Metric, [String], SQLValue)]) throws {
            do {
                for (metric, labels, value) in try transaction.savepoint(look) {
                    readings.add(metric, labels: labels, value: value.number)
                }
            } catch let error as FleetError where error.code == .statement || error.code == .denied {
                readings.fail(what, error)
            }
        }

        func database() throws -> [(Metric, [String], SQLValue)] {
            let row = try transaction.firstRow(
                """
                SELECT s.xact_commit, s.xact_rollback, s.deadlocks, s.blks_hit, s.blks_read, s.temp_bytes,
                    pg_database_size(d.oid), age(d.datfrozenxid)::int8
                FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid WHERE d.datname = current_database()
                """)
            guard let row else { return [] }
            let metrics = [
                PostgresMetrics.commits, PostgresMetrics.rollbacks, PostgresMetrics.deadlocks,
                PostgresMetrics.blocksHit, PostgresMetrics.blocksRead, PostgresMetrics.temporary, PostgresMetrics.size,
                PostgresMetrics.transactionAge,
            ]
            return metrics.enumerated().map { ($1, [], row[$0]) }
        }

        func connections() throws -> [(Metric, [String], SQLValue)] {
            let rows = try transaction.rows(
                """
                SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND backend_type IN ('client backend', 'walsender') GROUP BY 1
                """)
            let counts = Dictionary(rows.map { ($0[0].text ?? "unknown", $0[1]) }) { first, _ in first }
            var told = Self.states.map { (PostgresMetrics.connections, [$0], counts[$0] ?? .integer(0)) }
            let row = try transaction.firstRow(
                """
                SELECT count(*), current_setting('max_connections')::int8,
                    coalesce(extract(epoch FROM max(clock_timestamp() - xact_start) FILTER (
                        WHERE datname = current_database() AND pid <> pg_backend_pid())), 0)::float8
                FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender')
                """)
            if let row {
                told.append((PostgresMetrics.serverConnections, [], row[0]))
                told.append((PostgresMetrics.connectionLimit, [], row[1]))
                told.append((PostgresMetrics.oldestTransaction, [], row[2]))
            }
            return told
        }

        func locks() throws -> [(Metric, [String], SQLValue)] {
            let row = try transaction.firstRow(
                """
                SELECT count(*) FROM pg_locks WHERE NOT granted AND (database IS NULL OR database IN (
                    SELECT oid FROM pg_database WHERE datname = current_database()))
                """)
            return row.map { [(PostgresMetrics.lockWaits, [], $0[0])] } ?? []
        }

        func slots() throws -> [(Metric, [String], SQLValue)] {
            let rows = try transaction.rows(
                """
                SELECT slot_name::text, active, pg_wal_lsn_diff(
                    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                    restart_lsn)::float8
                FROM pg_replication_slots WHERE database = current_database() ORDER BY 1 LIMIT \(Self.slotLimit)
                """)
            return rows.flatMap { row in
                let name = [row[0].text ?? ""]
                return [(PostgresMetrics.slotActive, name, row[1]), (PostgresMetrics.slotRetained, name, row[2])]
            }
        }

        func statements() throws -> [(Metric, [String], SQLValue)] {
            let home = try transaction.firstRow(
                """
                SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                WHERE e.extname = 'pg_stat_statements'
                """)
            guard let home = home?[0].text else { return [] }
            // Without the texts of the statements, which are in a file.
            let row = try transaction.firstRow(
                """
                SELECT coalesce(sum(calls), 0)::float8, (coalesce(sum(total_exec_time), 0) / 1000)::float8
                FROM \(home).pg_stat_statements(false)
                WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                """)
            return row.map { [(PostgresMetrics.calls, [], $0[0]), (PostgresMetrics.callTime, [], $0[1])] } ?? []
        }
    }

    extension SQLValue {
        fileprivate var number: Double? {
            switch self {
            case .real(let value): value
            default: integer.map(Double.init)
            }
        }
    }
#endif
