#if Postgres
    import FleetCore
    import PostgresConnection
    import Stores

    /// Where a view is and where it is rebuilt.
    struct RebuildPlace: Sendable {
        let view: ViewNeeds
        let live: String
        let scratch: String
        /// Where the live view's statements look for names.
        let path: [String]

        /// - Parameter session: whose current schema is the live one.
        init(_ view: ViewNeeds, _ session: PostgresSession) throws {
            self.view = view
            path = try session.rows("SELECT unnest(current_schemas(false))").compactMap { $0[0].text }
            guard let first = path.first else {
                throw FleetError(
                    .notApplied, "\(session.name): there is no such schema", remedy: "run `flotilla apply`")
            }
            live = first
            scratch = Self.scratchName(of: view.subscription.name)
        }

        /// PostgreSQL cuts names off behind 63 bytes.
        private static func scratchName(of view: String) -> String {
            let name = "flotilla_rebuild_\(view)"
            guard name.utf8.count > 63 else { return name }
            let hash = view.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
            return "\(name.prefix(46))_\(String(hash, radix: 16))"
        }

        /// What the scratch schema's comment says: nobody else's is removed.
        private var mark: String { "Flotilla rebuilds view \(view.subscription.name) of schema \(live) here" }

        /// Takes the lock that a rebuild holds, for the transaction or until the connection ends.
        /// - Throws: `busy` where another rebuild of this view is at work.
        func lock(_ session: PostgresSession, forTransaction: Bool) throws {
            let function = forTransaction ? "pg_advisory_xact_lock" : "pg_advisory_lock"
            // A server may take a moment to notice that a process was killed.
            try session.script("SET lock_timeout = '2s'")
            do {
                _ = try session.firstRow("SELECT \(function)(hashtextextended($1, 0))", [.text(mark)])
            } catch let error as FleetError where error.code == .busy {
                throw FleetError(
                    .busy, "\(session.name): another rebuild of view \(view.subscription) is under way",
                    remedy: "wait until it has ended", isRetriable: true)
            }
            try session.script("SET lock_timeout = '500ms'")
        }

        func requireOwnTables(_ session: PostgresSession) throws {
            let version = try PostgresOwnTables.version(of: live, in: session)
            try PostgresOwnTables.checkVersion(version, session.name)
            if version < PostgresOwnTables.migrations.count {
                throw FleetError(
                    .notApplied, "\(session.name): schema \(live) does not have what the fleet needs",
                    remedy: "run `flotilla apply`")
            }
        }

        /// Whether the scratch schema is there.
        /// - Throws: `invalidInput` where there is one of its name that is not ours.
        func isThere(_ session: PostgresSession) throws -> Bool {
            let row = try session.firstRow(
                "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1", [.text(scratch)])
            guard let row else { return false }
            guard row[0].text == mark else {
                throw FleetError(
                    .invalidInput,
                    "\(session.name): schema \(scratch) is in the way: \(row[0].text ?? "it is not Flotilla's")",
                    remedy: "wait until that rebuild has ended, or drop the schema: DROP SCHEMA \(scratch) CASCADE")
            }
            return true
        }

        func remove(_ session: PostgresSession) throws {
            if try isThere(session) { try session.script("DROP SCHEMA \(PostgresAddress.quoted(scratch)) CASCADE") }
        }

        /// Makes the scratch schema, an empty view and Flotilla's own tables there.
        /// - Parameter session: whose search path begins with the scratch schema, and goes on with ``path``.
        func fill(_ session: PostgresSession) throws -> WriteWatch {
            let watch = try WriteWatch(except: scratch, session)
            try session.script(
                """
                CREATE SCHEMA \(PostgresAddress.quoted(scratch));
                COMMENT ON SCHEMA \(PostgresAddress.quoted(scratch)) IS '\(mark.replacing("'", with: "''"))'
                """)
            try ViewPrivileges.copyDefaults(from: live, to: scratch, in: session)
            try PostgresOwnTables.migrate(scratch, in: session, owner: "")
            let before = try liveObjects(session)
            do {
                try PostgresViewObjects.create(view, schema: scratch, in: session)
            } catch let error as FleetError where error.code == .statement {
                throw FleetError(
                    .statement, error.message, remedy: "mend `schema:`; it names no schema, and drops nothing",
                    underlying: error.underlying)
            }
            // A foreign key to one of the service's tables takes this lock, and adds nothing but its own triggers.
            let written = try watch.findWritten(session, allowed: ["ShareRowExclusiveLock"])
            if let found = try written ?? before.symmetricDifference(liveObjects(session)).min() {
                throw FleetError(
                    .invalidInput, "\(session.name): the schema of view \(view.subscription) changes \(found)",
                    remedy: "leave in `schema:` what makes the view's own objects, with no schema before their names;"
                        + " the rest belongs to the service")
            }
            let extensions = try session.rows(
                "SELECT extname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname = $1",
                [.text(scratch)])
            if let name = extensions.first?[0].text {
                throw FleetError(
                    .invalidInput, "\(session.name): the schema of view \(view.subscription) creates extension \(name)",
                    remedy: "create it before the rebuild: CREATE EXTENSION \(name) SCHEMA \(live)")
            }
            // The functions that make ranges belong to the server's first role, whoever makes the type.
            let ranges = try session.rows(
                """
                SELECT t.oid::regtype::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                WHERE n.nspname = $1 AND t.typtype = 'r'
                    AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
                """, [.text(scratch)])
            if let name = ranges.first?[0].text {
                throw FleetError(
                    .invalidInput,
                    "\(session.name): the schema of view \(view.subscription) makes range type \(name), which only a"
                        + " superuser can move into place",
                    remedy: "make the type in the service's own migrations, or rebuild as a superuser")
            }
            if let noted = try noted(session) {
                try surroundings(session).check(view, old: try noted.found(in: live, session), noted: noted)
            }
            return watch
        }

        /// What the live schema holds beyond tables' rows.
        private func liveObjects(_ session: PostgresSession) throws -> Set<String> {
            let objects = try PostgresViewObjects.all(in: live, session).map {
                "\($0.object.kind.lowercased()) \($0.object.name)"
            }
            let parts = try session.rows(
                """
                SELECT 'trigger ' || quote_ident(t.tgname) || ' on ' || quote_ident(c.relname) FROM pg_trigger t
                JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND NOT t.tgisinternal
                UNION ALL
                SELECT 'constraint ' || quote_ident(k.conname) || ' on ' || quote_ident(c.relname) FROM pg_constraint k
                JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1
                """, [.text(live)])
            return Set(objects + parts.compactMap { $0[0].text })
        }

        func surroundings(_ session: PostgresSession) -> ViewSurroundings {
            ViewSurroundings(session: session, live: live, scratch: scratch)
        }

        /// What the live view's schema made.
        func noted(_ session: PostgresSession) throws -> PostgresViewObjects? {
            try PostgresViewObjects.noted(of: view.subscription.name, schema: live, in: session)
        }
    }
#endif
