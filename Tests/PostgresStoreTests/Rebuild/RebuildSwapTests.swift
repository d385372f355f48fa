#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    @Suite struct RebuildSwapTests {
        @Test func aSwapThatFailsChangesNothing() async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull()
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            await scratch.close()
            // A table of the service's own stands where the view's schema has one.
            try service.psql("DROP TABLE changes; CREATE VIEW changes AS SELECT 'mine' AS what")
            let before = try RebuildFixture.content(service)
            try await checkThrows(.statement) { try await rebuild.swap() }
            #expect(try RebuildFixture.content(service) == before)
            try service.psql("DROP VIEW changes; CREATE TABLE changes (what TEXT)")
            try await rebuild.swap()
            #expect(try RebuildFixture.content(service) == RebuildFixture.rebuilt)
        }

        @Test func aSwapWaitsForTheTransactionsOfOthers() async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull()
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            await scratch.close()
            let gate = Gate()
            let store = service.store
            let reader = Task {
                try await store.read { transaction in
                    _ = try transaction.rows("SELECT * FROM totals")
                    try gate.pass()
                    return try transaction.rows("SELECT customer FROM totals").count
                }
            }
            try await gate.waitForArrival()
            let impatient = PostgresRebuild(RebuildFixture.view, address: service.address, patience: .zero)
            let error = try await checkThrows(.busy) { try await impatient.swap() }
            #expect(
                error.isRetriable && error.underlying?.contains("flotilla, idle in transaction") == true, "\(error)")
            let swap = Task { try await rebuild.swap() }
            try await eventually("the swap waits for a lock") {
                try service.psql("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")
                    != "0"
            }
            gate.open()
            #expect(try await reader.value == 1)
            try await swap.value
            #expect(try RebuildFixture.content(service) == RebuildFixture.rebuilt)
        }

        /// An event that is applied while the swap is at work takes effect in the old view or in none: the cursor that it
        /// stands on is gone.
        @Test func aDeliveryThatTheSwapOvertakesIsUndone() async throws {
            let (service, rebuild) = try await RebuildFixture.prepareFull()
            let scratch = try await rebuild.begin()
            try await RebuildFixture.fill(scratch)
            await scratch.close()
            let gate = Gate()
            let address = service.address
            let connection = PostgresConnection(address)
            let delivery = Task {
                try await connection.transaction(.write) { session in
                    _ = try session.run("INSERT INTO flotilla_inbox VALUES (1, '\\x0c', 9)")
                    try gate.pass()
                    _ = try session.run("INSERT INTO totals (customer, own, cents) VALUES ('a', 'a', 99)")
                    return try session.run(
                        "UPDATE flotilla_subscriptions SET position = 9 WHERE number = 1 AND position = 3")
                }
            }
            try await gate.waitForArrival()
            try await rebuild.swap()
            gate.open()
            try await checkThrows(.conflictingTransactions) { try await delivery.value }
            await connection.close()
            #expect(try RebuildFixture.content(service) == RebuildFixture.rebuilt)
        }

        @Test func inboxesAreCopiedInSlices() async throws {
            let (service, rebuild) = try await RebuildFixture.prepare()
            let scratch = try await rebuild.begin()
            try await scratch.write { transaction in
                try transaction.script(
                    """
                    INSERT INTO flotilla_subscriptions VALUES (5, 'totals', 'orders', 8, 2, 'x');
                    INSERT INTO flotilla_inbox SELECT 5, decode(md5(n::text), 'hex'), n FROM generate_series(1, 250000) n;
                    """)
            }
            await scratch.close()
            try await rebuild.swap()
            let counts = try service.psql(
                """
                SELECT s.name, count(*), count(DISTINCT i.position), sum(i.position) FROM flotilla_inbox i
                LEFT JOIN flotilla_subscriptions s ON s.number = i.subscription GROUP BY 1 ORDER BY 1
                """)
            #expect(counts == "other|1|1|2\ntotals|250000|250000|31250125000")
        }

        @Test func aServiceWithoutFlotillasTablesIsTold() async throws {
            let service = try await ServiceDatabase(schema: "orders")
            let rebuild = PostgresRebuild(RebuildFixture.view, address: service.address)
            try await checkThrows(.notApplied) { try await rebuild.begin() }
            try service.psql("CREATE SCHEMA orders")
            let error = try await checkThrows(.notApplied) { try await rebuild.begin() }
            #expect(error.remedy == "run `flotilla apply`")
            await rebuild.abandon()
        }
    }
#endif
