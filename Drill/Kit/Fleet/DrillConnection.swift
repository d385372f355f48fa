import SQLiteConnection
import Stores

#if Postgres
    import PostgresConnection
#endif

/// A connection of the drill's own to a store, whichever that is.
protocol DrillConnection: Sendable {
    /// How a transaction that writes begins.
    var begin: String { get }

    /// Runs `body` on the connection, outside of any transaction, on a thread that may be blocked.
    func access<Result: Sendable>(_ body: @escaping @Sendable (any StoreTransaction) throws -> Result) async throws
        -> Result

    func end() async
}

extension SQLiteConnection: DrillConnection {
    var begin: String { "BEGIN IMMEDIATE" }

    func access<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
    ) async throws -> Result {
        try await access { (session: SQLiteSession) in try body(session) }
    }

    func end() async { close() }
}

#if Postgres
    extension PostgresConnection: DrillConnection {
        var begin: String { "BEGIN" }

        func access<Result: Sendable>(
            _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
        ) async throws -> Result {
            try await access { (session: PostgresSession) in try body(session) }
        }

        func end() async { await close() }
    }
#endif

extension DrillConnection {
    /// All rows of one statement.
    func rows(_ sql: String, _ parameters: [SQLValue] = []) async throws -> [SQLRow] {
        try await access { try $0.rows(sql, parameters) }
    }
}
