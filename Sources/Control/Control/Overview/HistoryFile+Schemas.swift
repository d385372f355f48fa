import FleetCore
import FleetFile
import Foundation
import SQLiteConnection
import Stores

/// How the tables of services' stores were when they were looked at last, or when `apply` had changed them.
extension HistoryFile {
    static func text(_ schema: StoreSchema) throws -> String {
        String(decoding: try JSONEncoder().encode(schema), as: UTF8.self)
    }

    /// - Returns: `nil` where nothing is remembered of it.
    func schema(of service: ServiceName) async throws -> StoreSchema? {
        let row = try await connection.read { session in
            try session.firstRow("SELECT tables FROM schemas WHERE service = $1", [.text(service.text)])
        }
        return row?[0].text.flatMap { try? JSONDecoder().decode(StoreSchema.self, from: Data($0.utf8)) }
    }

    /// Forgets services that a fleet does not have.
    func forgetSchemas(butOf fleet: FleetDefinition) async throws {
        let services = Set(fleet.services.map(\.name.text))
        let known = try await connection.read { try $0.rows("SELECT service FROM schemas").compactMap { $0[0].text } }
        let gone = known.filter { !services.contains($0) }
        if gone.isEmpty { return }
        try await connection.write { session in
            for service in gone { try session.run("DELETE FROM schemas WHERE service = $1", [.text(service)]) }
        }
    }
}
