#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// A server that does not archive its log any more is among the page's time bombs.
    @Suite(.lanes) struct ArchivePageTests {
        private struct Overview: Decodable {
            struct Bomb: Decodable {
                var what: String
                var of: String
                var value: Double
                var unit: String
            }

            var bombs: [Bomb]
        }

        @Test func aFailingArchiveIsATimeBombUntilItSucceeds() async throws {
            let fleet = try await CountingFleet(
                .poll, server: try await PrivatePostgres(settings: ["archive_mode": "on"]))
            func archive(by command: String) throws {
                try fleet.psql("ALTER SYSTEM SET archive_command = '\(command)'")
                try fleet.psql("SELECT pg_reload_conf()")
            }
            try archive(by: "false zqsecret")
            let run = try await RunningPage(fleet.fleet, "--page", "127.0.0.1:0")
            func bombs() throws -> [Overview.Bomb] {
                try JSONDecoder().decode(Overview.self, from: Data(run.ask("/api/overview").body.utf8)).bombs
                    .filter { $0.what == "failing WAL archive" }
            }
            try fleet.count(1...10)
            try fleet.psql("SELECT pg_switch_wal()")
            try await eventually("it is told of both stores of the server") {
                Set(try bombs().map(\.of)) == ["counter", "reader"]
            }
            #expect(try bombs().allSatisfy { $0.value > 0 && $0.unit == "seconds" })
            // Nobody's events wait for it.
            try await fleet.expectAll(10)
            #expect(try !run.ask("/api/overview").body.contains("zqsecret"))
            try archive(by: "true")
            try fleet.count(11...20)
            try fleet.psql("SELECT pg_switch_wal()")
            try await eventually("it is gone") { try bombs().isEmpty }
            try await fleet.expectAll(20)
            try await run.stop()
            #expect(!run.program.errors.contains("zqsecret"))
        }
    }
#endif
