#if Postgres
    import FleetCore
    import PostgresConnection
    import Stores

    /// The scratch schema of a rebuild: what is written there and nowhere else is committed.
    final class RebuildStore: Store {
        let name: String
        private let connection: PostgresConnection
        private let watch: WriteWatch

        /// - Parameter connection: whose search path begins with the scratch schema.
        init(_ connection: PostgresConnection, watch: WriteWatch, name: String) {
            self.connection = connection
            self.watch = watch
            self.name = name
        }

        func write<Result: Sendable>(
            _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
        ) async throws -> Result {
            let (watch, name) = (watch, name)
            var failures = 0
            while true {
                do {
                    // The scratch schema has one writer, and reads of the service's tables see what is committed: it
                    // neither conflicts with the service's transactions nor makes these fail.
                    return try await connection.transaction(.update) { session in
                        let result = try body(session)
                        // What a deferred constraint's trigger writes is written before the check.
                        try session.script("SET CONSTRAINTS ALL IMMEDIATE")
                        if let table = try watch.findWritten(session) {
                            throw FleetError(
                                .readOnly,
                                "\(name): a statement writes to \(table), which its view's schema does not make",
                                underlying: "it writes to \(table)")
                        }
                        return result
                    }
                } catch let error as FleetError
                    where error.waitingHelps && error.code != .full && failures < Self.retries
                {
                    failures += 1
                    var random = SystemRandomNumberGenerator()
                    try await Task.sleep(for: Backoff.standard.delay(afterFailures: failures, using: &random))
                }
            }
        }

        /// About half a minute in all: a service's transaction may hold a row that a foreign key refers to.
        private static let retries = 10

        func read<Result: Sendable>(
            _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
        ) async throws -> Result {
            try await connection.transaction(.read) { try body($0) }
        }

        func close() async {
            // The swap takes the lock of this rebuild, which the server would give back a moment after the connection ends.
            try? await connection.access { try $0.script("SELECT pg_advisory_unlock_all()") }
            await connection.close()
        }

    }

    /// Tells what a transaction has written to or changed, by the locks that it holds.
    ///
    /// Every statement that writes locks its table at least `ROW EXCLUSIVE`, whether it finds rows or not, and the lock
    /// stays until the transaction ends, or until the savepoint is undone before which it was not there. (Counts in
    /// `pg_stat_xact_user_tables` are of undone writes too, and since PostgreSQL 15 of transactions before.)
    struct WriteWatch: Sendable {
        private let scratch: String
        /// What is outside the scratch schema: a table that was dropped has no name any more.
        private let known: [Int64: String]

        /// - Parameter scratch: the schema in which anything may be done.
        init(except scratch: String, _ session: PostgresSession) throws {
            self.scratch = scratch
            let rows = try session.rows(
                """
                SELECT c.oid::bigint, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname <> $1 AND \(Self.isOthers)
                """, [.text(scratch)])
            known = Dictionary(rows.map { ($0[0].integer ?? 0, $0[1].text ?? "") }) { $1 }
        }

        private static let isOthers = """
            n.nspname NOT IN ('pg_catalog', 'pg_toast') AND n.nspname NOT LIKE 'pg\\_temp\\_%'
                AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%'
            """

        /// A table or sequence outside the schema that this transaction has written to or changed.
        /// - Parameter allowed: further modes of locks that do not count.
        func findWritten(_ session: PostgresSession, allowed: [String] = []) throws -> String? {
            let modes = (["AccessShareLock", "RowShareLock"] + allowed).map { "'\($0)'" }.joined(separator: ", ")
            let rows = try session.rows(
                """
                SELECT l.relation::bigint, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
                FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation
                LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.mode NOT IN (\(modes))
                    AND (n.nspname IS NULL OR n.nspname <> $1 AND \(Self.isOthers))
                ORDER BY c.relkind IN ('i', 'I'), 2
                """, [.text(scratch)])
            return rows.lazy.compactMap { $0[1].text ?? known[$0[0].integer ?? 0] }.first
        }
    }
#endif
