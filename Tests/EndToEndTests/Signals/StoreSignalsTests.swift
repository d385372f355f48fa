#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// What is told of stores in PostgreSQL.
    @Suite(.lanes) struct StoreSignalsTests {
        fileprivate func running(_ fleet: CountingFleet) async throws -> (Program, SignalAddress) {
            let yaml = try String(contentsOfFile: fleet.fleet.file("fleet.yaml"), encoding: .utf8)
            try fleet.fleet.write("metrics: {listen: \"127.0.0.1:0\"}\n" + yaml)
            let run = try await fleet.fleet.startRun()
            return (run, try await SignalAddress(of: run))
        }

        @Test func theServerTellsOfItsDatabase() async throws {
            let fleet = try await CountingFleet(.log)
            let (run, signals) = try await running(fleet)
            try fleet.count(1...100)
            try await fleet.expectAll(100)
            let service = "service=\"counter\""
            try await eventually("the looks have seen it") {
                let told = try await signals.get("/metrics")
                return (told.value("flotilla_postgresql_commits_total{\(service)}") ?? 0) > 0
                    && told.value("flotilla_outbox_depth{\(service)}") == 0
                    && told.value("flotilla_outbox_retained_bytes{\(service)}") != nil
            }
            let told = try await signals.get("/metrics")
            for (series, least) in [
                ("flotilla_store_up{\(service),db_system_name=\"postgresql\"}", 1.0),
                ("flotilla_store_up{service=\"reader\",db_system_name=\"postgresql\"}", 1),
                ("flotilla_postgresql_database_size_bytes{\(service)}", 1_000_000),
                ("flotilla_postgresql_server_connections{\(service)}", 2),
                ("flotilla_postgresql_server_connection_limit{\(service)}", 3),
                ("flotilla_postgresql_connections{\(service),state=\"active\"}", 1),
                ("flotilla_postgresql_transaction_id_age{\(service)}", 1),
                ("flotilla_postgresql_blocks_hit_total{\(service)}", 1),
                ("flotilla_postgresql_locks_waiting{\(service)}", 0),
                ("flotilla_postgresql_deadlocks_total{\(service)}", 0),
                (
                    "db_client_operation_duration_seconds_count{\(service),db_system_name=\"postgresql\","
                        + "db_operation_name=\"capture\",flotilla_stream=\"\(fleet.name)-counter\"}", 1
                ),
                (
                    "flotilla_delivery_latency_seconds_count{subscription=\"reader.seen\",stream=\"\(fleet.name)-counter\"}",
                    300
                ),
            ] {
                #expect((told.value(series) ?? -1) >= least, "\(series): \(told.body)")
            }
            try await eventually("a look finds the slot in use") {
                let lines = try await signals.get("/metrics").body.split(separator: "\n")
                return lines.contains {
                    $0.hasPrefix("flotilla_postgresql_slot_active{\(service)") && $0.hasSuffix(" 1")
                }
            }
            #expect(!run.errors.contains("does not tell of"), "\(run.errors)")
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
            #expect(try await fleet.fleet.flotilla("apply", "--remove", "counter").ended(0))
        }

        @Test func whatTheServerRefusesIsToldWithItsCode() async throws {
            let fleet = try await CountingFleet(.poll)
            let (run, signals) = try await running(fleet)
            try fleet.psql("ALTER TABLE reader.seen ADD CHECK (number < 100)")
            try fleet.count(1...1)
            try await fleet.expectAll(1)
            try fleet.count(100...100)
            let place = """
                service="reader",db_system_name="postgresql",db_operation_name="apply seen",\
                flotilla_stream="\(fleet.name)-counter"
                """
            try await eventually("the failure is told with its code") {
                try await signals.value(
                    "db_client_operation_duration_seconds_count{\(place),"
                        + "db_response_status_code=\"23514\",error_type=\"statement\"}") ?? 0 >= 1
            }
            #expect(try await signals.value("db_client_operation_duration_seconds_count{\(place)}") ?? 0 >= 1)
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }

        @Test func longTransactionsAndLocksAreSeen() async throws {
            // A server of its own: who makes a replication slot waits for every transaction of the server.
            let fleet = try await CountingFleet(.poll, server: try await PrivatePostgres())
            let (run, signals) = try await running(fleet)
            try fleet.psql("CREATE TABLE contested (number INT)")
            let holder = try LeashedSQL(fleet, "BEGIN; LOCK TABLE contested; SELECT pg_sleep(600)")
            try await eventually("it is held") {
                try fleet.psql("SELECT count(*) FROM pg_locks WHERE relation = 'contested'::regclass") == "1"
            }
            let waiter = try LeashedSQL(fleet, "BEGIN; LOCK TABLE contested")
            try await eventually("the wait is told") {
                try await signals.value("flotilla_postgresql_locks_waiting{service=\"counter\"}") == 1
            }
            try await eventually("the age is told") {
                try await signals.value("flotilla_postgresql_oldest_transaction_age_seconds{service=\"counter\"}") ?? 0
                    > 1
            }
            withExtendedLifetime((holder, waiter)) {}
            // Nobody's events wait for it.
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            run.kill()
        }

        @Test func aServerThatIsGoneIsToldAndStopsNothingElse() async throws {
            let server = try await PrivatePostgres()
            let fleet = try await CountingFleet(.poll, server: server)
            let (run, signals) = try await running(fleet)
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            try await eventually("it is ready") { try await signals.get("/readyz").status == 200 }
            server.stop(mode: "immediate")
            try await eventually("it is told") {
                try await signals.value("flotilla_store_up{service=\"counter\",db_system_name=\"postgresql\"}") == 0
            }
            let answer = try await signals.get("/readyz")
            #expect(answer.status == 503 && answer.body.contains("\"part\":\"store counter\""), "\(answer.body)")
            // What is not known any more is not told.
            let told = try await signals.get("/metrics").body.split(separator: "\n")
            #expect(!told.contains { $0.hasPrefix("flotilla_postgresql_") && $0.contains("\"counter\"") })
            #expect(!told.contains { $0.hasPrefix("flotilla_parked_events{subject=\"counter\"") })
            #expect(try await signals.get("/healthz").status == 200)
            try await server.start()
            try await eventually("it is ready again") { try await signals.get("/readyz").status == 200 }
            try fleet.count(11...20)
            try await fleet.expectAll(20)
            #expect(
                run.errors.components(separatedBy: "the store of counter tells no signals").count == 2, "\(run.errors)")
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }
    }

    /// What a role may do, and a second process.
    extension StoreSignalsTests {
        @Test func whatARoleMayNotSeeIsLeftOutAndSaidOnce() async throws {
            let server = try await PrivatePostgres()
            let database = try await server.makeDatabase()
            try server.psql(
                database,
                """
                CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE "\(database)" TO plain;
                REVOKE ALL ON pg_catalog.pg_locks FROM PUBLIC
                """)
            let fleet = try FleetDirectory(
                """
                fleet: plain
                metrics: {listen: "127.0.0.1:0"}
                services:
                  counter:
                    store: {url: "\(server.url(database, user: "plain"))", schema: counter}
                    publishes: [Counted]
                """)
            let applied = try await fleet.flotilla("apply")
            #expect(applied.ended(0), "\(applied.said)")
            let run = try await fleet.startRun()
            let signals = try await SignalAddress(of: run)
            let failures = "flotilla_store_look_failures_total{service=\"counter\",error_type=\"denied\"}"
            try await eventually("two looks are done") { try await signals.value(failures) ?? 0 >= 2 }
            let told = try await signals.get("/metrics")
            #expect(told.value("flotilla_store_up{service=\"counter\",db_system_name=\"postgresql\"}") == 1)
            #expect(told.value("flotilla_postgresql_database_size_bytes{service=\"counter\"}") ?? 0 > 0)
            #expect(told.value("flotilla_postgresql_locks_waiting{service=\"counter\"}") == nil)
            #expect(run.errors.components(separatedBy: "does not tell of locks").count == 2, "\(run.errors)")
            #expect(try await signals.get("/readyz").status == 200)
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }

        /// Who runs a fleet, and who looks at one, asks a server once for all stores there.
        @Test func aServerIsAskedOnceForAllOfItsStores() async throws {
            let server = try await PrivatePostgres(settings: ["shared_preload_libraries": "pg_stat_statements"])
            let database = try await server.makeDatabase()
            try server.psql("postgres", "CREATE EXTENSION pg_stat_statements")
            let services = (1...8).map { "service\($0)" }
            let stores = services.map { "  \($0): {store: {url: \"\(server.url(database))\", schema: \($0)}}" }
            let fleet = try FleetDirectory(
                """
                fleet: many
                metrics: {listen: "127.0.0.1:0"}
                services:
                \(stores.joined(separator: "\n"))
                """)
            let applied = try await fleet.flotilla("apply")
            #expect(applied.ended(0), "\(applied.said)")
            func calls(_ text: String) throws -> Int {
                let count = try server.psql(
                    "postgres",
                    "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '%\(text)%'")
                return Int(count) ?? 0
            }
            let (common, own) = ("FROM pg_stat_archiver a", "WITH biggest AS MATERIALIZED")
            let run = try await fleet.startRun()
            let signals = try await SignalAddress(of: run)
            try await eventually("all of them are told of") {
                let told = try await signals.get("/metrics")
                return services.allSatisfy { service in
                    (told.value("flotilla_postgresql_server_connections{service=\"\(service)\"}") ?? 0) > 0
                        && told.value("flotilla_postgresql_transaction_id_age{service=\"\(service)\"}") != nil
                }
            }
            let (asked, looked) = (try calls(common), try calls(own))
            #expect(asked > 0 && asked < looked, "\(asked) of \(looked)")
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
            try server.psql("postgres", "SELECT pg_stat_statements_reset()")
            #expect(try await fleet.flotilla("top", "--once").ended(0))
            let (askedAgain, lookedAgain) = (try calls(common), try calls(own))
            #expect(askedAgain > 0 && askedAgain < lookedAgain, "\(askedAgain) of \(lookedAgain)")
        }

        @Test func aProcessThatWaitsForItsTurnIsHealthyAndNotReady() async throws {
            let fleet = try await CountingFleet(.poll, sharedState: true)
            let (first, firstSignals) = try await running(fleet)
            try await eventually("the first is ready") { try await firstSignals.get("/readyz").status == 200 }
            let second = try fleet.fleet.start("run")
            let signals = try await SignalAddress(of: second)
            try await eventually("it says that it waits") {
                try await signals.get("/readyz").body.contains("process \(first.processID) ")
            }
            #expect(try await signals.get("/readyz").status == 503)
            #expect(try await signals.get("/healthz").status == 200)
            #expect(try await signals.value("flotilla_carrying") == 0)
            #expect(try await firstSignals.value("flotilla_carrying") == 1)
            let epoch = try #require(try await firstSignals.value("flotilla_epoch"))
            first.kill()
            try await eventually("the second is ready") { try await signals.get("/readyz").status == 200 }
            #expect(try await signals.value("flotilla_carrying") == 1)
            #expect(try await signals.value("flotilla_epoch") ?? 0 > epoch)
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            second.send(SIGTERM)
            #expect(try await second.end() == .code(0))
        }
    }
#endif
