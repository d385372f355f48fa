#if Postgres
    import FleetCore
    import PostgresConnection
    import Stores

    /// The tables, views, sequences, types and functions that a view's schema makes in a schema of the database.
    struct PostgresViewObjects {
        /// In the order in which they were made.
        var objects: [Object]

        struct Object: Hashable, Sendable {
            /// As `DROP` and `ALTER` call it: `TABLE`, `VIEW`, `FUNCTION` …
            var kind: String
            /// Within its schema, quoted; a function's with the types of its arguments.
            var name: String
        }

        /// Runs a view's schema, and notes what it made.
        /// - Throws: `statement` where the schema fails; the message names the view.
        static func create(_ view: ViewNeeds, schema: String, in session: PostgresSession) throws {
            let before = Set(try all(in: schema, session))
            do {
                try session.script(view.schema)
            } catch let error as FleetError where error.code == .statement {
                throw FleetError(
                    .statement, "the schema of view \(view.subscription) cannot be run: \(error.message)",
                    remedy: "mend `schema:`, or drop what is in its way", underlying: error.underlying)
            }
            let made = try all(in: schema, session).filter { !before.contains($0) }
            _ = try session.run(
                """
                INSERT INTO flotilla_views (name, schema, objects) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET schema = excluded.schema, objects = excluded.objects
                """,
                [
                    .text(view.subscription.view.text), .text(view.schema),
                    .text(made.map { "\($0.kind) \($0.name)" }.joined(separator: "\n")),
                ])
        }

        /// What a view's schema made, as it was noted; `nil` where the store does not know the view.
        init?(of view: ViewName, in session: PostgresSession) throws {
            guard
                let row = try session.firstRow("SELECT objects FROM flotilla_views WHERE name = $1", [.text(view.text)])
            else { return nil }
            objects = (row[0].text ?? "").split(separator: "\n").compactMap { line in
                let parts = line.split(separator: " ", maxSplits: 1)
                return parts.count == 2 ? Object(kind: String(parts[0]), name: String(parts[1])) : nil
            }
        }

        /// All that a schema holds and that stands for itself: what belongs to a table goes where the table goes.
        static func all(in schema: String, _ session: PostgresSession) throws -> [Object] {
            try session.rows(
                """
                SELECT kind, name FROM (
                    SELECT c.oid AS number, quote_ident(c.relname) AS name,
                        CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED_VIEW' WHEN 'S' THEN 'SEQUENCE'
                            WHEN 'f' THEN 'FOREIGN_TABLE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END AS kind
                    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND NOT c.relispartition
                        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                            AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass)
                    UNION ALL
                    SELECT p.oid, quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
                        CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END
                    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1
                    UNION ALL
                    SELECT t.oid, quote_ident(t.typname), CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END
                    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                    WHERE n.nspname = $1 AND t.typtype IN ('d', 'e', 'r')
                ) AS objects ORDER BY number
                """, [.text(schema)]
            ).map { Object(kind: $0[0].text ?? "", name: $0[1].text ?? "") }
        }
    }
#endif
