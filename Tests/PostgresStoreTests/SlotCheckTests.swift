#if Postgres
    import FleetCore
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    @Suite struct SlotCheckTests {
        /// Whoever carries moves the record on, and then the slot. Whoever looks at both meanwhile sees nothing wrong.
        @Test func aSlotThatIsCarriedOnMeanwhileIsNoGap() async throws {
            let service = try await ServiceDatabase(server: PrivatePostgres())
            let setup = PostgresSetup(service.address)
            let needs = StoreNeeds(
                outbox: OutboxNeeds(
                    table: try TableName("outbox"), capture: .log, stream: ServiceDatabase.stream), views: [])
            _ = try await setup.apply(needs)
            let carrier = PostgresConnection(service.address)
            let looks = 200
            try await withThrowingTaskGroup { group in
                group.addTask {
                    while !Task.isCancelled {
                        try await carrier.access { session in
                            try session.script("UPDATE flotilla_outboxes SET settled_lsn = pg_current_wal_lsn()")
                            _ = try session.firstRow(
                                "SELECT pg_replication_slot_advance(slot, settled_lsn) IS NULL FROM flotilla_outboxes")
                        }
                    }
                }
                group.addTask { for _ in 0..<looks { _ = try await setup.plan(needs) } }
                try await group.next()
                group.cancelAll()
            }
            await carrier.close()
            await service.store.close()
        }
    }
#endif
