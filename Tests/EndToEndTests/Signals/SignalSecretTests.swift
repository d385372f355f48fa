import Foundation
import TestKit
import Testing

/// Secrets are planted wherever the fleet file takes one, and looked for in all that is served and logged.
@Suite(.lanes) struct SignalSecretTests {
    private static let marks = ["zqfstore", "zqftoken", "zqfpush", "zqfpath", "zqfnats"]

    private func yaml(_ pushPort: Int) -> String {
        var text = """
            fleet: careful
            metrics: {listen: "127.0.0.1:0"}
            services:
              shop:
                store: sqlite:shop.db
                publishes: [Sold]
              billing:
                store: sqlite:billing.db
                push:
                  shop.Sold:
                    to: "http://127.0.0.1:\(pushPort)/${PUSH_PATH}?token=${PUSH_TOKEN}"
                    secret: "${PUSH_SECRET}"
                    attempts: 2
            """
        #if Postgres
            // A server that is not there: everything that is said of it is said.
            text += """

                  ledger:
                    store: "postgres://ledger:${STORE_PASSWORD}@127.0.0.1:1/ledger?options=${STORE_PASSWORD}"
                    publishes: [Booked]
                """
        #endif
        return text
    }

    private static let environment = [
        "STORE_PASSWORD": "zqfstore", "PUSH_TOKEN": "zqftoken", "PUSH_SECRET": "zqfpush-0123456789",
        "PUSH_PATH": "zqfpath",
    ]

    private func expectNoSecret(_ said: String, _ place: String) {
        for mark in Self.marks { #expect(!said.contains(mark), "\(mark) in \(place): \(said)") }
    }

    @Test func nothingThatIsServedOrLoggedShowsASecret() async throws {
        let fleet = try FleetDirectory()
        // Where there is no server, nothing is applied at it: so it joins after the rest was.
        let complete = yaml(try LoopbackPort.free())
        let reachable = complete.components(separatedBy: "\n  ledger:")[0]
        try fleet.write(reachable)
        let applied = try await fleet.flotilla("apply", environment: Self.environment)
        #expect(applied.ended(0))
        expectNoSecret(applied.said, "apply")
        for format in ["text", "json"] {
            let run = try await fleet.startRun("--log-format", format, environment: Self.environment)
            let signals = try await SignalAddress(of: run)
            try await fleet.store("shop.db").publish(OutboxRow(key: format, type: "Sold", payload: "{}"))
            try await eventually("the push fails, and all is looked at") {
                let told = try await signals.get("/metrics").body
                return told.contains("outcome=\"postponed\"} ") && told.contains("service=\"billing\",db_system_name")
            }
            try await eventually("the trouble is told") { try await signals.get("/readyz").status == 503 }
            for path in ["/metrics", "/readyz", "/healthz", "/", "/zz"] {
                expectNoSecret(try await signals.get(path).body, path)
            }
            expectNoSecret(
                try await signals.get("/metrics", accept: "application/openmetrics-text").body, "OpenMetrics")
            run.send(SIGTERM)
            try await run.end()
            expectNoSecret(run.output + run.errors, "run --log-format \(format)")
        }
        let status = try await fleet.flotilla("status", environment: Self.environment)
        expectNoSecret(status.said, "status")
        // With the server that is not there.
        try fleet.write(complete)
        let run = try fleet.start("run", environment: Self.environment)
        try await eventually("run tells") { run.ended != nil || run.errors.contains("ledger") }
        run.send(SIGTERM)
        try await run.end()
        expectNoSecret(run.output + run.errors, "run without a server")
    }
}
