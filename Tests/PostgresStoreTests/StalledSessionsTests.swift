#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// What a process that is paused within a transaction holds is freed, and nobody else's.
    @Suite struct StalledSessionsTests {
        @Test(arguments: [true, false]) func sessionsThatStandStillAreEnded(withinPipeline: Bool) async throws {
            let database = try await ServiceDatabase()
            try database.psql("CREATE TABLE numbers (n INT PRIMARY KEY)")
            let (store, gate) = (database.store, Gate())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // What was undone is done again, once its session has ended.
                    try? await store.write { transaction in
                        let insertion = try transaction.prepare("INSERT INTO numbers VALUES ($1)")
                        if withinPipeline {
                            try insertion.submit([.integer(1)])
                        } else {
                            try insertion.run([.integer(1)])
                        }
                        try gate.pass()
                    }
                }
                try await gate.waitForArrival()
                // The server has the row, and whoever wants the same one waits for it.
                try await eventually("the session stands within its transaction") {
                    try database.psql(
                        """
                        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL
                            AND wait_event = 'ClientRead'
                        """) == "1"
                }
                var stranger = database.address
                stranger.application = "somebody else"
                #expect(try await PostgresStalledSessions.end(stranger, stalledFor: .zero) == 0)
                #expect(try await PostgresStalledSessions.end(database.address, stalledFor: .seconds(3600)) == 0)
                #expect(try await PostgresStalledSessions.end(database.address, stalledFor: .zero) == 1)
                try database.psql("SET lock_timeout = '180s'; INSERT INTO numbers VALUES (1)")
                gate.open()
                try await group.waitForAll()
            }
            #expect(try database.psql("SELECT count(*) FROM numbers") == "1")
            await store.close()
        }
    }
#endif
