#if Postgres
    import FleetCore
    import PostgresConnection
    import Stores

    /// Two schemas that stand before the service's in the search path, within a transaction that is undone: an empty one,
    /// and one with copies of the service's tables.
    struct CheckStage {
        private let session: PostgresSession
        private let path: [String]
        private let stage: String
        private let copies: String
        private let hidden: Set<String>
        /// Whether the service has tables of its own, besides its views'.
        let hasServicesTables: Bool

        /// - Parameter text: all SQL that is to be checked, in lower case. What it does not mention is not copied.
        init(for text: String, in session: PostgresSession) throws {
            self.session = session
            path = try session.rows("SELECT unnest(current_schemas(false))").compactMap { $0[0].text }
            // Of this connection alone: another check need not wait for this one.
            let number = try session.firstRow("SELECT pg_backend_pid()")?[0].integer ?? 0
            stage = "flotilla_check_\(number)"
            copies = "flotilla_check_\(number)_copies"
            let owned = try Self.ownedByViews(path.first, session)
            let visible = try session.rows(
                """
                SELECT c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text, n.nspname = $1
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE pg_table_is_visible(c.oid) AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND n.nspname = ANY (current_schemas(false))
                    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass
                        AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
                """, [path.first.map { .text($0) } ?? .null]
            ).map { (name: $0[0].text ?? "", place: $0[1].text ?? "", kind: $0[2].text ?? "", isFirst: $0[3] == true) }
            let services = visible.filter {
                !($0.isFirst && owned.contains($0.name)) && !$0.name.hasPrefix("flotilla_")
            }
            hasServicesTables = services.contains { $0.kind != "S" }
            hidden = Set(visible.filter { $0.isFirst && owned.contains($0.name) }.map(\.name))
            try session.query("CREATE SCHEMA \(stage); CREATE SCHEMA \(copies)")
            for relation in services where text.contains(relation.name.lowercased()) {
                let copy = "\(copies).\(PostgresAddress.quoted(relation.name))"
                switch relation.kind {
                case "r", "p", "f": try attempt("CREATE TABLE \(copy) (LIKE \(relation.place) INCLUDING ALL)")
                case "S": try attempt("CREATE SEQUENCE \(copy)")
                default: break
                }
            }
            // What the old schemas of these views have made is not there for the new ones.
            for name in hidden where text.contains(name.lowercased()) {
                try session.query("CREATE TYPE \(copies).\(PostgresAddress.quoted(name)) AS ()")
            }
            try setPath()
        }

        /// Copies what this role may; the original is found in place of the rest.
        private func attempt(_ sql: String) throws {
            do {
                try session.savepoint { try session.script(sql) }
            } catch let error as FleetError where error.code == .denied || error.code == .statement {}
        }

        func setPath() throws {
            let names = ([stage, copies] + path).map { PostgresAddress.quoted($0) }.joined(separator: ", ")
            try session.query("SET LOCAL search_path = \(names)")
        }

        /// Whether a table of this name is there, but not for what is checked.
        func isHidden(_ name: String) -> Bool { hidden.contains(name) }

        /// The tables that statements find.
        func tableNames() throws -> [String] {
            try session.rows(
                """
                SELECT c.relname, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE pg_table_is_visible(c.oid) AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relname NOT LIKE 'flotilla\\_%'
                    AND n.nspname = ANY (current_schemas(false))
                """
            ).filter { $0[1].text == stage || !hidden.contains($0[0].text ?? "") }.compactMap { $0[0].text }
        }

        /// The names of tables that views have made in the service's schema.
        private static func ownedByViews(_ schema: String?, _ session: PostgresSession) throws -> Set<String> {
            guard let schema, try PostgresOwnTables.version(of: schema, in: session) > 0 else { return [] }
            let views = try session.rows("SELECT name FROM \(PostgresAddress.quoted(schema)).flotilla_views")
            var names: Set<String> = []
            for case let view? in views.map({ $0[0].text }) {
                let noted = try PostgresViewObjects.noted(of: view, schema: schema, in: session)
                names.formUnion((noted?.objects ?? []).map { CheckText.unquoted($0.name) })
            }
            return names
        }
    }
#endif
