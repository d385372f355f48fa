import FleetCore
import Flotilla
import Foundation
import TestKit
import Testing

/// The example of the documentation, compiled and run, on every kind of store.
@Suite struct ServiceStoreTests {
    struct OrderPlaced: PublishableEvent {
        static let eventType = "OrderPlaced"
        var orderID: String
        var customerID: String

        enum CodingKeys: String, CodingKey {
            case orderID = "order_id", customerID = "customer_id"
        }
    }

    @Test(arguments: StoreKind.allCases)
    func rowAndEventCommitTogether(on kind: StoreKind) async throws {
        try await ServiceFixture.run(on: kind) { service in
            let store = service.store
            let id = try await store.transaction { transaction in
                try transaction.execute("INSERT INTO orders (id, customer) VALUES ($1, $2)", "O1", "C1")
                return try transaction.publish(OrderPlaced(orderID: "O1", customerID: "C1"), key: "O1")
            }
            let row = try await store.read { transaction in
                try transaction.firstRow(
                    "SELECT CAST(id AS TEXT) AS id, aggregatetype, aggregateid, type, payload FROM outbox")
            }
            #expect(row?["id"] == .text(id.description))
            #expect(row?["aggregatetype"] == "orders")
            #expect(row?["aggregateid"] == "O1")
            #expect(row?["type"] == "OrderPlaced")
            #expect(row?["payload"].text?.contains("\"order_id\":\"O1\"") == true)
            #expect(try await service.count("orders") == 1)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func theTraceParentIsWritten(on kind: StoreKind) async throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        try await ServiceFixture.run(on: kind) { service in
            try await service.store.transaction { transaction in
                _ = try transaction.publish(
                    OrderPlaced(orderID: "O1", customerID: "C1"), key: "O1", traceParent: trace)
            }
            let row = try await service.store.read { try $0.firstRow("SELECT traceparent FROM outbox") }
            #expect(row?[0] == .text(trace))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func nothingOfAFailedTransactionIsSeen(on kind: StoreKind) async throws {
        struct Declined: Error {}
        try await ServiceFixture.run(on: kind) { service in
            await #expect(throws: Declined.self) {
                try await service.store.transaction { transaction in
                    try transaction.execute("INSERT INTO orders (id, customer) VALUES ($1, $2)", "O1", "C1")
                    try transaction.publish(OrderPlaced(orderID: "O1", customerID: "C1"), key: "O1")
                    throw Declined()
                }
            }
            let counts = try await (service.count("orders"), service.count("outbox"))
            #expect(counts == (0, 0))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aHandlerRunsOncePerEvent(on kind: StoreKind) async throws {
        try await ServiceFixture.run(on: kind) { service in
            let store = service.store
            let id = EventID.make()
            for round in 0..<3 {
                let isNew = try await store.handle(id, as: "billing") { transaction in
                    try transaction.execute("INSERT INTO orders (id) VALUES ($1)", "O1")
                }
                #expect(isNew == (round == 0))
            }
            // Another handler has a memory of its own.
            #expect(try await store.handle(id, as: "statistics") { _ in })
            // A handler that fails has not handled the event.
            let other = EventID.make()
            await #expect(throws: FleetError.self) {
                try await store.handle(other, as: "billing") { try $0.execute("INSERT INTO orders (id) VALUES ('O1')") }
            }
            #expect(try await store.handle(other, as: "billing") { _ in })
        }
    }

    /// Many at once: in PostgreSQL they are in each other's way, and those that are run again.
    @Test(arguments: StoreKind.allCases)
    func aHandlerRunsOnceHoweverManyDeliverAtATime(on kind: StoreKind) async throws {
        try await ServiceFixture.run(on: kind) { service in
            let store = service.store
            let id = EventID.make()
            let news = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await store.handle(id, as: "billing") { transaction in
                            try transaction.execute("INSERT INTO orders (id) VALUES ($1)", EventID.make())
                        }
                    }
                }
                return try await group.reduce(into: [Bool]()) { $0.append($1) }
            }
            #expect(news.filter { $0 }.count == 1)
            #expect(try await service.count("orders") == 1)
        }
    }

    @Test func aStoreThatWasNotAppliedSaysSo() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("none-\(UUID().uuidString).db").path
        let error = await #expect(throws: FleetError.self) {
            _ = try await ServiceStore.open("sqlite:\(path)", service: "orders")
        }
        #expect(error?.code == .missing)
    }

    @Test(arguments: [
        ("mysql:orders", nil, CaptureMode.poll, "no connector"), ("sqlite:", nil, .poll, "no connector"),
        ("sqlite:orders.db", "orders", .poll, "a SQLite store has no schema"),
        ("sqlite:orders.db", nil, .log, "a SQLite store has no capture mode log"),
        ("orders://ada:secret@here/db", nil, .poll, "no connector"),
    ])
    func whatCannotBeOpenedSaysWhy(
        url: String, schema: String?, capture: CaptureMode, message: String
    ) async throws {
        let error = await #expect(throws: FleetError.self) {
            _ = try await ServiceStore.open(url, service: "orders", schema: schema, capture: capture)
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("secret") == false)
    }

    #if !Postgres
        @Test func withoutTheTraitItSaysHowToGetPostgreSQL() async throws {
            let error = await #expect(throws: FleetError.self) {
                _ = try await ServiceStore.open("postgres://ada:secret@here/db", service: "orders")
            }
            #expect(error?.description.contains("traits: [\"Postgres\"]") == true, "\(error?.description ?? "")")
            #expect(error?.description.contains("secret") == false)
        }
    #endif
}
