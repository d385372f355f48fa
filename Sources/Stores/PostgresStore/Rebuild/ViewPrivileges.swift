#if Postgres
    import PostgresConnection
    import Stores

    /// Who owns a view's objects and who may use them: carried from the old objects to the new ones of the same names.
    struct ViewPrivileges {
        private let statements: [Statement]

        private struct Statement {
            /// Looks whether what it is about is there, by name.
            var lookup: String
            var name: String
            var sql: String
        }

        /// Reads them of objects that are there. Names are as the session's search path has them.
        init(of objects: [PostgresViewObjects.Found], in session: PostgresSession) throws {
            guard !objects.isEmpty else {
                statements = []
                return
            }
            let rows = try session.rows(
                """
                \(ViewSurroundings.closure(of: objects)), old (lookup, name, target, columnname, owner, acl, owns) AS (
                    SELECT 'to_regclass($1)', c.oid::regclass::text,
                        CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass, NULL, c.relowner,
                        c.relacl, NOT EXISTS (SELECT 1 FROM pg_depend d WHERE c.relkind = 'S'
                            AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
                    FROM inside JOIN pg_class c ON c.oid = objid
                    WHERE classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                    UNION ALL
                    SELECT format('(SELECT attnum FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = %L)',
                            a.attname),
                        c.oid::regclass::text, 'TABLE ' || c.oid::regclass, quote_ident(a.attname), c.relowner, a.attacl, false
                    FROM inside JOIN pg_class c ON c.oid = objid
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.attacl IS NOT NULL
                    WHERE classid = 'pg_class'::regclass
                    UNION ALL
                    SELECT 'to_regprocedure($1)', p.oid::regprocedure::text, 'ROUTINE ' || p.oid::regprocedure, NULL,
                        p.proowner, p.proacl, NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                            AND d.objid = p.oid AND d.deptype = 'i')
                    FROM inside JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass
                    UNION ALL
                    SELECT 'to_regtype($1)', t.oid::regtype::text, 'TYPE ' || t.oid::regtype, NULL, t.typowner, NULL, true
                    FROM inside JOIN pg_type t ON t.oid = objid
                    WHERE classid = 'pg_type'::regclass AND t.typtype IN ('d', 'e', 'r')
                )
                SELECT lookup, name, 'REVOKE ALL ON ' || target || ' FROM PUBLIC' FROM old
                WHERE target LIKE 'ROUTINE %' AND acl IS NOT NULL
                UNION ALL
                SELECT lookup, name, format('GRANT %s%s ON %s TO %s%s', g.privilege_type, ' (' || columnname || ')', target,
                    CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                    CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
                FROM old CROSS JOIN LATERAL aclexplode(acl) AS g WHERE g.grantee <> owner
                UNION ALL
                SELECT lookup, name, 'ALTER ' || target || ' OWNER TO ' || quote_ident(pg_get_userbyid(owner)) FROM old
                WHERE owns AND pg_get_userbyid(owner) <> current_user
                """)
            statements = rows.map {
                Statement(lookup: $0[0].text ?? "", name: $0[1].text ?? "", sql: $0[2].text ?? "")
            }
        }

        /// Gives them to what has the names now.
        func restore(in session: PostgresSession) throws {
            for statement in statements {
                let known = try session.firstRow("SELECT (\(statement.lookup)) IS NOT NULL", [.text(statement.name)])
                if known?[0] == true { try session.script(statement.sql) }
            }
        }

        /// Has what is made in a schema from now on be given to those to whom it would be in another.
        static func copyDefaults(from live: String, to scratch: String, in session: PostgresSession) throws {
            let rows = try session.rows(
                """
                SELECT format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT %s ON %s TO %s%s', $2::text, g.privilege_type,
                    CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
                        ELSE 'TYPES' END,
                    CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
                    CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' END)
                FROM pg_default_acl d CROSS JOIN LATERAL aclexplode(d.defaclacl) AS g
                WHERE d.defaclnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
                    AND d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)
                    AND d.defaclobjtype IN ('r', 'S', 'f', 'T')
                """, [.text(live), .text(scratch)])
            for row in rows { try session.script(row[0].text ?? "") }
        }
    }
#endif
