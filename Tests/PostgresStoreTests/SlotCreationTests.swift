#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    @Suite struct SlotCreationTests {
        /// A slot begins where all transactions have ended that run when it is made: `apply` waits for them, for longer than
        /// for a lock.
        @Test func applyWaitsForTransactionsThatRun() async throws {
            let service = try await ServiceDatabase(server: PrivatePostgres())
            let needs = StoreNeeds(
                outbox: OutboxNeeds(
                    table: try TableName("outbox"), capture: .log, stream: ServiceDatabase.stream), views: [])
            let gate = Gate()
            let store = service.store
            try await withThrowingTaskGroup { group in
                group.addTask {
                    try await store.write { transaction in
                        try transaction.script(
                            "SET LOCAL idle_in_transaction_session_timeout = 0; CREATE TABLE busy (number INTEGER)")
                        try gate.pass()
                        // Three times as long as a lock is waited for.
                        _ = try transaction.firstRow("SELECT pg_sleep(1.5)")
                    }
                }
                try await gate.waitForArrival()
                gate.open()
                group.addTask { _ = try await PostgresSetup(service.address).apply(needs) }
                try await group.waitForAll()
            }
            #expect(try await PostgresSetup(service.address).plan(needs).steps.isEmpty)
            await store.close()
        }
    }
#endif
