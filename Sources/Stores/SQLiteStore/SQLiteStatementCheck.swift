import FleetCore
import SQLiteConnection
public import Stores

/// Checks the SQL of a service's views with SQLite's own parser, against the file's tables where there is a file.
///
/// The views' schemas are run in a database in memory; their statements are prepared there, and not run.
public struct SQLiteStatementCheck: Sendable {
    private let path: String

    /// - Parameter path: the service's file; it need not exist.
    public init(path: String) {
        self.path = path
    }

    public func findings(in views: [ViewSQL]) async throws -> [SQLFinding] {
        let known = try await existingSchema()
        let memory = try SQLiteConnection(path: ":memory:", mode: .create)
        defer { memory.close() }
        return try await memory.access { session in
            // What the file holds beyond the views: as far as it can be made here (a missing extension is no fault of
            // the fleet file).
            for sql in known ?? [] { try? session.script(sql) }
            var findings: [SQLFinding] = []
            for (number, view) in views.enumerated() {
                if let fault = session.firstFault(inScript: view.schema) {
                    findings.append(
                        SQLFinding(view: number, place: .schema, byteOffset: fault.byteOffset, message: fault.message))
                }
            }
            let tables = try session.rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
                .compactMap { $0[0].text }
            for (number, view) in views.enumerated() {
                for (index, statement) in view.statements.enumerated() {
                    guard let fault = session.fault(in: statement) else { continue }
                    findings.append(
                        finding(
                            fault, view: number, statement: index, tables: tables, fileExists: known != nil))
                }
            }
            return findings
        }
    }

    private func finding(
        _ fault: SQLiteFault, view: Int, statement: Int, tables: [String], fileExists: Bool
    ) -> SQLFinding {
        var finding = SQLFinding(
            view: view, place: .statement(statement), byteOffset: fault.byteOffset, message: fault.message)
        let absence = "no such table: "
        if fault.message.hasPrefix(absence) {
            let name = String(fault.message.dropFirst(absence.count))
            finding.remedy =
                NearestName.of(name, in: tables).map { "did you mean \($0)?" }
                ?? "create it in the view's schema, or in the service"
            finding.isUncertain = !fileExists
            finding.isAbsence = true
        }
        return finding
    }

    /// The DDL of the file's tables, but for those of its views; `nil` where there is no file.
    private func existingSchema() async throws -> [String]? {
        guard FileIdentity.exists(path) else { return nil }
        let connection = try SQLiteConnection(path: path, mode: .readOnly)
        defer { connection.close() }
        return try await connection.read { session in
            var owned: Set<String> = []
            if try SQLiteOwnTables.version(in: session) > 0 {
                for row in try session.rows("SELECT objects FROM flotilla_views") {
                    for line in (row[0].text ?? "").split(separator: "\n") {
                        if let name = line.split(separator: " ", maxSplits: 1).last { owned.insert(String(name)) }
                    }
                }
            }
            let rows = try session.rows(
                "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
            )
            return rows.filter { !owned.contains($0[0].text ?? "") }.compactMap { $0[1].text }
        }
    }
}
