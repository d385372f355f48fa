#if Postgres
    import FleetCore
    import PostgresConnection
    import Stores

    /// The tables, views, sequences, types, functions and so on that a view's schema makes in a schema of the database.
    struct PostgresViewObjects {
        /// In the order in which they were made.
        var objects: [Object]
        /// What made them.
        var schema: String

        struct Object: Hashable, Sendable {
            /// As `DROP` and `ALTER` call it: `TABLE`, `MATERIALIZED VIEW`, `ROUTINE` …
            var kind: String
            /// Within its schema, quoted; a function's with the types of its arguments. What is of the same schema is not
            /// qualified, whatever the search path is.
            var name: String

            func named(in schema: String) -> String { "\(PostgresAddress.quoted(schema)).\(name)" }
        }

        /// An object that is there, with its address in `pg_depend`.
        struct Found: Hashable, Sendable {
            var object: Object
            var classID: Int64
            var objectID: Int64
        }

        /// Runs a view's schema, and notes what it made.
        /// - Throws: `statement` where the schema fails; the message names the view.
        static func create(_ view: ViewNeeds, schema: String, in session: PostgresSession) throws {
            let before = Set(try all(in: schema, session).map(\.object))
            do {
                try session.script(view.schema)
            } catch let error as FleetError where error.code == .statement {
                throw FleetError(
                    .statement, "the schema of view \(view.subscription) cannot be run: \(error.message)",
                    remedy: "mend `schema:`, or drop what is in its way", underlying: error.underlying)
            }
            let made = try all(in: schema, session).map(\.object).filter { !before.contains($0) }
            try note(view, made: made, in: session)
        }

        /// Notes what a view's schema made.
        static func note(_ view: ViewNeeds, made: [Object], in session: PostgresSession) throws {
            _ = try session.run(
                """
                INSERT INTO flotilla_views (name, schema, objects) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET schema = excluded.schema, objects = excluded.objects
                """,
                [
                    .text(view.subscription.name), .text(view.schema),
                    .text(made.map { "\($0.kind.replacing(" ", with: "_")) \($0.name)" }.joined(separator: "\n")),
                ])
        }

        /// What a view's schema made, as it was noted; `nil` where the store does not know the view.
        static func noted(of view: String, schema: String, in session: PostgresSession) throws -> Self? {
            let row = try session.firstRow(
                "SELECT objects, schema FROM \(PostgresAddress.quoted(schema)).flotilla_views WHERE name = $1",
                [.text(view)])
            guard let row else { return nil }
            let objects = (row[0].text ?? "").split(separator: "\n").compactMap { line -> Object? in
                let parts = line.split(separator: " ", maxSplits: 1)
                guard parts.count == 2 else { return nil }
                return Object(kind: String(parts[0]).replacing("_", with: " "), name: String(parts[1]))
            }
            return Self(objects: objects, schema: row[1].text ?? "")
        }

        /// What of it is there, in the order in which it was made.
        func found(in schema: String, _ session: PostgresSession) throws -> [Found] {
            let known = Set(objects)
            return try Self.all(in: schema, session).filter { known.contains($0.object) }
        }

        /// All that a schema holds.
        /// - Parameter parts: whether also what belongs to another object, and goes where that goes: the sequence of a
        ///   column, a partition, the constructor of a range type.
        static func all(in schema: String, parts: Bool = false, _ session: PostgresSession) throws -> [Found] {
            try session.rows(
                """
                SELECT CASE WHEN i.type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE'
                        WHEN i.type IN ('composite type', 'domain') THEN 'TYPE'
                        WHEN i.type = 'statistics object' THEN 'STATISTICS' ELSE upper(i.type) END,
                    replace(i.identity, i.schema || '.', ''), d.classid::bigint, d.objid::bigint
                FROM pg_namespace n
                JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.deptype = 'n'
                CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS i
                WHERE n.nspname = $1 AND i.schema IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid AND o.objsubid = 0
                        AND o.deptype = ANY (CASE WHEN $2 THEN '{e}' ELSE '{a,i,P,S,e}' END::"char"[]))
                ORDER BY d.objid
                """, [.text(schema), .boolean(parts)]
            ).map {
                Found(
                    object: Object(kind: $0[0].text ?? "", name: $0[1].text ?? ""), classID: $0[2].integer ?? 0,
                    objectID: $0[3].integer ?? 0)
            }
        }
    }
#endif
