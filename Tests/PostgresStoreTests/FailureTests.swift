#if Postgres
    import FleetCore
    import PostgresConnection
    import TestKit
    import Testing

    /// What a server says, told apart by what does not depend on its language.
    @Suite struct FailureTests {
        private func connection(timeout: Duration = .seconds(60)) async throws -> PostgresConnection {
            let server = try await PrivatePostgres.shared()
            var address = PostgresAddress(url: server.url("postgres"), name: "the store")
            address.statementTimeout = timeout
            return PostgresConnection(address)
        }

        @Test func statementThatTakesTooLongIsToldInEveryLanguage() async throws {
            let connection = try await connection(timeout: .milliseconds(100))
            // The second as a server says it whose lc_messages is French.
            for statement in [
                "SELECT pg_sleep(60)",
                "DO $$ BEGIN RAISE 'annulation de la requête à cause du délai écoulé' USING ERRCODE = '57014'; END $$",
            ] {
                let error = try await checkThrows(.unavailable) {
                    try await connection.access { _ = try $0.query(statement) }
                }
                #expect(error.isRetriable)
                #expect(error.message.contains("took too long"), "\(error)")
            }
            await connection.close()
        }

        @Test func workThatNobodyWaitsForIsCancelled() async throws {
            let connection = try await connection()
            let work = Task { try await connection.access { _ = try $0.query("SELECT pg_sleep(60)") } }
            work.cancel()
            try await checkThrows(.cancelled) { try await work.value }
            // Whoever comes next has a session of its own.
            try await connection.access { _ = try $0.query("SELECT 1") }
            await connection.close()
        }
    }
#endif
