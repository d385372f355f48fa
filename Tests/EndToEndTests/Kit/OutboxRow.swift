import Foundation
import GRDB

/// A row as a service of any language writes it into its outbox.
struct OutboxRow: Sendable {
    var id: String = UUID().uuidString.lowercased()
    var aggregateType = "aggregate"
    var key: String
    var type: String
    var payload: String
    var headers: String?

    func insert(_ database: Database) throws {
        // Not every table has the column.
        try database.execute(
            sql: """
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload\(headers == nil ? "" : ", headers"))
                VALUES (?, ?, ?, ?, ?\(headers == nil ? "" : ", ?"))
                """,
            arguments: [id, aggregateType, key, type, payload] + (headers.map { [$0] } ?? []))
    }
}

extension DatabaseQueue {
    /// Writes rows in one transaction.
    func publish(_ rows: OutboxRow...) async throws {
        try await write { database in
            for row in rows { try row.insert(database) }
        }
    }

    /// The one integer that a query gives.
    func integer(_ sql: String) async throws -> Int {
        try await read { try Int.fetchOne($0, sql: sql) ?? 0 }
    }

    /// The first column of a query, as texts.
    func texts(_ sql: String) async throws -> [String] {
        try await read { try String.fetchAll($0, sql: sql) }
    }
}
