import FleetCore
import Flotilla
import Foundation
import SQLiteStore
import Stores
import Testing

/// The example of the documentation, compiled and run.
@Suite struct ServiceStoreTests {
    struct OrderPlaced: PublishableEvent {
        static let eventType = "OrderPlaced"
        var orderID: String
        var customerID: String

        enum CodingKeys: String, CodingKey {
            case orderID = "order_id", customerID = "customer_id"
        }
    }

    /// A store that `apply` has set up, with a table of the service's own.
    private func withStore(_ body: (ServiceStore) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appendingPathComponent("orders.db").path
        let needs = StoreNeeds(
            outbox: OutboxNeeds(
                table: try TableName("outbox"),
                stream: StreamName(fleet: try FleetName("shop"), service: try ServiceName("orders"))), views: [])
        _ = try await SQLiteSetup(path: path, name: "orders.db").apply(needs)
        let store = try await ServiceStore.open("sqlite:\(path)", service: "orders")
        try await store.transaction { try $0.script("CREATE TABLE orders (id TEXT PRIMARY KEY, customer TEXT)") }
        try await body(store)
        await store.close()
    }

    @Test func rowAndEventCommitTogether() async throws {
        try await withStore { store in
            let id = try await store.transaction { transaction in
                try transaction.execute("INSERT INTO orders (id, customer) VALUES ($1, $2)", "O1", "C1")
                return try transaction.publish(OrderPlaced(orderID: "O1", customerID: "C1"), key: "O1")
            }
            let row = try await store.read { try $0.firstRow("SELECT id, aggregateid, type, payload FROM outbox") }
            #expect(row?["id"] == .text(id.description))
            #expect(row?["aggregateid"] == "O1")
            #expect(row?["type"] == "OrderPlaced")
            #expect(row?["payload"].text?.contains("\"order_id\":\"O1\"") == true)
        }
    }

    @Test func nothingOfAFailedTransactionIsSeen() async throws {
        struct Declined: Error {}
        try await withStore { store in
            await #expect(throws: Declined.self) {
                try await store.transaction { transaction in
                    try transaction.execute("INSERT INTO orders (id, customer) VALUES ($1, $2)", "O1", "C1")
                    try transaction.publish(OrderPlaced(orderID: "O1", customerID: "C1"), key: "O1")
                    throw Declined()
                }
            }
            let counts = try await store.read { transaction in
                try transaction.firstRow("SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM outbox)")
            }
            #expect(counts?[0] == 0)
        }
    }

    @Test func aHandlerRunsOncePerEvent() async throws {
        try await withStore { store in
            let id = EventID.make()
            for round in 0..<3 {
                let isNew = try await store.handle(id, as: "billing") { transaction in
                    try transaction.execute("INSERT INTO orders (id) VALUES ($1)", "O1")
                }
                #expect(isNew == (round == 0))
            }
            // A handler that fails has not handled the event.
            let other = EventID.make()
            await #expect(throws: FleetError.self) {
                try await store.handle(other, as: "billing") { try $0.execute("INSERT INTO orders (id) VALUES ('O1')") }
            }
            #expect(try await store.handle(other, as: "billing") { _ in })
        }
    }

    @Test func aStoreThatWasNotAppliedSaysSo() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("none-\(UUID().uuidString).db").path
        let error = await #expect(throws: FleetError.self) {
            _ = try await ServiceStore.open("sqlite:\(path)", service: "orders")
        }
        #expect(error?.code == .missing)
    }
}
