import Brokers
import EmbeddedBroker
import FleetCore
import Foundation
import SQLTemplate
import SQLiteConnection
import SQLiteStore
import Stores
import Subscriptions
import Views

/// A view over a hundred thousand events, against the same statements run by hand.
enum ViewBenchmark {
    static let count = 100_000
    static let batch = 4096
    static let schema = """
        CREATE TABLE totals (order_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, total REAL NOT NULL);
        CREATE TABLE customers (customer_id TEXT PRIMARY KEY, spent REAL NOT NULL);
        """
    static let reaction = """
        INSERT INTO totals VALUES (:data.order_id, :data.customer_id, :data.total)
        ON CONFLICT (order_id) DO UPDATE SET total = excluded.total;
        INSERT INTO customers VALUES (:data.customer_id, :data.total)
        ON CONFLICT (customer_id) DO UPDATE SET spent = spent + excluded.spent;
        """

    static func run(_ workspace: Workspace) async throws {
        let byHand = try await runByHand(workspace.file("hand.db"))
        let delivered = try await deliver(workspace)
        print("by hand, transactions of \(batch):   \(Int(Double(count) / byHand)) events a second")
        print("from the log, each exactly once:  \(Int(Double(count) / delivered)) events a second")
        print("ratio: \(rounded(byHand / delivered)) (wanted: at least 0.50)")
    }

    private static func runByHand(_ path: String) async throws -> Double {
        let connection = try SQLiteConnection(path: path, mode: .create, durability: .full)
        try await connection.write { try $0.script(schema) }
        let time = try await seconds {
            for start in stride(from: 0, to: count, by: batch) {
                try await connection.write { session in
                    let totals = try session.prepare(
                        """
                        INSERT INTO totals VALUES ($1, $2, $3)
                        ON CONFLICT (order_id) DO UPDATE SET total = excluded.total
                        """)
                    let customers = try session.prepare(
                        """
                        INSERT INTO customers VALUES ($1, $2)
                        ON CONFLICT (customer_id) DO UPDATE SET spent = spent + excluded.spent
                        """)
                    for number in start..<min(start + batch, count) {
                        let (customer, total) = (
                            SQLValue.text("C\(number % 1000)"), SQLValue.real(Double(number % 500) + 0.25)
                        )
                        try totals.run([.text(String(number)), customer, total])
                        try customers.run([customer, total])
                    }
                }
            }
        }
        connection.close()
        return time
    }

    private static func deliver(_ workspace: Workspace) async throws -> Double {
        let stream = StreamName(fleet: try FleetName("bench"), service: try ServiceName("orders"))
        let view = SubscriptionName(service: try ServiceName("reports"), view: try ViewName("totals"))
        let retention = Retention(age: .seconds(86_400), size: .gibibytes(8), limit: .gibibytes(16))
        let directory = workspace.file("streams")
        _ = try await EmbeddedBrokerSetup(directory: directory, retention: retention).apply(
            BrokerNeeds(streams: [stream], subscriptions: [(view, stream)]))
        let broker = EmbeddedBroker(directory: directory, retention: retention)
        for start in stride(from: 0, to: count, by: batch) {
            let events = (start..<min(start + batch, count)).map { number in
                Event(
                    id: .make(), source: stream.source, type: "OrderPlaced", key: "O\(number % 1000)",
                    aggregateType: "order",
                    time: .now(), payload: Array(Rows.payload(number).utf8))
            }
            _ = try await broker.append(events, to: stream)
        }
        let path = workspace.file("reports.db")
        _ = try await SQLiteSetup(path: path, name: path).apply(
            StoreNeeds(outbox: nil, views: [ViewNeeds(subscription: view, schema: schema)]))
        let program = ViewProgram([("OrderPlaced", try SQLTemplate(reaction, dialect: .sqlite))])
        let changes = ChangeSignal()
        let progress = FleetCore.Progress(name: "view", changes: changes)
        let delivery = DeliveryService(
            applier: ViewApplier(subscription: view, stream: stream, program: program), stores: OneStore(path: path),
            broker: broker, patience: .milliseconds(10), progress: progress)
        let time = await PerfControl.counted {
            await seconds {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await delivery.run() }
                    while progress.snapshot.count < count {
                        await changes.wait(past: changes.generation, timeout: .milliseconds(2))
                    }
                    group.cancelAll()
                }
            }
        }
        await broker.close()
        return time
    }

    private struct OneStore: StoreProvider {
        let path: String

        func store() async throws -> any Store { try SQLiteStore(path: path) }
        func discard(_ store: any Store) async { await store.close() }
    }
}
