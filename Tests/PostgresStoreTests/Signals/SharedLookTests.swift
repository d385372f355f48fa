#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Signals
    import Stores
    import TestKit
    import Testing

    /// What stores of one server have in common is asked for once, with the rights of who asks, and of the server that is
    /// there.
    @Suite struct SharedLookTests {
        /// Goes on with whatever is known.
        private struct Patient: AskingPace {
            func begins(_ what: String, isKnown: Bool) -> Bool { !isKnown }
            func ended(_ what: String, _ took: Duration) {}
        }

        private func makeAnswers() -> PostgresAnswers { PostgresAnswers(stores: 20, pace: Patient()) }

        private func value(_ readings: Readings?, _ metric: String, _ labels: String...) -> Double? {
            readings?.readings.first { $0.metric.name == "flotilla.postgresql.\(metric)" && $0.labels == labels }?.value
        }

        /// Whether the server's part and the database's are there.
        private func knowsAll(_ readings: Readings) -> Bool {
            value(readings, "standby") != nil && value(readings, "commits") != nil
        }

        private func makeStore(
            _ url: String, _ answers: PostgresAnswers, schema: String? = nil, monitoring: MonitoringNeeds? = nil
        ) -> PostgresStore {
            PostgresStore(
                PostgresAddress(url: url, name: "store", schema: schema), connections: 1, monitoring: monitoring,
                answers: answers)
        }

        /// Looks at all of them at once.
        private func readings(_ stores: [PostgresStore]) async throws -> [Readings] {
            try await withThrowingTaskGroup(of: Readings.self) { group in
                for store in stores { group.addTask { try await store.readings() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        private func close(_ stores: [PostgresStore]) async { for store in stores { await store.close() } }

        @Test func aServerIsAskedOnceForAllOfItsStores() async throws {
            let server = try await PrivatePostgres(settings: ["shared_preload_libraries": "pg_stat_statements"])
            try server.psql("postgres", "CREATE EXTENSION pg_stat_statements")
            let (shop, bank) = (try await server.makeDatabase(), try await server.makeDatabase())
            let answers = makeAnswers()
            let stores =
                (1...8).map { makeStore(server.url(shop), answers, schema: "s\($0)") }
                + (1...3).map { makeStore(server.url(bank), answers, schema: "s\($0)") }
            func calls(_ text: String) throws -> String {
                try server.psql(
                    "postgres",
                    "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '%\(text)%'")
            }
            // Who has waited long enough for whoever asks goes on without the answer.
            try await eventually("all stores were told") {
                let told = try await readings(stores)
                let failures = told.flatMap(\.failures)
                #expect(failures.isEmpty, "\(failures)")
                return told.allSatisfy(knowsAll)
            }
            for readings in try await readings(stores) {
                #expect(value(readings, "server.connection.limit") == 300 && value(readings, "standby") == 0)
                #expect(value(readings, "commits") != nil && value(readings, "database.size") ?? 0 > 0)
            }
            // What is the server's, what is a database's, and what is a store's own.
            #expect(try calls("FROM pg_stat_archiver a") == "1")
            #expect(try calls("JOIN pg_stat_database s") == "2")
            // Tables change slowly: a store asks for them once a minute.
            #expect(try calls("WITH biggest AS MATERIALIZED") == "11")
            await close(stores)
        }

        /// Who has other rights sees something else.
        @Test func eachRoleIsToldWhatItMaySee() async throws {
            let server = try await PrivatePostgres()
            let database = try await server.makeDatabase()
            try server.psql(database, "CREATE ROLE plain LOGIN")
            let answers = makeAnswers()
            let all = makeStore(server.url(database), answers)
            let little = makeStore(server.url(database, user: "plain"), answers)
            for _ in 1...2 {
                let (seen, own) = (try await all.readings(), try await little.readings())
                #expect(value(seen, "connections", "unknown") == 0, "\(seen.readings)")
                #expect(value(own, "connections", "unknown") ?? 0 > 0, "\(own.readings)")
            }
            await close([all, little])
        }

        @Test func oneSessionMonitorsForAllStores() async throws {
            let server = try await PrivatePostgres()
            let database = try await server.makeDatabase()
            try server.psql(database, "CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher; CREATE ROLE plain LOGIN")
            let answers = makeAnswers()
            func looked(_ user: String) -> PostgresStore {
                makeStore(server.url(database, user: user), answers, monitoring: MonitoringNeeds(role: "watcher"))
            }
            let first = looked("plain")
            let others = (1...5).map { looked($0.isMultiple(of: 2) ? "plain" : "flotilla") }
            for told in try await [first.readings()] + readings(others) {
                #expect(told.failures.isEmpty, "\(told.failures)")
                #expect(value(told, "connections", "unknown") == 0 && value(told, "connections", "active") ?? 0 > 0)
            }
            #expect(try server.psql(database, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'watcher'") == "1")
            await close([first] + others)
        }

        // MARK: Who asks, and fails

        /// Others wait for who asks, and one of them asks in its place.
        @Test(arguments: [true, false]) func whoAsksAndIsLostIsFollowedByTheNext(isCancelled: Bool) async throws {
            let server = try await PrivatePostgres(settings: ["shared_preload_libraries": "pg_stat_statements"])
            let database = try await server.makeDatabase()
            func counting(_ what: String) -> String {
                """
                CREATE OR REPLACE FUNCTION pg_stat_statements(texts boolean) RETURNS TABLE (
                    queryid int8, calls int8, total_exec_time float8, rows int8, dbid oid, query text
                ) LANGUAGE sql AS 'SELECT 1::int8, 1::int8, 1::float8, 1::int8, 1::oid, ''x'' FROM \(what)'
                """
            }
            try server.psql(
                database,
                "CREATE EXTENSION pg_stat_statements; ALTER FUNCTION pg_stat_statements(boolean) RENAME TO quick")
            try server.psql(database, counting("pg_sleep(60)"))
            let answers = makeAnswers()
            let stores = (1...4).map { makeStore(server.url(database), answers, schema: "s\($0)") }
            let first = Task { try await stores[0].readings() }
            let asking = "FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            try await eventually("the first asks") { try server.psql("postgres", "SELECT count(*) \(asking)") == "1" }
            try server.psql(database, counting("pg_sleep(0)"))
            async let others = readings(Array(stores.dropFirst()))
            if isCancelled {
                first.cancel()
                await #expect(throws: FleetError.self) { try await first.value }
            } else {
                try server.psql("postgres", "SELECT pg_terminate_backend(pid) \(asking)")
                let told = try await first.value
                // Of the server it had been told before.
                #expect(told.failures.map(\.what) == ["its server"], "\(told.failures)")
                #expect(value(told, "server.connection.limit") == 300 && value(told, "commits") == nil)
            }
            for told in try await others {
                #expect(told.failures.isEmpty && value(told, "commits") != nil, "\(told.failures)")
                #expect(value(told, "statements.calls") == 0)
            }
            // Its look was that, and no later one.
            let again = try await stores[0].readings()
            #expect(again.failures.isEmpty && value(again, "commits") != nil, "\(again.failures)")
            await close(stores)
        }

        // MARK: Another server at the same address

        private struct Failover {
            let former: PrivatePostgres
            let next: PrivatePostgres
            let proxy: CuttableProxy
            let database: String
            var url: String { former.tcpURL(database, port: proxy.port) }

            init() async throws {
                former = try await PrivatePostgres()
                next = try await PrivatePostgres(settings: ["max_connections": "123"])
                proxy = try CuttableProxy(to: former.port)
                database = try await former.makeDatabase()
                try next.psql("postgres", "CREATE DATABASE \(database)")
                for server in [former, next] {
                    try server.psql("postgres", "CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher")
                }
            }
        }

        /// What a store tells once it comes in again.
        private func readingsAgain(_ store: PostgresStore) async throws -> Readings {
            var told: Readings?
            try await eventually("it comes in again") {
                told = try? await store.readings()
                return told != nil
            }
            return try #require(told)
        }

        @Test(arguments: [nil, MonitoringNeeds(role: "watcher")] as [MonitoringNeeds?])
        func anotherServerIsNotToldAsTheFormer(monitoring: MonitoringNeeds?) async throws {
            let servers = try await Failover()
            let answers = makeAnswers()
            let stores = (1...3).map { _ in makeStore(servers.url, answers, monitoring: monitoring) }
            for told in try await readings(stores) { #expect(value(told, "server.connection.limit") == 300) }
            servers.proxy.lead(to: servers.next.port)
            servers.proxy.cut()
            for store in stores {
                let told = try await readingsAgain(store)
                #expect(value(told, "server.connection.limit") == 123, "\(told.readings)")
            }
            await close(stores)
        }

        /// A session that monitors may outlive its server's place: the store is not at that server any more.
        @Test func aSessionAtTheFormerServerTellsNothing() async throws {
            let servers = try await Failover()
            let store = makeStore(servers.url, makeAnswers(), monitoring: MonitoringNeeds(role: "watcher"))
            #expect(value(try await store.readings(), "server.connection.limit") == 300)
            servers.proxy.lead(to: servers.next.port)
            try servers.former.psql(
                "postgres",
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE usename = 'flotilla' AND datname = '\(servers.database)'
                """)
            let told = try await readingsAgain(store)
            #expect(value(told, "server.connection.limit") == 123)
            #expect(told.failures.count == 1 && told.failures.first?.error.code == .unavailable, "\(told.failures)")
            let again = try await store.readings()
            #expect(value(again, "server.connection.limit") == 123 && again.failures.isEmpty, "\(again.failures)")
            let sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'watcher'"
            #expect(try servers.next.psql("postgres", sessions) == "1")
            await store.close()
        }
    }
#endif
