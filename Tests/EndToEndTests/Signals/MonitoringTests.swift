#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// `monitoring`: servers are looked at as a role that `apply` makes.
    @Suite(.lanes) struct MonitoringTests {
        @Test func theRoleIsPlannedMadeAndLooksAndWhatItLosesIsToldOnce() async throws {
            let fleet = try await CountingFleet(.poll, server: try await PrivatePostgres())
            let yaml = try String(contentsOfFile: fleet.fleet.file("fleet.yaml"), encoding: .utf8)
            try fleet.fleet.write("metrics: \"127.0.0.1:0\"\nmonitoring: watcher\n" + yaml)
            // Both services are on one server.
            let plan = try await fleet.fleet.flotilla("plan")
            #expect(
                plan.ended(2) && plan.output.components(separatedBy: "create role watcher").count == 2, "\(plan.said)")
            // No event waits for it.
            let run = try await fleet.fleet.startRun()
            let signals = try await SignalAddress(of: run)
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            func told(_ text: String) -> Int { run.errors.components(separatedBy: text).count - 1 }
            let missing = "as the role watcher sees it; its own role looks"
            try await eventually("that it is missing is told") { told(missing) > 0 }
            #expect(run.errors.contains("run `flotilla apply`"), "\(run.errors)")
            let apply = try await fleet.fleet.flotilla("apply")
            #expect(apply.ended(0) && apply.output.contains("create role watcher"), "\(apply.said)")
            #expect(try await fleet.fleet.flotilla("plan").ended(0))
            let sessions =
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'watcher' AND application_name LIKE '%signals%'"
            // For both stores.
            try await eventually("it looks") { try fleet.psql(sessions) != "0" }
            // It has what it needs no longer, and says so once.
            try fleet.psql("REVOKE pg_monitor FROM watcher")
            let failures = "flotilla_store_look_failures_total{service=\"counter\",error_type=\"denied\"}"
            let before = try await signals.value(failures) ?? 0
            try await eventually("three looks have seen it") { try await signals.value(failures) ?? 0 >= before + 3 }
            // Two stores are on the server.
            #expect(told("does not tell of what pg_monitor lets see of the server") == 1, "\(run.errors)")
            #expect(told(missing) == 1, "\(run.errors)")
            #expect(run.errors.contains("GRANT pg_monitor TO \"watcher\""))
            // What was over and comes back is said again.
            try fleet.psql("GRANT pg_monitor TO watcher")
            try await eventually("both stores are seen whole") {
                let all = try await signals.get("/metrics")
                return ["counter", "reader"].allSatisfy { service in
                    all.value("flotilla_postgresql_connections{service=\"\(service)\",state=\"unknown\"}") == 0
                }
            }
            try fleet.psql("REVOKE pg_monitor FROM watcher")
            try await eventually("it is said once more") {
                told("does not tell of what pg_monitor lets see of the server") == 2
            }
            #expect(try await signals.get("/readyz").status == 200)
            try fleet.count(11...20)
            try await fleet.expectAll(20)
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }

        @Test func aPasswordIsShownNowhere() async throws {
            let server = try await PrivatePostgres(settings: ["shared_preload_libraries": "pg_stat_statements"])
            let database = try await server.makeDatabase()
            try server.psql(database, "CREATE EXTENSION pg_stat_statements; CREATE ROLE plain LOGIN")
            try server.psql(database, "GRANT CREATE ON DATABASE \(database) TO plain")
            let environment = ["WATCH_PASSWORD": "zqwatch-0123456789"]
            func yaml(_ user: String) -> String {
                """
                fleet: careful
                page: "127.0.0.1:0"
                metrics: "127.0.0.1:0"
                monitoring: {role: watcher, password: "${WATCH_PASSWORD}"}
                services:
                  shop:
                    store: {url: "\(server.url(database, user: user))", schema: shop}
                """
            }
            let fleet = try FleetDirectory(yaml("plain"))
            // Who may make no role is told what to run, and what is told has no password.
            var said = try await fleet.flotilla("apply", environment: environment).said
            #expect(said.contains("as a superuser: CREATE ROLE"), "\(said)")
            try fleet.write(yaml("flotilla"))
            for words in [["check"], ["plan"], ["apply"], ["plan"], ["top", "--once"]] {
                let program = try fleet.start(words, environment: environment)
                try await program.end()
                said += program.output + program.errors
            }
            let run = try await RunningPage(of: try fleet.start("run", environment: environment))
            let signals = try await SignalAddress(of: run.program)
            try await eventually("it is looked at") {
                try await signals.value("flotilla_store_up{service=\"shop\",db_system_name=\"postgresql\"}") == 1
                    && run.ask("/api/statements?of=shop").body.contains("\"text\"")
            }
            for path in ["/api/statements?of=shop", "/api/overview", "/api/signals?of=shop"] {
                said += try run.ask(path).body
            }
            said += try await signals.get("/metrics").body
            try await run.stop()
            said += run.program.output + run.program.errors
            #expect(!said.contains("zqwatch"), "\(said)")
            #expect(
                try server.psql(database, "SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%zqwatch%'") == "0"
            )
        }
    }
#endif
