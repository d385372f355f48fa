#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Signals
    import Stores
    import TestKit
    import Testing

    /// What a server tells of replication, of its tables and of its statements.
    @Suite struct ServerSignalTests {
        private func value(_ readings: Readings, _ metric: String, _ labels: String...) -> Double? {
            readings.readings.first { $0.metric.name == "flotilla.postgresql.\(metric)" && $0.labels == labels }?.value
        }

        // MARK: Replication

        @Test func aReplicaAndWhatItLacksAreToldOnBothSides() async throws {
            let primary = try await PrivatePostgres()
            let database = try await primary.makeDatabase()
            try primary.psql(database, "CREATE TABLE numbers (n INT)")
            let replica = try await PrivatePostgres(standbyOf: primary, name: "second")
            func store(_ server: PrivatePostgres) -> PostgresStore {
                PostgresStore(PostgresAddress(url: server.url(database), name: database), connections: 1)
            }
            let (first, second) = (store(primary), store(replica))
            try await eventually("the replica has everything") {
                value(try await first.readings(), "replica.behind", "second") == 0
            }
            // A standby tells of the last transaction that it has replayed.
            try primary.psql(database, "INSERT INTO numbers VALUES (0)")
            try await eventually("the replica has that as well") {
                try replica.psql(database, "SELECT count(*) FROM numbers") == "1"
            }
            let idle = try await first.readings()
            #expect(value(idle, "standby") == 0 && value(idle, "replay.lag") == nil)
            #expect(value(idle, "replica.lag", "second") != nil)
            try replica.psql("postgres", "SELECT pg_wal_replay_pause()")
            try primary.psql(database, "INSERT INTO numbers SELECT generate_series(1, 20000)")
            try await eventually("both tell what it lacks") {
                let (told, own) = (try await first.readings(), try await second.readings())
                return value(told, "replica.behind", "second") ?? 0 > 500_000
                    && value(own, "replay.behind") ?? 0 > 500_000 && value(own, "replay.lag") ?? 0 > 0
            }
            let own = try await second.readings()
            #expect(value(own, "standby") == 1 && own.failures.isEmpty, "\(own.failures)")
            try replica.psql("postgres", "SELECT pg_wal_replay_resume()")
            try await eventually("it has caught up") {
                let (told, own) = (try await first.readings(), try await second.readings())
                return value(told, "replica.behind", "second") == 0 && value(own, "replay.lag") == 0
            }
            await first.close()
            await second.close()
        }

        /// One that a replica has left behind fills the disk as well as one of Flotilla's own.
        @Test func aReplicasSlotThatNobodyReadsIsTold() async throws {
            let server = try await PrivatePostgres()
            let database = try await server.makeDatabase()
            try server.psql(database, "SELECT pg_create_physical_replication_slot('left_behind', true)")
            try server.psql(database, "CREATE TABLE numbers AS SELECT generate_series(1, 20000) n")
            let store = PostgresStore(PostgresAddress(url: server.url(database), name: database), connections: 1)
            let readings = try await store.readings()
            #expect(value(readings, "slot.active", "left_behind") == 0)
            #expect(value(readings, "slot.retained", "left_behind") ?? 0 > 500_000, "\(readings.readings)")
            await store.close()
        }

        // MARK: The archive

        @Test func anArchiveThatFailsIsToldUntilItSucceeds() async throws {
            let server = try await PrivatePostgres(settings: ["archive_mode": "on"])
            let database = try await ServiceDatabase(server: server)
            func archive(by command: String) throws {
                try server.psql("postgres", "ALTER SYSTEM SET archive_command = '\(command)'")
                try server.psql("postgres", "SELECT pg_reload_conf()")
            }
            /// Ends a segment of the log: the archiver looks at once.
            func endSegment() throws {
                try database.psql(
                    "CREATE TABLE IF NOT EXISTS n (n INT); INSERT INTO n VALUES (1); SELECT pg_switch_wal()")
            }
            let begun = try await database.store.readings()
            #expect(value(begun, "archive.failing") == 0 && value(begun, "archive.segments") == 0)
            let idle = try #require(value(begun, "archive.age"))
            try archive(by: "false zqsecret")
            try await eventually("it fails") {
                try endSegment()
                return value(try await database.store.readings(), "archive.failing") ?? 0 > 0
            }
            let failing = try await database.store.readings()
            #expect(value(failing, "archive.failures") ?? 0 >= 1 && failing.failures.isEmpty, "\(failing.failures)")
            #expect(!failing.readings.contains { $0.labels.contains { $0.contains("zqsecret") } })
            // Who has seen it work knows since when it fails, others since when nothing was archived.
            let since = try #require(value(failing, "archive.failing"))
            #expect(value(failing, "archive.age") ?? 0 > idle && since < value(failing, "archive.age") ?? 0)
            let other = PostgresStore(database.address, connections: 1)
            let late = try await other.readings()
            #expect(value(late, "archive.failing") == value(late, "archive.age"))
            await other.close()
            try await eventually("it goes on failing") {
                value(try await database.store.readings(), "archive.failing") ?? 0 > since
            }
            try archive(by: "true")
            try await eventually("it succeeds") {
                try endSegment()
                return value(try await database.store.readings(), "archive.failing") == 0
            }
            let well = try await database.store.readings()
            #expect(value(well, "archive.segments") ?? 0 >= 1 && value(well, "archive.age") ?? .infinity < 60)
            await database.store.close()
        }

        @Test func aServerThatDoesNotArchiveTellsNothingOfIt() async throws {
            let database = try await ServiceDatabase()
            let readings = try await database.store.readings()
            #expect(!readings.readings.contains { $0.metric.name.contains("archive") } && readings.failures.isEmpty)
            await database.store.close()
        }

        // MARK: Sessions

        /// Of others' transactions an ordinary role is not shown since when they are open: that is not none.
        @Test func whatARoleMayNotSeeIsNotToldAsNone() async throws {
            let server = try await PrivatePostgres()
            let database = try await ServiceDatabase(server: server)
            try database.psql("CREATE ROLE plain LOGIN")
            func oldest(_ user: String) async throws -> Double? {
                let store = PostgresStore(
                    PostgresAddress(url: server.url(database.database, user: user), name: "store"), connections: 1)
                let readings = try await store.readings()
                await store.close()
                return value(readings, "oldest.transaction.age")
            }
            #expect(try await oldest("flotilla") == 0)
            #expect(try await oldest("plain") == 0)
            let other = try PostgresSession(database.address, cancellation: CancellationMark())
            try other.script("BEGIN; SELECT 1")
            #expect(try await oldest("plain") == nil)
            #expect(try await oldest("flotilla") ?? 0 > 0)
            withExtendedLifetime(other) {}
        }

        /// A transaction that is prepared has no session, and holds up as much as any.
        @Test func aTransactionThatSomebodyLeftPreparedIsOpen() async throws {
            let server = try await PrivatePostgres(settings: ["max_prepared_transactions": "2"])
            let database = try await ServiceDatabase(server: server)
            try database.psql("BEGIN; CREATE TABLE held (n INT); PREPARE TRANSACTION 'left_behind'")
            let readings = try await database.store.readings()
            #expect(value(readings, "oldest.transaction.age") ?? 0 > 0 && readings.failures.isEmpty)
            // Of another database it is no business of this one's.
            let other = try await ServiceDatabase(server: server)
            let others = try await other.store.readings()
            #expect(value(others, "oldest.transaction.age") == 0)
            try database.psql("ROLLBACK PREPARED 'left_behind'")
            let after = try await database.store.readings()
            #expect(value(after, "oldest.transaction.age") == 0)
            await database.store.close()
            await other.store.close()
        }

        // MARK: Rows

        @Test func rowsAreCounted() async throws {
            let database = try await ServiceDatabase()
            try database.psql(
                """
                CREATE TABLE numbers (n INT PRIMARY KEY);
                INSERT INTO numbers SELECT generate_series(1, 3000);
                UPDATE numbers SET n = n + 10000 WHERE n <= 500;
                DELETE FROM numbers WHERE n BETWEEN 2001 AND 2100;
                SET enable_seqscan = off; SELECT n FROM numbers WHERE n = 1000
                """)
            try await eventually("the server has counted them") {
                let told = try await database.store.readings()
                return value(told, "rows.inserted") ?? 0 >= 3000 && value(told, "rows.updated") ?? 0 >= 500
                    && value(told, "rows.deleted") ?? 0 >= 100 && value(told, "rows.returned") ?? 0 >= 3000
                    && value(told, "rows.fetched") ?? 0 >= 1
            }
            let told = try await database.store.readings()
            #expect(value(told, "conflicts") == 0 && value(told, "multixact.id.age") ?? -1 >= 0)
            #expect(told.failures.isEmpty, "\(told.failures)")
            await database.store.close()
        }

        // MARK: Tables

        @Test func roomThatRowsHaveLeftIsEstimated() async throws {
            let database = try await ServiceDatabase(schema: "shop")
            try database.psql(
                """
                CREATE SCHEMA shop;
                CREATE TABLE shop.full_one (id INT, text TEXT) WITH (autovacuum_enabled = off);
                CREATE TABLE shop.bloated (id INT, text TEXT) WITH (autovacuum_enabled = off);
                CREATE TABLE shop.small (id INT) WITH (autovacuum_enabled = off);
                CREATE TABLE public.elsewhere (id INT, text TEXT) WITH (autovacuum_enabled = off);
                INSERT INTO shop.full_one SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n;
                INSERT INTO shop.bloated SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n;
                INSERT INTO public.elsewhere SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n;
                INSERT INTO shop.small SELECT generate_series(1, 1000);
                DELETE FROM shop.bloated WHERE id % 10 <> 0
                """)
            try database.psql("VACUUM ANALYZE")
            let readings = try await database.store.readings()
            let size = try #require(value(readings, "table.size", "bloated"))
            let bloat = try #require(value(readings, "table.bloat", "bloated"))
            #expect(size > 12_000_000 && (0.8...0.95).contains(bloat / size), "\(bloat) of \(size)")
            let full = try #require(value(readings, "table.size", "full_one"))
            #expect(try #require(value(readings, "table.bloat", "full_one")) < full * 0.05)
            #expect(value(readings, "table.size", "small") == nil && value(readings, "table.size", "elsewhere") == nil)
            #expect(readings.failures.isEmpty, "\(readings.failures)")
            await database.store.close()
        }

        // MARK: Statements

        /// What takes too long is left out: the server is there all the same, and so is what else it tells.
        @Test func whatTakesTooLongIsLeftOut() async throws {
            let server = try await PrivatePostgres(settings: ["shared_preload_libraries": "pg_stat_statements"])
            let database = try await server.makeDatabase()
            try server.psql(
                database,
                """
                CREATE EXTENSION pg_stat_statements;
                ALTER FUNCTION pg_stat_statements(boolean) RENAME TO quick;
                CREATE FUNCTION pg_stat_statements(texts boolean) RETURNS TABLE (
                    queryid int8, calls int8, total_exec_time float8, rows int8, dbid oid, query text
                ) LANGUAGE sql AS 'SELECT 1::int8, 1::int8, 1::float8, 1::int8, 1::oid, ''x'' FROM pg_sleep(60)'
                """)
            var address = PostgresAddress(url: server.url(database), name: database)
            address.statementTimeout = .milliseconds(300)
            let store = PostgresStore(address, connections: 1)
            var readings = try await store.readings()
            // Where the machine stands still, all takes too long.
            try await eventually("nothing else is left out: \(readings.failures)") {
                if readings.failures.map(\.what) == ["pg_stat_statements"] { return true }
                readings = (try? await store.readings()) ?? readings
                return false
            }
            #expect(value(readings, "commits") ?? 0 > 0 && readings.statements.isEmpty)
            #expect(value(readings, "statements.calls") == nil)
            // A server that is gone is no part of one.
            server.stop(mode: "immediate")
            await #expect(throws: FleetError.self) { try await store.readings() }
            await store.close()
        }

        @Test func theStatementsThatTakeTheMostTimeAreToldWithoutWhatTheyHold() async throws {
            let server = try await PrivatePostgres(settings: ["shared_preload_libraries": "pg_stat_statements"])
            let database = try await ServiceDatabase(server: server)
            try database.psql(
                """
                CREATE EXTENSION pg_stat_statements;
                CREATE TABLE customers (name TEXT);
                INSERT INTO customers SELECT 'zqname' || n FROM generate_series(1, 1000) n
                """)
            for _ in 0..<3 {
                try database.psql(
                    "SELECT pg_sleep(0.05), count(*) FROM customers WHERE name = 'zqsecret' /* zqcomment */")
            }
            // Commands stand there as they were written.
            try database.psql("CREATE ROLE somebody PASSWORD 'zqpassword'; DO $$ BEGIN PERFORM pg_sleep(0.3); END $$")
            let readings = try await database.store.readings()
            #expect(readings.failures.isEmpty, "\(readings.failures)")
            let slow = try #require(
                readings.statements.first { $0.text.contains("pg_sleep($") && $0.text.contains("count") })
            #expect(slow.calls == 3 && slow.seconds > 0.15 && slow.rows == 3, "\(slow)")
            #expect(value(readings, "top.statement.calls", slow.id) == 3)
            #expect(value(readings, "top.statement.time", slow.id) ?? 0 > 0.15)
            #expect(readings.statements.count <= 10)
            let shown = readings.statements.map(\.text).joined(separator: "\n")
            #expect(!shown.contains("zq"), "\(shown)")
            #expect(!shown.contains("ROLE") && !shown.contains("DO "), "\(shown)")
            #expect(
                try database.psql("SELECT count(*) > 0 FROM pg_stat_statements WHERE query LIKE '%zqpassword%'") == "t")
            await database.store.close()
        }
    }
#endif
