#if Postgres
    import FleetCore
    public import PostgresConnection
    public import Stores

    /// Checks the SQL of a service's views with the server's own parser, against the service's tables.
    ///
    /// All happens in one transaction, which is undone. The views' schemas are run in a schema of its own, before the
    /// service's in the search path; their statements are prepared there, and not run. What the service's schema holds under
    /// a name that the SQL mentions is copied, without rows, into a second one between the two: so nothing that the SQL says
    /// locks a table of the service. Copying locks it `ACCESS SHARE`, as reading it does, which conflicts with nothing but
    /// `ALTER`, `DROP`, `TRUNCATE` and the like; where one of those is at work, the check waits half a second and fails as
    /// `busy`.
    public struct PostgresStatementCheck: Sendable {
        private let address: PostgresAddress

        public init(address: PostgresAddress) { self.address = address }

        /// - Throws: where the server cannot be asked: it cannot be reached, is a standby, or lets this role make no schema.
        public func findings(in views: [ViewSQL]) async throws -> [SQLFinding] {
            try await PostgresConnection.withConnection(to: address) { connection in
                try await connection.rehearsal { session in
                    var rehearsal = try CheckRehearsal(views, in: session)
                    return try rehearsal.run()
                }
            }
        }
    }

    /// One check, within a transaction that is undone.
    private struct CheckRehearsal {
        private let views: [ViewSQL]
        private let session: PostgresSession
        private let stage: CheckStage
        private var findings: [SQLFinding] = []

        init(_ views: [ViewSQL], in session: PostgresSession) throws {
            self.views = views
            self.session = session
            let text = views.flatMap { [$0.schema] + $0.statements }.joined(separator: "\n").lowercased()
            stage = try CheckStage(for: text, in: session)
        }

        mutating func run() throws -> [SQLFinding] {
            for (number, view) in views.enumerated() {
                try session.query("SAVEPOINT schema")
                if let fault = try session.fault(inScript: view.schema) {
                    try session.query("ROLLBACK TO schema")
                    let offset =
                        try fault.byteOffset
                        ?? CheckText.place(
                            of: fault, in: view.schema, from: beginning(of: fault, in: view.schema))
                    findings.append(
                        finding(
                            fault, view: number, place: .schema, offset: offset, in: view.schema,
                            tables: try stage.tableNames()))
                }
                // A schema may have set it.
                try stage.setPath()
            }
            let isIncomplete = !findings.isEmpty
            let names = try stage.tableNames()
            for (number, view) in views.enumerated() {
                for (index, statement) in view.statements.enumerated() {
                    try session.query("SAVEPOINT statement")
                    guard let fault = try session.fault(in: statement) else { continue }
                    try session.query("ROLLBACK TO statement")
                    let offset = fault.byteOffset ?? CheckText.place(of: fault, in: statement, from: 0)
                    let finding = finding(
                        fault, view: number, place: .statement(index), offset: offset, in: statement, tables: names)
                    // It may be what the schema that failed would have made.
                    if !isIncomplete || !finding.isAbsence { findings.append(finding) }
                }
            }
            return findings
        }

        /// Where the statement of a script begins that the server tells no place in.
        private func beginning(of fault: PostgresFault, in script: String) throws -> Int {
            for piece in CheckText.statements(of: script) {
                try session.query("SAVEPOINT piece")
                guard let found = try session.fault(inScript: piece.sql) else { continue }
                try session.query("ROLLBACK TO schema; SAVEPOINT schema")
                return found.sqlState == fault.sqlState ? piece.byteOffset : 0
            }
            try session.query("ROLLBACK TO schema; SAVEPOINT schema")
            return 0
        }

        private func finding(
            _ fault: PostgresFault, view: Int, place: SQLFinding.Place, offset: Int, in sql: String,
            tables: [String] = []
        ) -> SQLFinding {
            var finding = SQLFinding(view: view, place: place, byteOffset: offset, message: fault.message)
            finding.remedy = remedy(for: fault, isSchema: place == .schema)
            let name =
                fault.byteOffset.map { CheckText.name(in: sql, at: $0) } ?? CheckText.quotedName(in: fault.message)
            let isHidden = fault.sqlState == "42809" && name.map(stage.isHidden) == true
            if isHidden, place == .schema {
                finding.message = "the view's schema changes \(name ?? ""), which is there already"
                finding.remedy = "leave DROP and ALTER of it out: a view is made where nothing of it is"
            } else if isHidden || fault.sqlState == "42P01" && fault.function != "errorMissingRTE" {
                if isHidden { finding.message = "relation \"\(name ?? "")\" does not exist" }
                finding.isAbsence = true
                finding.remedy =
                    name.flatMap { NearestName.of($0, in: tables) }.map { "did you mean \($0)?" }
                    ?? "create it in the view's schema, or in the service"
            }
            let isOfAbsence = finding.isAbsence || ["42704", "42883", "3F000"].contains(fault.sqlState)
            finding.isUncertain =
                isOfAbsence && !stage.hasServicesTables
                // Copies have no rows to refer to; a right may be given.
                || place == .schema && fault.sqlState.hasPrefix("23") || fault.sqlState == "42501"
            return finding
        }

        private func remedy(for fault: PostgresFault, isSchema: Bool) -> String {
            switch fault.sqlState {
            case "42P18", "42P08":
                let detail = fault.detail.map { " (\($0.hasSuffix(".") ? String($0.dropLast()) : $0))" } ?? ""
                return "say which type it is\(detail): write `:data.x::text`, or another type"
            case "25001":
                return "leave CONCURRENTLY and the like out: all of it is run in one transaction"
            case "0A000" where isSchema && fault.function?.hasPrefix("exec_stmt") == true:
                return "leave BEGIN, COMMIT and ROLLBACK out: all of it is run in one transaction"
            case "42P07":
                return "make it once, and without the name of a schema before its own"
            default:
                return fault.hint ?? ""
            }
        }
    }
#endif
