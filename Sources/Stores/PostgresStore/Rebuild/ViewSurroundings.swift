#if Postgres
    import FleetCore
    import PostgresConnection
    import Stores

    /// What others have tied to a view's objects, and would be lost or in the way if these were replaced.
    struct ViewSurroundings {
        let session: PostgresSession
        let live: String
        let scratch: String

        /// - Throws: `invalidInput` that names what is tied to the old objects and would not be to the new.
        func check(_ view: ViewNeeds, old: [PostgresViewObjects.Found], noted: PostgresViewObjects) throws {
            guard !old.isEmpty else { return }
            let outside = try outsiders(old)
            if !outside.isEmpty {
                throw FleetError(
                    .invalidInput,
                    "\(session.name): view \(view.subscription) cannot be replaced: \(Self.listed(outside))",
                    remedy: "put it into the view's `schema:`, or drop it before the rebuild and make it again after")
            }
            let added = try additions(view, old: old, noted: noted)
            if !added.isEmpty {
                throw FleetError(
                    .invalidInput,
                    "\(session.name): view \(view.subscription) has what its schema does not make, and a rebuild would"
                        + " lose: \(Self.listed(added))",
                    remedy: "put it into the view's `schema:`, or drop it")
            }
        }

        private static func listed(_ names: [String]) -> String {
            let shown = names.prefix(5).joined(separator: ", ")
            return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
        }

        /// What depends on the objects and is none of them, each with what it depends on.
        private func outsiders(_ objects: [PostgresViewObjects.Found]) throws -> [String] {
            try session.rows(
                """
                \(Self.closure(of: objects))
                SELECT DISTINCT CASE WHEN d.classid = 'pg_rewrite'::regclass
                        THEN (SELECT CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || c.oid::regclass
                            FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class WHERE w.oid = d.objid)
                        ELSE i.type || ' ' || i.identity END
                    || ' depends on ' || (pg_identify_object(d.refclassid, d.refobjid, 0)).identity
                FROM inside JOIN pg_depend d ON d.refclassid = inside.classid AND d.refobjid = inside.objid
                CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS i
                WHERE (d.classid, d.objid) NOT IN (SELECT classid, objid FROM inside) ORDER BY 1
                """
            ).compactMap { $0[0].text }
        }

        /// What belongs to the old objects, but not to the new ones that have their names.
        ///
        /// Where the view's schema is another than the one that made the old objects, it may be the schema that has it no
        /// more. What changes who sees which rows, or what happens to them, is looked for in the old schema's text then.
        private func additions(
            _ view: ViewNeeds, old: [PostgresViewObjects.Found], noted: PostgresViewObjects
        ) throws -> [String] {
            let new = try PostgresViewObjects.all(in: scratch, session)
            let known = Set(try parts(of: new, in: scratch).map { "\($0.type) \($0.identity)" })
            let missing = try parts(of: old, in: live).filter { !known.contains("\($0.type) \($0.identity)") }
            if view.schema == noted.schema { return missing.map { "\($0.type) \($0.identity)" } }
            let text = noted.schema.lowercased()
            return missing.filter { part in
                switch part.type {
                case "publication relation": return true
                case "policy", "trigger", "rule": break
                default: return false
                }
                let name = part.identity.split(separator: " on ").first ?? ""
                return !text.contains(name.replacing("\"", with: "").lowercased())
            }.map { "\($0.type) \($0.identity)" }
        }

        private func parts(
            of objects: [PostgresViewObjects.Found], in schema: String
        ) throws -> [(type: String, identity: String)] {
            guard !objects.isEmpty else { return [] }
            return try session.rows(
                """
                \(Self.closure(of: objects))
                SELECT i.type, replace(i.identity, quote_ident($1) || '.', '') FROM inside
                CROSS JOIN LATERAL pg_identify_object(classid, objid, 0) AS i
                WHERE i.type IN ('table', 'index', 'trigger', 'policy', 'rule', 'table constraint', 'statistics object',
                    'publication relation')
                    AND i.identity NOT LIKE '"_RETURN" on %'
                    AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE inside.classid = 'pg_trigger'::regclass
                        AND t.oid = inside.objid AND t.tgisinternal)
                    AND NOT EXISTS (SELECT 1 FROM pg_class c WHERE inside.classid = 'pg_class'::regclass
                        AND c.oid = inside.objid AND c.relnamespace = 'pg_toast'::regnamespace)
                UNION ALL
                SELECT 'column', quote_ident(c.relname) || '.' || quote_ident(a.attname) FROM inside
                JOIN pg_class c ON inside.classid = 'pg_class'::regclass AND c.oid = inside.objid
                    AND c.relkind IN ('r', 'p', 'f')
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                ORDER BY 1, 2
                """, [.text(schema)]
            ).map { ($0[0].text ?? "", $0[1].text ?? "") }
        }

        /// `WITH … inside`: the objects, and all that belongs to them.
        static func closure(of objects: [PostgresViewObjects.Found]) -> String {
            let seeds = objects.map { "(\($0.classID)::oid, \($0.objectID)::oid)" }.joined(separator: ", ")
            return """
                WITH RECURSIVE inside (classid, objid) AS (
                    VALUES \(seeds)
                    UNION
                    SELECT d.classid, d.objid FROM inside JOIN pg_depend d ON d.refclassid = inside.classid
                        AND d.refobjid = inside.objid AND d.deptype IN ('a', 'i', 'P', 'S'))
                """
        }
    }
#endif
