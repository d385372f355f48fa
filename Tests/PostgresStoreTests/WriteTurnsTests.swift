#if Postgres
    import FleetCore
    import PostgresStore
    import Stores
    import Synchronization
    import TestKit
    import Testing

    private final class Count: Sendable {
        let value = Atomic(0)
    }

    /// Transactions that always meet do not undo each other's work for ever.
    @Suite struct WriteTurnsTests {
        @Test func transactionsThatAlwaysMeetWasteLittle() async throws {
            let database = try await ServiceDatabase()
            try database.psql(
                "CREATE TABLE counters (id INT PRIMARY KEY, n INT); INSERT INTO counters VALUES (1, 0), (2, 0), (3, 0), (4, 0)"
            )
            let store = database.store
            let (writers, rounds) = (4, 60)
            let attempts = Count()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 1...writers {
                    group.addTask {
                        for _ in 0..<rounds {
                            try await store.write { transaction in
                                attempts.value.add(1, ordering: .relaxed)
                                // Each reads what the others write.
                                _ = try transaction.firstRow("SELECT sum(n) FROM counters")
                                _ = try transaction.firstRow("SELECT pg_sleep(0.002)")
                                try transaction.run(
                                    "UPDATE counters SET n = n + 1 WHERE id = $1", [.integer(Int64(writer))])
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try database.psql("SELECT sum(n) FROM counters") == "\(writers * rounds)")
            let wasted = attempts.value.load(ordering: .relaxed) - writers * rounds
            #expect(wasted < writers * rounds / 4, "\(wasted) transactions were undone")
            await store.close()
        }

        @Test func whoeverWaitsForATurnCanBeCancelled() async throws {
            let database = try await ServiceDatabase(connections: 1)
            let (store, gate) = (database.store, Gate())
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.write { _ in try gate.pass() } }
                try await gate.waitForArrival()
                let waiting = Task { try await store.write { _ in } }
                waiting.cancel()
                try await checkThrows(.cancelled) { try await waiting.value }
                gate.open()
                try await group.waitForAll()
            }
            // The turn was not lost.
            try await store.write { _ in }
            await store.close()
        }
    }
#endif
