#if Postgres
    import FleetCore
    import Foundation
    import PostgresConnection
    import PostgresStore
    import Signals
    import Stores
    import TestKit
    import Testing

    /// The role that servers are looked at with: `apply` makes it, it sees statistics and no data, and nothing fails for it.
    @Suite struct MonitoringRoleTests {
        private static let password = "zqmonitor-0123456789"

        /// A server where the monitoring roles come in by a password, and all others as they are.
        private struct Fixture {
            let server: PrivatePostgres
            let database: String

            init() async throws {
                server = try await PrivatePostgres(settings: [
                    "log_statement": "all", "log_min_messages": "info", "log_min_error_statement": "error",
                ])
                database = try await server.makeDatabase()
                try """
                local all watcher scram-sha-256
                local all all trust
                host  all all 127.0.0.1/32 trust
                """.write(toFile: "\(server.dataDirectory)/pg_hba.conf", atomically: false, encoding: .utf8)
                try server.psql("postgres", "SELECT pg_reload_conf()")
                try await eventually("the server asks the watcher for a password") {
                    try server.psql(
                        "postgres", "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256'") == "1"
                }
                // A service's role as one is in production: it owns its database, and makes no roles.
                try server.psql(
                    "postgres", "CREATE ROLE service LOGIN; GRANT ALL ON DATABASE \(database) TO service")
            }

            func address(_ user: String = "flotilla") -> PostgresAddress {
                PostgresAddress(
                    url: server.url(database, user: user), name: "postgres/\(database)", schema: "shop",
                    application: "flotilla")
            }

            func needs(_ password: String = password) -> StoreNeeds {
                StoreNeeds(
                    outbox: nil, views: [], monitoring: MonitoringNeeds(role: "watcher", password: password))
            }

            func plan(_ user: String = "flotilla", _ password: String = password) async throws -> SetupPlan {
                try await PostgresSetup(address(user)).plan(needs(password))
            }

            func apply(_ user: String = "flotilla", _ password: String = password) async throws -> SetupPlan {
                try await PostgresSetup(address(user)).apply(needs(password))
            }

            /// What a store of the service tells, looked at by the watcher.
            func readings() async throws -> Readings {
                let store = PostgresStore(
                    address("service"), connections: 1,
                    monitoring: MonitoringNeeds(role: "watcher", password: password))
                let readings = try await store.readings()
                await store.close()
                return readings
            }

            var log: String {
                (try? String(contentsOfFile: server.directory.file("server.log"), encoding: .utf8)) ?? ""
            }
        }

        private func connections(_ readings: Readings, _ state: String) -> Double? {
            readings.readings.first { $0.metric.name == "flotilla.postgresql.connections" && $0.labels == [state] }?
                .value
        }

        @Test func itIsPlannedMadeOnceAndSeesStatisticsAlone() async throws {
            let fixture = try await Fixture()
            let planned = try await fixture.plan()
            #expect(
                planned.sharedSteps.map { $0.description.prefix { $0 != "/" } } == [
                    "create role watcher at ", "grant pg_monitor to role watcher at ",
                ], "\(planned)")
            #expect(
                try fixture.server.psql("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'watcher'") == "0")
            let applied = try await fixture.apply()
            #expect(applied.sharedSteps == planned.sharedSteps && applied.notices.isEmpty, "\(applied)")
            for plan in [try await fixture.plan(), try await fixture.apply()] {
                #expect(plan.steps.isEmpty && plan.sharedSteps.isEmpty && plan.notices.isEmpty, "\(plan)")
            }
            let rights = try fixture.server.psql(
                "postgres",
                """
                SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
                    (SELECT string_agg(roleid::regrole::text, ',') FROM pg_auth_members WHERE member = r.oid)
                FROM pg_roles r WHERE rolname = 'watcher'
                """)
            #expect(rights == "t|f|f|f|f|f|pg_monitor")
            try fixture.server.psql(
                fixture.database, "CREATE TABLE shop.orders (id INT); INSERT INTO shop.orders VALUES (1)")
            #expect(
                try fixture.server.psql(
                    fixture.database, "SELECT has_table_privilege('watcher', 'shop.orders', 'SELECT')")
                    == "f")
            // What a server logs and shows has no password.
            #expect(fixture.log.contains("CREATE ROLE") && !fixture.log.contains(Self.password))
        }

        @Test func looksAreMadeWithItsRights() async throws {
            let fixture = try await Fixture()
            // Of others' sessions the service sees no state.
            _ = try await fixture.apply()
            let holder = fixture.server.url(fixture.database)
            let other = PostgresConnection(PostgresAddress(url: holder, name: "other"))
            try await other.access { _ = try $0.firstRow("SELECT 1") }
            let own = PostgresStore(fixture.address("service"), connections: 1)
            #expect(connections(try await own.readings(), "unknown") ?? 0 > 0)
            await own.close()
            let readings = try await fixture.readings()
            #expect(readings.failures.isEmpty, "\(readings.failures)")
            #expect(connections(readings, "unknown") == 0 && connections(readings, "idle") ?? 0 > 0)
            await other.close()
        }

        @Test func aNewPasswordIsSet() async throws {
            let fixture = try await Fixture()
            _ = try await fixture.apply("flotilla", "zqold-0123456789")
            #expect(try await fixture.readings().failures.map(\.error.code) == [.denied])
            let planned = try await fixture.plan()
            #expect(
                planned.sharedSteps.map { $0.description.prefix { $0 != "/" } } == [
                    "set the password of role watcher at "
                ])
            #expect(try await fixture.apply().sharedSteps == planned.sharedSteps)
            #expect(try await fixture.readings().failures.isEmpty)
            #expect(try await fixture.plan().sharedSteps.isEmpty)
        }

        @Test func whoMayMakeNoRoleIsToldHowAndNothingFails() async throws {
            let fixture = try await Fixture()
            for plan in [try await fixture.plan("service"), try await fixture.apply("service")] {
                #expect(plan.sharedSteps.isEmpty)
                let notice = try #require(plan.notices.first)
                #expect(plan.notices.count == 1)
                #expect(notice.contains("service may not change that") && notice.contains("as a superuser:"))
                #expect(notice.contains("CREATE ROLE \"watcher\" LOGIN PASSWORD '…'; GRANT pg_monitor TO \"watcher\""))
                #expect(!notice.contains(Self.password))
            }
            // The rest was set up.
            #expect(try await fixture.plan("service").steps.isEmpty)
            let readings = try await fixture.readings()
            #expect(
                readings.failures.count == 1 && readings.failures.first?.error.code == .denied, "\(readings.failures)")
            #expect(connections(readings, "active") != nil)
        }

        @Test func aRoleThatLostARightIsToldAndMended() async throws {
            let fixture = try await Fixture()
            _ = try await fixture.apply()
            try fixture.server.psql("postgres", "REVOKE pg_monitor FROM watcher")
            let lost = try await fixture.readings()
            #expect(lost.failures.count == 1)
            #expect(lost.failures.first?.error.remedy?.contains("GRANT pg_monitor TO \"watcher\"") == true)
            #expect(lost.readings.contains { $0.metric.name == "flotilla.postgresql.database.size" })
            #expect(
                try await fixture.apply().sharedSteps.map { $0.description.prefix { $0 != "/" } }
                    == ["grant pg_monitor to role watcher at "])
            #expect(try await fixture.readings().failures.isEmpty)
            try fixture.server.psql("postgres", "ALTER ROLE watcher NOLOGIN")
            let shut = try await fixture.readings()
            #expect(shut.failures.map(\.error.code) == [.denied])
            #expect(connections(shut, "active") != nil, "its own role looks")
            #expect(
                try await fixture.apply().sharedSteps.map { $0.description.prefix { $0 != "/" } }
                    == ["let role watcher sign in at "])
            try fixture.server.psql("postgres", "ALTER ROLE watcher CREATEDB")
            let excess = try await fixture.apply()
            #expect(excess.sharedSteps.isEmpty && excess.notices.first?.contains("(CREATEDB)") == true, "\(excess)")
        }

        @Test func severalThatSetItUpAtOnceMakeOne() async throws {
            let fixture = try await Fixture()
            var databases = [fixture.database]
            for _ in 0..<5 { databases.append(try await fixture.server.makeDatabase()) }
            let plans = try await withThrowingTaskGroup(of: SetupPlan.self) { group in
                for database in databases {
                    group.addTask {
                        let address = PostgresAddress(url: fixture.server.url(database), name: database, schema: "shop")
                        return try await PostgresSetup(address).apply(fixture.needs())
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(plans.allSatisfy { $0.notices.isEmpty }, "\(plans)")
            #expect(try await fixture.plan().sharedSteps.isEmpty)
        }
    }
#endif
