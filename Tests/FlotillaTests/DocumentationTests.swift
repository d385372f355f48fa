import Flotilla
import Foundation
import Testing

/// The code of the library's documentation, as it stands there. It is compiled here; what it does, `ServiceStoreTests` and
/// `ConsumerTests` run.
@Suite struct DocumentationTests {
    @Test(arguments: ["Flotilla.md", "Consumers.md"]) func itsCodeIsCompiledHere(page: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let article = root.appendingPathComponent("Sources/Faces/Flotilla/Flotilla.docc/\(page)")
        let blocks = try Self.blocks(of: String(contentsOf: article, encoding: .utf8))
        #expect(blocks.count > 1)
        let own = try Self.lines(of: String(contentsOfFile: #filePath, encoding: .utf8))
        for block in blocks {
            let wanted = Self.lines(of: block)
            let isHere = own.indices.contains { own[$0...].starts(with: wanted) }
            #expect(isHere, "\(page) has code that is not compiled here: \(block)")
        }
    }

    /// The pieces of Swift, but for lines of a manifest.
    private static func blocks(of page: String) -> [String] {
        page.components(separatedBy: "```swift\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
            .filter { !$0.hasPrefix(".package") }
    }

    /// Without indentation, empty lines and imports.
    private static func lines(of code: String) -> [String] {
        code.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("import ") }
    }

    private func events() async throws {
        struct OrderPlaced: PublishableEvent {
            static let eventType = "OrderPlaced"
            var orderID: String
            var customerID: String

            enum CodingKeys: String, CodingKey {
                case orderID = "order_id", customerID = "customer_id"
            }
        }

        let store = try await ServiceStore.open("sqlite:orders.db", service: "orders")
        try await store.transaction { transaction in
            try transaction.execute("INSERT INTO orders (id, customer) VALUES ($1, $2)", "O1", "C1")
            try transaction.publish(OrderPlaced(orderID: "O1", customerID: "C1"), key: "O1")
        }
    }

    private func handling(_ id: EventID, _ store: ServiceStore) async throws {
        let isNew = try await store.handle(id, as: "billing") { transaction in
            try transaction.execute("UPDATE accounts SET due = due + $1 WHERE id = $2", 12.5, "C1")
        }
        _ = isNew
    }

    private func postgres() async throws {
        let store = try await ServiceStore.open(
            "postgres://orders@db.example/shop", service: "orders", schema: "orders")
        await store.close()
    }

    private func consuming() async throws {
        struct OrderPlaced: ConsumableEvent {
            static let eventType = "OrderPlaced"
            var orderID: String
            var total: Double

            enum CodingKeys: String, CodingKey {
                case orderID = "order_id", total
            }
        }

        let store = try await ServiceStore.open("sqlite:billing.db", service: "billing")
        let broker = try FleetBroker.embedded(fleet: "shop", state: ".flotilla")
        let consumer = try Consumer(
            "invoices", of: store, in: broker,
            [
                .on(OrderPlaced.self, from: "orders") { order, event, transaction in
                    try transaction.execute(
                        "INSERT INTO invoices (order_id, total) VALUES ($1, $2)", order.orderID, order.total)
                }
            ])
        try await consumer.run()
    }

    #if NATS
        private func nats() throws {
            let broker = try FleetBroker.nats(fleet: "shop", servers: ["nats://127.0.0.1:4222"])
            _ = broker
        }
    #endif
}
