#if Postgres
    import FleetCore
    import Signals
    import Stores
    import Synchronization

    /// What `pg_stat_statements` counts, where it is installed.
    extension PostgresLook {
        /// So many statements are told of by themselves: those that took the most time.
        private static let topLimit = 10
        /// So many are looked at, as some of them are told of nowhere.
        private static let candidateLimit = 40
        /// Texts are in a file that the server reads as a whole.
        private static let textInterval = Duration.seconds(10)
        private static let ofDatabase = "dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"

        /// Where the extension is, quoted; `nil` where it is not.
        private func home() throws -> String? {
            try transaction.firstRow(
                """
                SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                WHERE e.extname = 'pg_stat_statements'
                """)?[0].text
        }

        func statements() throws -> [Reading] {
            guard let home = try home() else { return [] }
            // Without the texts of the statements, which are in a file.
            let row = try transaction.firstRow(
                """
                SELECT coalesce(sum(calls), 0)::float8, (coalesce(sum(total_exec_time), 0) / 1000)::float8
                FROM \(home).pg_stat_statements(false) WHERE \(Self.ofDatabase)
                """)
            guard let row else { return [] }
            return [(PostgresMetrics.calls, [], row[0]), (PostgresMetrics.callTime, [], row[1])]
        }

        /// Those that took the most time. What is wrong with that is told with ``statements()``.
        mutating func noteTopStatements() throws {
            var top: [StatementReading] = []
            do {
                top = try transaction.savepoint { try topStatements() }
            } catch let error as FleetError where isOfPart(error) {
                return
            }
            for statement in top {
                readings.add(PostgresMetrics.topTime, labels: [statement.id], value: statement.seconds)
                readings.add(PostgresMetrics.topCalls, labels: [statement.id], value: statement.calls)
            }
            readings.statements = top
        }

        private func topStatements() throws -> [StatementReading] {
            guard let home = try home() else { return [] }
            let rows = try transaction.rows(
                """
                SELECT queryid::text, sum(calls)::float8, (sum(total_exec_time) / 1000)::float8, sum(rows)::float8
                FROM \(home).pg_stat_statements(false) WHERE queryid IS NOT NULL AND \(Self.ofDatabase)
                GROUP BY queryid ORDER BY sum(total_exec_time) DESC LIMIT \(Self.candidateLimit)
                """)
            let ids = rows.compactMap { $0[0].text }
            let texts = try texts(of: ids, home)
            let told = rows.compactMap { row -> StatementReading? in
                guard let id = row[0].text, case .some(.some(let text)) = texts[id] else { return nil }
                return StatementReading(
                    id: id, text: text.shown, pattern: text.pattern, calls: row[1].number ?? 0,
                    seconds: row[2].number ?? 0, rows: row[3].number ?? 0)
            }
            return Array(told.prefix(Self.topLimit))
        }

        /// Texts that may be shown, by ids; `nil` where one may not.
        private func texts(of ids: [String], _ home: String) throws -> [String: StatementText.Told?] {
            let (known, isDue) = memory.state.withLock { state in
                (state.texts, state.textsRead.map { ContinuousClock.now - $0 >= Self.textInterval } ?? true)
            }
            let unknown = ids.filter { known[$0] == nil }
            guard !unknown.isEmpty, isDue else { return known }
            let rows = try transaction.rows(
                """
                SELECT queryid::text, min(left(query, \(StatementText.longestRead))) FROM \(home).pg_stat_statements(true)
                WHERE queryid = ANY ($1::int8[]) AND \(Self.ofDatabase) GROUP BY queryid
                """, [.text("{\(unknown.joined(separator: ","))}")])
            var texts = known.filter { ids.contains($0.key) }
            for row in rows {
                guard let id = row[0].text else { continue }
                texts.updateValue(row[1].text.flatMap(StatementText.Told.init), forKey: id)
            }
            memory.state.withLock { [texts] state in
                state.texts = texts
                state.textsRead = .now
            }
            return texts
        }
    }
#endif
