#if Postgres && NATS
    import FleetCore
    import Foundation
    import TestKit
    import Testing

    /// When secrets end is told before they do, and nothing of them.
    @Suite(.lanes) struct SecretExpiryTests {
        private static let day = 86_400.0

        private static func value(_ body: String, _ secret: String) -> Double? {
            body.split(separator: "\n").first { $0.hasPrefix("flotilla_secret_expiry_seconds{secret=\"\(secret)") }?
                .split(separator: " ").last.flatMap { Double($0) }
        }

        @Test func thePasswordOfARoleAndTheJWTOfCredentialsAreToldOnce() async throws {
            let postgres = try await PrivatePostgres()
            let database = try await postgres.makeDatabase()
            let end = Timestamp.now().advanced(by: .seconds(10 * 86_400))
            try postgres.psql(
                database,
                """
                CREATE ROLE brief LOGIN PASSWORD 'zqbrief' VALID UNTIL '\(end)';
                CREATE ROLE endless LOGIN PASSWORD 'zqendless' VALID UNTIL 'infinity';
                GRANT CREATE ON DATABASE \(database) TO brief, endless
                """)
            let authority = NATSOperator()
            let nats = try await NATSServer(settings: try authority.settings())
            let fleet = try FleetDirectory(
                """
                fleet: shop
                metrics: "127.0.0.1:0"
                page: "127.0.0.1:0"
                broker: {engine: nats, url: "\(nats.url)", credentials: fleet.creds}
                services:
                  shop:
                    store: {url: "\(postgres.url(database, user: "brief"))", schema: shop}
                    publishes: [Sold]
                  billing:
                    store: {url: "\(postgres.url(database, user: "endless"))", schema: billing}
                    publishes: [Billed]
                """)
            let credentials = try authority.credentials(lifetime: .seconds(20 * 86_400))
            try fleet.write(credentials, to: "fleet.creds")
            let applied = try await fleet.flotilla("apply")
            #expect(applied.ended(0), "\(applied.said)")
            let run = try await RunningPage(fleet)
            let signals = try await SignalAddress(of: run.program)
            try await eventually("the role is asked for") {
                Self.value(try await signals.get("/metrics").body, "password of PostgreSQL role brief at ") != nil
            }
            let told = try await signals.get("/metrics").body
            let role = try #require(Self.value(told, "password of PostgreSQL role brief at "))
            #expect((9.9 * Self.day...10 * Self.day).contains(role), "\(role)")
            let token = try #require(Self.value(told, "JWT of broker.credentials\""))
            #expect((19.9 * Self.day...20 * Self.day).contains(token), "\(token)")
            #expect(!told.contains("role endless"), "\(told)")
            try await eventually("the log says it of both") {
                let said = run.program.errors
                return ["the password of PostgreSQL role brief", "the JWT of broker.credentials ends at "]
                    .allSatisfy { said.components(separatedBy: $0).count == 2 }
            }
            try await eventually("the page shows both as time bombs") {
                try run.ask("/api/overview").body.components(separatedBy: "\"what\":\"secret ends\"").count == 3
            }
            // What is in a file is seen by `top` as well.
            let top = try await fleet.flotilla("top", "--once", environment: ["COLUMNS": "160"])
            #expect(top.output.contains("secret ends of JWT of broker.credentials"), "\(top.said)")
            let seen = told + run.program.errors + run.program.output + top.said + (try run.ask("/api/overview").body)
            for secret in credentials.split(separator: "\n") where secret.hasPrefix("SU") || secret.hasPrefix("eyJ") {
                #expect(!seen.contains(secret))
                for part in secret.split(separator: ".") { #expect(!seen.contains(part)) }
            }
            #expect(!seen.contains("zqbrief") && !seen.contains("zqendless"))
            try await run.stop()
        }
    }
#endif
