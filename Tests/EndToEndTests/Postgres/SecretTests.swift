#if Postgres
    import Foundation
    import Testing

    /// Whatever is wrong with a URL, no command shows its password.
    @Suite(.lanes) struct SecretTests {
        @Test(arguments: [
            "postgres://app:qxzv@jwky@127.0.0.1:1/db", "postgres://app:qxzv/jwky@127.0.0.1:1/db",
            "postgres://app:qxzv?jwky@127.0.0.1:1/db", "postgres://app:qxzv#jwky@127.0.0.1:1/db",
            "postgres://127.0.0.1:1/db?password=qxzv@jwky", "postgres://127.0.0.1:1?password=qxzv@jwky",
            "postgres://app:x@127.0.0.1:1/db?sslmode=qxzvjwky", "postgres://app:qxzvjwky@127.0.0.1:1/db",
            "postgres://app:qxzv%zzjwky@127.0.0.1:1/db", "postgres://app:qxzvjwky@[::1/db",
        ]) func noCommandShowsAPassword(_ url: String) async throws {
            let fleet = try FleetDirectory(
                """
                fleet: careless
                services:
                  counter: {store: "\(url)", publishes: [Counted]}
                  reader:
                    store: {url: "\(url)", schema: reader}
                    views:
                      seen:
                        schema: CREATE TABLE seen (key TEXT)
                        when:
                          counter.Counted: INSERT INTO seen (key) VALUES (:key)
                """)
            for command in ["check", "plan", "apply", "status", "run"] {
                let program = try fleet.start(command)
                if command == "run" {
                    // It waits for a server that may come, and ends where it cannot.
                    try await eventually("run tells") { program.ended != nil || program.errors.contains("postgres://") }
                    program.send(SIGTERM)
                }
                try await program.end()
                let said = program.output + program.errors
                for part in ["qxzv", "jwky"] { #expect(!said.contains(part), "\(command): \(said)") }
                if command == "apply" { #expect(said.contains("postgres://"), "\(said)") }
            }
        }
    }
#endif
