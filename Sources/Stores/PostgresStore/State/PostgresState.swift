#if Postgres
    public import FleetCore
    public import PostgresConnection
    public import Stores

    /// A fleet's state in a schema of a PostgreSQL database. Several fleets may share it.
    ///
    /// A lease ends when it is not renewed in time, by the server's clock, or at once when its holder's session ends: so the
    /// work of a process that is killed moves without a wait, and that of one which hangs after its lease's end.
    public final class PostgresState: StateStore {
        public let name: String
        private let address: PostgresAddress
        let fleet: FleetName
        let connection: PostgresConnection

        /// The schema, where the fleet file names none.
        public static let standardSchema = "flotilla"

        /// Connects when it is first used.
        public init(_ address: PostgresAddress, fleet: FleetName) {
            var address = address
            address.schema = address.schema ?? Self.standardSchema
            // Whoever cannot renew its lease in time has lost it: long waits serve nobody.
            address.connectTimeout = .seconds(2)
            address.statementTimeout = .seconds(2)
            self.address = address
            self.fleet = fleet
            name = address.name
            connection = PostgresConnection(address)
        }

        public func close() async { await connection.close() }

        // MARK: Setup

        public func plan() async throws -> SetupPlan {
            let address = address
            return try await connection.transaction(.read) { try Self.plan(address, in: $0) }
        }

        public func apply() async throws -> SetupPlan {
            let address = address
            let schema = PostgresAddress.quoted(address.schema ?? Self.standardSchema)
            return try await connection.transaction(.update) { session in
                _ = try session.firstRow("SELECT pg_advisory_xact_lock(hashtextextended('flotilla apply', 0))")
                let plan = try Self.plan(address, in: session)
                if plan.steps.isEmpty { return plan }
                try session.script("CREATE SCHEMA IF NOT EXISTS \(schema)")
                let version = try Self.version(address, in: session)
                for migration in PostgresStateTables.migrations.dropFirst(version) { try session.script(migration) }
                if version == 0 { try session.script("CREATE TABLE flotilla_state (version BIGINT NOT NULL)") }
                try session.script(
                    """
                    DELETE FROM flotilla_state;
                    INSERT INTO flotilla_state VALUES (\(PostgresStateTables.migrations.count))
                    """)
                return plan
            }
        }

        private static func plan(_ address: PostgresAddress, in session: PostgresSession) throws -> SetupPlan {
            let schema = address.schema ?? standardSchema
            switch try version(address, in: session) {
            case 0: return SetupPlan(steps: [SetupStep("create the fleet's state in schema \(schema)")])
            case PostgresStateTables.migrations.count: return SetupPlan()
            case ..<PostgresStateTables.migrations.count:
                return SetupPlan(steps: [SetupStep("bring the fleet's state in schema \(schema) to this version")])
            default:
                throw FleetError(
                    .invalidInput, "\(session.name): the fleet's state was made by a newer Flotilla",
                    remedy: "run that newer version")
            }
        }

        /// The version of the tables; 0 where there are none.
        private static func version(_ address: PostgresAddress, in session: PostgresSession) throws -> Int {
            let known = try session.firstRow(
                "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'flotilla_state'",
                [.text(address.schema ?? standardSchema)])
            if known == nil { return 0 }
            return Int(try session.firstRow("SELECT version FROM flotilla_state")?[0].integer ?? 0)
        }

        // MARK: The lease

        /// Tells whether a row's holder has lost its lease.
        private static let isFree = """
            (known.expires <= clock_timestamp() OR NOT EXISTS (SELECT FROM pg_stat_activity AS activity
                WHERE activity.pid = known.process
                    -- Not shown of another role's sessions.
                    AND coalesce(activity.backend_start, known.process_start) = known.process_start))
            """
        private static let ownStart = "(SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())"

        /// Where an epoch begins: a state that was lost and made anew is ahead of what it was, too.
        private static let clock = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

        public func takeLease(as holder: LeaseHolder, for duration: Duration) async throws -> Lease {
            let fleet = fleet
            return try await connection.transaction(.update) { session in
                let row = try session.firstRow(
                    """
                    INSERT INTO flotilla_fleets AS known
                        (name, epoch, holder, holder_process, expires, process, process_start)
                    VALUES ($1, \(Self.clock), $2, $3, clock_timestamp() + $4 * interval '1 microsecond', pg_backend_pid(),
                        \(Self.ownStart))
                    ON CONFLICT (name) DO UPDATE SET epoch = greatest(known.epoch + 1, excluded.epoch), holder = excluded.holder,
                        holder_process = excluded.holder_process, predecessor = known.holder_process,
                        expires = excluded.expires, process = excluded.process, process_start = excluded.process_start
                    WHERE \(Self.isFree)
                    RETURNING epoch, predecessor
                    """,
                    [
                        .text(fleet.text), .text(holder.name), .text(holder.process),
                        .integer(duration.wholeMicroseconds),
                    ])
                if let row, let epoch = row[0].integer { return Lease(epoch: epoch, predecessor: row[1].text) }
                let other = try Self.holder(of: fleet, in: session)
                throw FleetError(
                    .busy, "another `flotilla run` carries fleet \(fleet): \(other ?? "one that just ended")",
                    remedy: "stop it, or leave the work to it", isRetriable: true)
            }
        }

        public func renew(_ lease: Lease, for duration: Duration) async throws {
            try await change(
                """
                expires = clock_timestamp() + $3 * interval '1 microsecond', process = pg_backend_pid(),
                process_start = \(Self.ownStart)
                """, .integer(duration.wholeMicroseconds), under: lease)
        }

        public func save(_ record: String, under lease: Lease) async throws {
            try await change("record = $3", .text(record), under: lease)
        }

        public func release(_ lease: Lease) async throws {
            do {
                try await change(
                    "holder_process = NULL, expires = clock_timestamp() - $3 * interval '1 second'", .integer(1),
                    under: lease)
            } catch let error as FleetError where error.code == .fenced {
                // It is another's already.
            }
        }

        private func change(_ assignment: String, _ value: SQLValue, under lease: Lease) async throws {
            let fleet = fleet
            let changed = try await connection.access { session in
                try session.run(
                    "UPDATE flotilla_fleets SET \(assignment) WHERE name = $1 AND epoch = $2",
                    [.text(fleet.text), .integer(lease.epoch), value])
            }
            if changed != 1 {
                throw FleetError(.fenced, "another `flotilla run` has taken over fleet \(fleet)")
            }
        }

        public func holder() async throws -> String? {
            let fleet = fleet
            return try await connection.access { try Self.holder(of: fleet, in: $0) }
        }

        private static func holder(of fleet: FleetName, in session: PostgresSession) throws -> String? {
            try session.firstRow(
                "SELECT holder FROM flotilla_fleets AS known WHERE name = $1 AND NOT \(isFree)", [.text(fleet.text)]
            )?[0].text
        }

        public func record() async throws -> String? {
            let fleet = fleet
            return try await connection.access { session in
                try session.firstRow("SELECT record FROM flotilla_fleets WHERE name = $1", [.text(fleet.text)])?[0].text
            }
        }
    }
#endif
