#if Postgres
    import FleetCore
    import Foundation
    import GRDB
    import Synchronization
    import TestKit
    import Testing

    /// A fleet whose orders are on PostgreSQL, with a ledger of them in PostgreSQL and one in SQLite.
    ///
    /// Each key has a counter, whose row a writer locks up to its end: the events of a key carry 1, 2, 3 … in the order of
    /// commits. A ledger notes every application: so a gap there is a loss, a number out of its place a wrong order, and two
    /// of one number a ghost or a second application.
    final class ContendedFleet: Sendable {
        static let keys = (0..<6).map { "k\($0)" }

        let mode: CaptureMode
        let server: PrivatePostgres
        let fleet: FleetDirectory
        private let orders: String
        private let copies: String
        private let isWriting = Atomic(false)
        private let written = Atomic(0)
        private let writers = DispatchGroup()

        /// - Parameter proxy: what the orders' store is reached through.
        init(_ mode: CaptureMode, server: PrivatePostgres, proxy: CuttableProxy? = nil) async throws {
            self.mode = mode
            self.server = server
            orders = try await server.makeDatabase()
            copies = try await server.makeDatabase()
            // Slots are of the server, not of the database: each fleet needs a name of its own.
            let name = "f\(UUID().uuidString.prefix(8).lowercased())"
            fleet = try FleetDirectory(
                """
                fleet: \(name)
                services:
                  orders:
                    store: "\(server.tcpURL(orders, port: proxy?.port))"
                    outbox: {capture: \(mode)}
                    publishes: [Counted]
                  copies:
                    store: "\(server.url(copies))"
                    views:
                      ledger:
                        schema: CREATE TABLE ledger (number BIGSERIAL PRIMARY KEY, key TEXT NOT NULL, n INT NOT NULL);
                        when:
                          orders.Counted: INSERT INTO ledger (key, n) VALUES (:key, :data.n)
                  files:
                    store: sqlite:files.db
                    views:
                      ledger:
                        schema: CREATE TABLE ledger (number INTEGER PRIMARY KEY, key TEXT NOT NULL, n INT NOT NULL);
                        when:
                          orders.Counted: INSERT INTO ledger (key, n) VALUES (:key, :data.n)
                """)
            let applied = try await fleet.flotilla("apply")
            guard applied.ended(0) else { throw Trouble("apply failed: \(applied.said)") }
            try server.psql(orders, Self.counters(mode))
        }

        deinit { isWriting.store(false, ordering: .relaxed) }

        private static func counters(_ mode: CaptureMode) -> String {
            let numbers = "generate_series(last - size + 1, last) AS i;"
            let write =
                mode == .message
                ? """
                PERFORM pg_logical_emit_message(true, 'flotilla', json_build_object('id', gen_random_uuid(), 'aggregatetype',
                    'order', 'aggregateid', counted, 'type', 'Counted', 'payload', json_build_object('n', i))::text)
                    FROM \(numbers)
                """
                : """
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                    SELECT gen_random_uuid(), 'order', counted, 'Counted', json_build_object('n', i) FROM \(numbers)
                """
            return """
                CREATE TABLE counters (key text PRIMARY KEY, n int NOT NULL);
                INSERT INTO counters SELECT 'k' || n, 0 FROM generate_series(0, \(keys.count - 1)) AS n;
                CREATE FUNCTION count(counted text, size int) RETURNS void LANGUAGE plpgsql AS $body$
                    DECLARE last int;
                    BEGIN
                        UPDATE counters SET n = n + size WHERE key = counted RETURNING n INTO last;
                        \(write)
                    END $body$;
                """
        }

        // MARK: Writers

        /// A transaction of some keys, in order, so that no two writers wait for each other.
        private func transaction(_ random: inout RandomSource) -> String {
            var sql = "BEGIN; "
            for key in Self.keys.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)).sorted() {
                let size = [1, 1, 1, 2, 5, 30].randomElement(using: &random) ?? 1
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    sql += "SAVEPOINT s; SELECT count('\(key)', \(size)); ROLLBACK TO s; SELECT count('\(key)', 1); "
                case 1: sql += "SAVEPOINT s; SELECT count('\(key)', \(size)); RELEASE s; "
                default: sql += "SELECT count('\(key)', \(size)); "
                }
            }
            if mode == .log, Int.random(in: 0..<4, using: &random) == 0 {
                sql += "DELETE FROM outbox WHERE xmin = pg_current_xact_id()::xid; "
            }
            return sql + (Int.random(in: 0..<6, using: &random) == 0 ? "ROLLBACK;" : "COMMIT;")
        }

        /// Writes from some connections at the same time, until ``stopWriting()``; a server that is gone is waited for.
        func startWriting(seed: UInt64, writers count: Int = 2) {
            isWriting.store(true, ordering: .relaxed)
            for writer in 0..<count {
                writers.enter()
                Thread.detachNewThread { [self] in
                    var random = RandomSource(seed: seed &+ UInt64(writer))
                    while isWriting.load(ordering: .relaxed) {
                        // A pause, so that two cores have time for whoever carries.
                        var script = ""
                        for _ in 0..<20 {
                            script += transaction(&random) + "\n"
                            if Int.random(in: 0..<4, using: &random) == 0 { script += "SELECT pg_sleep(0.01);\n" }
                        }
                        if (try? server.psql(orders, script)) != nil {
                            written.add(20, ordering: .relaxed)
                        } else {
                            // The server is down, and starting programs is all that could be done meanwhile.
                            Thread.sleep(forTimeInterval: 0.02)
                        }
                    }
                    writers.leave()
                }
            }
        }

        func stopWriting() async {
            isWriting.store(false, ordering: .relaxed)
            await withCheckedContinuation { continuation in
                writers.notify(queue: .global()) { continuation.resume() }
            }
        }

        /// Writes a large transaction.
        func writeMuch(_ size: Int) throws {
            let share = size / Self.keys.count
            try server.psql(
                orders, "BEGIN; " + Self.keys.map { "SELECT count('\($0)', \(share)); " }.joined() + "COMMIT")
        }

        /// Waits until so many more transactions are written.
        func work(_ transactions: Int) async throws {
            let goal = written.load(ordering: .relaxed) + transactions
            try await eventually("\(transactions) transactions are written", every: .milliseconds(2)) {
                self.written.load(ordering: .relaxed) >= goal
            }
        }

        // MARK: Troubles

        /// Ends the server's processes that Flotilla talks to.
        func terminate() {
            for database in [orders, copies] {
                _ = try? server.psql(
                    database,
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name LIKE 'flotilla%'
                    """)
            }
        }

        /// What makes whoever captures begin anew, while its connection to the store's tables stands: the one that reads is
        /// lost, or the record is another's.
        func disturb() throws {
            try server.psql(
                orders,
                mode == .poll
                    ? """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE '%FROM "outbox"%' AND application_name = 'flotilla orders'
                    """
                    : "UPDATE flotilla_outboxes SET transaction_lsn = '0/1', transaction_rows = transaction_rows + 1")
        }

        /// Whether nothing is left of the last ``disturb()``.
        func hasBegunAnew() throws -> Bool {
            if mode == .poll { return true }
            return try server.psql(orders, "SELECT transaction_lsn FROM flotilla_outboxes") != "0/1"
        }

        // MARK: What must have become of it

        /// How many events are committed.
        func committed() throws -> Int { Int(try server.psql(orders, "SELECT sum(n) FROM counters")) ?? 0 }

        /// How many a view has.
        func applied() async throws -> Int { try await fleet.store("files.db").integer("SELECT count(*) FROM ledger") }

        /// Waits until the views have something more, so that it is known that a run carries.
        func expectProgress(_ program: Program) async throws {
            let before = try await applied()
            try await eventually("more is carried; the log: \(program.errors.suffix(2000))") {
                if let ended = program.ended { throw Trouble("flotilla run ended (\(ended)): \(program.errors)") }
                return try await applied() > before
            }
        }

        /// Carries everything that is pending, and expects every ledger to be exact.
        func expectExact(_ comment: Comment, location: SourceLocation = #_sourceLocation) async throws {
            let run = try await fleet.flotilla("run", "--until-idle")
            #expect(run.ended(0), "\(comment): \(run.said.suffix(2000))", sourceLocation: location)
            let last = try server.psql(orders, "SELECT key, n FROM counters").split(separator: "\n")
            let counters = Dictionary(uniqueKeysWithValues: last.map { Self.entry($0) })
            let rows = try server.psql(copies, "SELECT key, n FROM ledger ORDER BY number").split(separator: "\n")
            let file = try await fleet.store("files.db").texts("SELECT key || '|' || n FROM ledger ORDER BY number")
            for (name, ledger) in [
                ("PostgreSQL", rows.map { Self.entry($0) }), ("SQLite", file.map { Self.entry($0[...]) }),
            ] {
                var numbers: [String: [Int]] = [:]
                for (key, number) in ledger { numbers[key, default: []].append(number) }
                for (key, count) in counters {
                    let found = numbers[key] ?? []
                    let wrong = found.indices.first { found[$0] != $0 + 1 }
                    #expect(
                        found.count == count && wrong == nil,
                        "\(comment), \(name), \(key): \(found.count) of \(count); place \(wrong ?? 0) has \(wrong.map { found[$0] } ?? 0)",
                        sourceLocation: location)
                }
            }
            let duplicates = try await duplicates()
            print(
                "\(comment), \(mode): \(counters.values.reduce(0, +)) events, \(duplicates) raw duplicates in the broker"
            )
            if mode == .poll {
                #expect(
                    try server.psql(orders, "SELECT count(*) FROM outbox") == "0", comment, sourceLocation: location)
            }
        }

        private static func entry(_ line: Substring) -> (String, Int) {
            let parts = line.split(separator: "|")
            return (String(parts.first ?? ""), parts.last.flatMap { Int($0) } ?? -1)
        }

        /// How many records of the stream repeat another.
        private func duplicates() async throws -> Int {
            let directory = ".flotilla/streams"
            let files = try FileManager.default.contentsOfDirectory(atPath: fleet.file(directory))
            guard let file = files.first(where: { $0.hasSuffix("-orders.db") }) else {
                throw Trouble("there is no stream")
            }
            return try await fleet.store("\(directory)/\(file)").integer(
                "SELECT count(*) - count(DISTINCT id) FROM records")
        }
    }
#endif
