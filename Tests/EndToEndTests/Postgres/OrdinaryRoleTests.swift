#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// A fleet whose role is no superuser, and sees of other sessions and of replication what everybody sees.
    @Suite(.lanes) struct OrdinaryRoleTests {
        @Test(arguments: CountingFleet.Capture.allCases) func whatWaitsIsKnown(
            _ capture: CountingFleet.Capture
        ) async throws {
            let fleet = try await CountingFleet(
                capture, sharedState: true, server: try await PrivatePostgres(), role: "plain")
            let yaml = try String(contentsOfFile: fleet.fleet.file("fleet.yaml"), encoding: .utf8)
            try fleet.fleet.write("metrics: \"127.0.0.1:0\"\n" + yaml)
            let run = try await fleet.fleet.startRun()
            let signals = try await SignalAddress(of: run)
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            let told = try await fleet.fleet.flotilla("status", "--json")
            #expect(told.ended(0), "\(told.said)")
            let status = try JSONSerialization.jsonObject(with: Data(told.output.utf8)) as? [String: Any]
            let streams = try #require(status?["streams"] as? [[String: Any]])
            #expect(streams.first?["pending"] as? Int == 0, "\(told.said)")
            #expect(streams.first?["last_error"] as? String == nil, "\(told.said)")
            try await eventually("the outbox's depth is known") {
                try await signals.value("flotilla_outbox_depth{service=\"counter\"}") == 0
            }
            let all = try await signals.get("/metrics").body
            #expect(!all.contains("flotilla_store_look_failures_total{"), "\(all)")
            let top = try await fleet.fleet.flotilla("top", "--once")
            #expect(top.ended(0), "\(top.said)")
            #expect(!run.errors.contains("does not tell"), "\(run.errors)")
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
            try fleet.count(11...20)
            let waiting = try await fleet.fleet.flotilla("status", "--json")
            #expect(waiting.ended(0) && waiting.output.contains("\"pending\" : 30"), "\(waiting.said)")
        }

        /// Two services in one database, one of which is captured from its log; and a slot that is nobody's in the fleet.
        @Test func slotsAreToldOnceAndOfTheirOwnService() async throws {
            let server = try await PrivatePostgres()
            let database = try await server.makeDatabase()
            let url = server.url(database)
            let fleet = try FleetDirectory(
                """
                fleet: bank
                metrics: "127.0.0.1:0"
                services:
                  accounts:
                    store: {url: "\(url)", schema: accounts}
                    publishes: [Opened]
                  ledger:
                    store: {url: "\(url)", schema: ledger}
                    outbox: {capture: log}
                    publishes: [Booked]
                """)
            #expect(try await fleet.flotilla("apply").ended(0))
            try server.psql(database, "SELECT pg_create_logical_replication_slot('strange', 'pgoutput')")
            let run = try await fleet.startRun()
            let signals = try await SignalAddress(of: run)
            func slots() async throws -> [Substring] {
                try await signals.get("/metrics").body.split(separator: "\n")
                    .filter { $0.hasPrefix("flotilla_postgresql_slot_active{") }.sorted()
            }
            let wanted = [
                "flotilla_postgresql_slot_active{service=\"accounts\",slot=\"strange\"} 0",
                "flotilla_postgresql_slot_active{service=\"ledger\",slot=\"flotilla_bank_ledger\"} 1",
            ]
            try await eventually("each slot is told once: \(wanted)") { try await slots() == wanted.map { $0[...] } }
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }
    }
#endif
