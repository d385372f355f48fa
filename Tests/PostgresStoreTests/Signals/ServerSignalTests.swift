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
