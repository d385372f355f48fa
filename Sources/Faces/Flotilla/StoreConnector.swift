import FleetCore
import Foundation
import SQLiteStore
import Stores

#if Postgres
    import PostgresConnection
    import PostgresStore
#endif

/// Which connector stands behind a store's URL, and what differs between them.
enum StoreConnector {
    case sqlite(path: String)
    #if Postgres
        case postgres(url: String, schema: String?)
    #endif

    /// - Throws: `invalidInput` for a URL that names no kind of store that this build knows. The URL may hold a password,
    ///   and is not shown.
    init(_ url: String, schema: String?) throws {
        if url.hasPrefix("sqlite:"), url.count > "sqlite:".count {
            guard schema == nil else {
                throw FleetError(
                    .invalidInput, "a SQLite store has no schema",
                    remedy: "leave it out: one file is one service's store")
            }
            self = .sqlite(path: URL(fileURLWithPath: String(url.dropFirst("sqlite:".count))).path)
        } else if url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") {
            #if Postgres
                self = .postgres(url: url, schema: schema)
            #else
                throw FleetError(
                    .invalidInput, "this build of Flotilla has no connector for PostgreSQL",
                    remedy: "turn the trait on where the package is named: .package(url: …, traits: [\"Postgres\"])")
            #endif
        } else {
            throw FleetError(
                .invalidInput, "there is no connector for this store's URL",
                remedy: "write sqlite:PATH, or postgres://HOST/DATABASE")
        }
    }

    var isSQLite: Bool {
        if case .sqlite = self { true } else { false }
    }

    /// - Parameter service: shown in place of an address that may hold a password.
    func store(of service: ServiceName) throws -> any Store {
        switch self {
        case .sqlite(let path):
            return try SQLiteStore(path: path)
        #if Postgres
            case .postgres(let url, let schema):
                let name = "the store of \(service)" + (schema.map { " (PostgreSQL, schema \($0))" } ?? " (PostgreSQL)")
                return PostgresStore(
                    PostgresAddress(url: url, name: name, schema: schema, application: service.text))
        #endif
        }
    }

    /// Gives a row where `flotilla apply` has set the store up.
    var setUpQuery: String {
        isSQLite
            ? "SELECT 1 FROM sqlite_master WHERE name = 'flotilla_inbox'"
            : "SELECT 1 WHERE to_regclass('flotilla_inbox') IS NOT NULL"
    }

    /// A table's name as SQL takes it. On a server, a dot stands between schema and table.
    func quoted(_ table: TableName) -> String {
        isSQLite ? "\"\(table)\"" : "\"\(table.text.replacing(".", with: "\".\""))\""
    }
}
