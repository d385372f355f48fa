import FleetCore
import Foundation
import SQLiteConnection
import SQLiteStore
import Stores

/// The rows that benchmarks carry.
enum Rows {
    /// A payload of 282 bytes of JSON.
    static func payload(_ number: Int) -> String {
        let head =
            "{\"order_id\":\"\(number)\",\"customer_id\":\"C\(number % 1000)\",\"total\":\(number % 500).25,\"note\":\""
        return head + String(repeating: "x", count: 282 - head.utf8.count - 2) + "\"}"
    }

    /// Fills an outbox with committed rows; each key has one event in a thousand.
    /// - Parameter traced: of so many events one belongs to a trace that is recorded; `nil` where none knows of any.
    static func fill(_ path: String, count: Int, traced: Int? = nil) async throws {
        let needs = StoreNeeds(
            outbox: OutboxNeeds(
                table: try TableName("outbox"),
                stream: StreamName(fleet: try FleetName("shop"), service: try ServiceName("orders"))), views: [])
        _ = try await SQLiteSetup(path: path, name: path).apply(needs)
        let connection = try SQLiteConnection(path: path, mode: .readWrite, durability: .normal)
        for start in stride(from: 0, to: count, by: 50_000) {
            try await connection.write { session in
                let statement = try session.prepare(insertion)
                for number in start..<min(start + 50_000, count) { try statement.run(values(number)) }
            }
        }
        if let traced {
            try await connection.write { session in
                try session.script(
                    """
                    UPDATE outbox SET traceparent = '00-' || lower(hex(randomblob(16))) || '-' || lower(hex(randomblob(8)))
                        || CASE WHEN sequence % \(traced) = 0 THEN '-01' ELSE '-00' END
                    """)
            }
        }
        try await connection.access { try $0.script("PRAGMA wal_checkpoint(TRUNCATE)") }
        connection.close()
    }

    static let insertion = """
        INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload) VALUES ($1, 'order', $2, 'OrderPlaced', $3)
        """

    static func values(_ number: Int) -> [SQLValue] {
        [.text(UUID().uuidString.lowercased()), .text("O\(number % 1000)"), .text(payload(number))]
    }
}
