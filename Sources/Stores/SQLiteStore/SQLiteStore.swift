import FleetCore
import SQLiteConnection
public import Stores

/// A service's store in one SQLite file, in WAL mode.
public final class SQLiteStore: Store {
    public let name: String
    let connection: SQLiteConnection

    /// Opens a file that exists.
    /// - Parameters:
    ///   - path: the file.
    ///   - name: what may be shown of it.
    /// - Throws: `missing`, `corrupt`, `readOnly` or `unavailable`, naming the file.
    public init(path: String, name: String? = nil) throws {
        connection = try SQLiteConnection(path: path, mode: .readWrite)
        self.name = name ?? path
    }

    init(connection: SQLiteConnection, name: String) {
        self.connection = connection
        self.name = name
    }

    public func write<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
    ) async throws -> Result {
        try await connection.write { try body($0) }
    }

    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
    ) async throws -> Result {
        try connection.checkFileIsInPlace()
        return try await connection.read { try body($0) }
    }

    /// - Throws: `missing` where the file that it has open is not the one at its path any more.
    public func checkFileIsInPlace() throws { try connection.checkFileIsInPlace() }

    public func close() async {
        connection.close()
    }
}
