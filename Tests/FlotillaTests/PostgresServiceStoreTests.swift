#if Postgres
    import FleetCore
    import Flotilla
    import TestKit
    import Testing

    /// What a store in PostgreSQL has beyond those in a file.
    @Suite struct PostgresServiceStoreTests {
        struct Counted: PublishableEvent {
            static let eventType = "Counted"
            static let aggregateType: String? = "counter"
            var total: Double
        }

        /// With `capture: message` there is no table: the event is in the server's log, once, if its transaction commits.
        @Test func eventsMayBeMessagesInTheLog() async throws {
            struct Declined: Error {}
            // A slot waits for the transactions of the whole server: so this test has one of its own.
            let server = try await PrivatePostgres()
            try await ServiceFixture.run(on: .postgres, capture: .message, server: server) { service in
                let store = service.store
                try await store.transaction { transaction in
                    _ = try transaction.rows(
                        "SELECT pg_create_logical_replication_slot('looks', 'test_decoding', true)")
                }
                let id = try await store.transaction { transaction in
                    try transaction.execute("INSERT INTO orders (id) VALUES ('O1')")
                    return try transaction.publish(Counted(total: 0.5), key: "K'1", traceParent: "00-ab-cd-01")
                }
                await #expect(throws: Declined.self) {
                    try await store.transaction { transaction in
                        try transaction.publish(Counted(total: 2), key: "K2")
                        throw Declined()
                    }
                }
                let messages = try await store.read { transaction in
                    try transaction.rows(
                        """
                        SELECT substring(data FROM 'content:(.*)')::json AS event, data
                        FROM pg_logical_slot_peek_changes('looks', NULL, NULL) WHERE data LIKE 'message:%'
                        """)
                }
                #expect(messages.count == 1)
                #expect(messages.first?["data"].text?.contains("transactional: 1 prefix: flotilla,") == true)
                #expect(
                    messages.first?["event"].text == """
                        {"id" : "\(id)", "aggregatetype" : "counter", "aggregateid" : "K'1", "type" : "Counted", \
                        "payload" : {"total":0.5}, "traceparent" : "00-ab-cd-01"}
                        """)
                #expect(try await store.read { try $0.firstRow("SELECT to_regclass('outbox')::text")?[0] } == .null)
            }
        }

        @Test func aSchemaThatWasNotAppliedSaysSo() async throws {
            let server = try await PrivatePostgres.shared()
            let url = server.url(try await server.makeDatabase())
            for schema in [nil, "orders"] {
                let error = await #expect(throws: FleetError.self) {
                    _ = try await ServiceStore.open(url, service: "orders", schema: schema)
                }
                #expect(error?.code == .notApplied)
                #expect(error?.description.contains("the store of orders") == true, "\(error?.description ?? "")")
            }
        }

        @Test func whatCannotBeReachedSaysSoWithoutThePassword() async throws {
            for url in ["postgres://ada:hush@127.0.0.1:1/db", "postgres://ada:hush@127.0.0.1:1/db?nonsense=1"] {
                let error = await #expect(throws: FleetError.self) {
                    _ = try await ServiceStore.open(url, service: "orders", schema: "orders")
                }
                #expect([.unavailable, .invalidInput].contains(error?.code))
                #expect(error?.description.contains("the store of orders") == true, "\(error?.description ?? "")")
                #expect(error?.description.contains("hush") == false, "\(error?.description ?? "")")
            }
        }

        /// Where two transactions are in each other's way, one is undone and done again: none is lost, none counts twice.
        @Test func transactionsThatAreInEachOthersWayAreDoneAgain() async throws {
            try await ServiceFixture.run(on: .postgres) { service in
                let store = service.store
                try await store.transaction { transaction in
                    try transaction.script(
                        "CREATE TABLE counter (total INTEGER NOT NULL); INSERT INTO counter VALUES (0)")
                }
                try await withThrowingTaskGroup { group in
                    for _ in 0..<2 {
                        group.addTask {
                            for _ in 0..<10 {
                                try await store.transaction { transaction in
                                    let total = try transaction.firstRow("SELECT total FROM counter")?[0].integer ?? 0
                                    try transaction.execute("UPDATE counter SET total = $1", total + 1)
                                    try transaction.publish(Counted(total: Double(total + 1)), key: "K")
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await store.read { try $0.firstRow("SELECT total FROM counter")?[0] } == 20)
                #expect(try await service.count("outbox") == 20)
                #expect(try await service.count("(SELECT DISTINCT payload ->> 'total' FROM outbox) AS totals") == 20)
            }
        }
    }
#endif
