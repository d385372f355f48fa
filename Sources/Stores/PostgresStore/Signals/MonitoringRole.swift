#if Postgres
    import FleetCore
    import PostgresConnection
    import Stores

    /// Makes the role that servers are looked at with: it comes in, is a member of `pg_monitor`, and has no other right.
    ///
    /// No event needs it: what cannot be made is told, with what to do, and fails nothing.
    struct MonitoringRole: Sendable {
        struct Outcome: Sendable {
            var steps: [String] = []
            var notices: [String] = []
        }

        private enum Change: Hashable {
            case create, letIn, grantMonitor, letIntoDatabase, setPassword
        }

        /// What the server says of the role, and of who asks.
        private struct Standing: Sendable {
            var isThere = false
            var maySignIn = false
            var isMonitor = false
            var mayConnect = true
            /// What it may do that nobody who looks needs.
            var excess: [String] = []
            var isOwnRole = false
            var mayMakeRoles = false
            var mayGrantMonitor = false
            var mayLetIntoDatabase = false
            var database = ""
            var server = ""
            var user = ""
        }

        private let needs: MonitoringNeeds
        private let address: PostgresAddress
        private var role: String { PostgresAddress.quoted(needs.role) }

        /// Another `apply`, in another database of the server, may make the role at the same moment.
        private static let attempts = 3

        init(_ needs: MonitoringNeeds, at address: PostgresAddress) {
            self.needs = needs
            self.address = address
        }

        /// Looks, and changes nothing.
        func plan(on connection: PostgresConnection) async -> Outcome {
            do {
                let now = try await connection.transaction(.look) { try standing(in: $0) }
                return await outcome(now).outcome
            } catch {
                return failed(error)
            }
        }

        func apply(on connection: PostgresConnection) async -> Outcome {
            var steps: [String] = []
            for attempt in 1...Self.attempts {
                do {
                    let now = try await connection.transaction(.look) { try standing(in: $0) }
                    let (outcome, changes) = await outcome(now)
                    if changes.isEmpty { return Outcome(steps: steps + outcome.steps, notices: outcome.notices) }
                    try await connection.transaction(.update) { try perform(changes, now, in: $0) }
                    steps += outcome.steps
                    // Once more, as whether it comes in is known only when it is there.
                    if attempt == Self.attempts { return Outcome(steps: steps, notices: outcome.notices) }
                } catch {
                    if attempt == Self.attempts { return failed(error) }
                }
            }
            return Outcome(steps: steps)
        }

        private func failed(_ error: any Error) -> Outcome {
            Outcome(notices: [
                "the monitoring role \(needs.role) was not set up: \(FleetError.wrapping(error))"
                    + "; until it is, the store is looked at with the rights of its own role"
            ])
        }

        // MARK: Looking

        private func standing(in session: PostgresSession) throws -> Standing {
            var standing = Standing()
            standing.server = session.server
            let own = try session.firstRow(
                """
                SELECT current_user::text, session_user = $1::name, current_database()::text, r.rolsuper,
                    r.rolsuper OR r.rolcreaterole,
                    r.rolsuper OR (current_setting('server_version_num')::int < 160000 AND r.rolcreaterole)
                        OR pg_has_role(current_user, 'pg_monitor', 'MEMBER WITH ADMIN OPTION'),
                    has_database_privilege(current_user, current_database(), 'CONNECT WITH GRANT OPTION')
                FROM pg_roles r WHERE r.rolname = current_user
                """, [.text(needs.role)])
            if let own {
                standing.user = own[0].text ?? ""
                standing.isOwnRole = own[1].isTrue
                standing.database = own[2].text ?? ""
                standing.mayMakeRoles = own[4].isTrue
                standing.mayGrantMonitor = own[5].isTrue
                standing.mayLetIntoDatabase = own[6].isTrue
            }
            let known = try session.firstRow(
                """
                SELECT rolcanlogin, pg_has_role(oid, 'pg_monitor', 'USAGE'),
                    has_database_privilege(oid, current_database(), 'CONNECT'),
                    rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
                    NOT rolsuper AND EXISTS (
                        SELECT 1 FROM pg_auth_members m WHERE m.member = r.oid AND m.roleid <> 'pg_monitor'::regrole)
                FROM pg_roles r WHERE rolname = $1
                """, [.text(needs.role)])
            guard let known else { return standing }
            standing.isThere = true
            standing.maySignIn = known[0].isTrue
            standing.isMonitor = known[1].isTrue
            standing.mayConnect = known[2].isTrue
            let excess = ["SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS", "other roles"]
            standing.excess = excess.enumerated().filter { known[3 + $0.offset].isTrue }.map(\.element)
            return standing
        }

        /// - Parameter notices: why the role does not come in, where nothing of this mends it.
        private func changes(_ standing: Standing, _ notices: inout [String]) async -> [Change] {
            guard !standing.isOwnRole else { return [] }
            guard standing.isThere else {
                return [.create, .grantMonitor] + (standing.mayConnect ? [] : [.letIntoDatabase])
            }
            var changes: [Change] = []
            if !standing.maySignIn { changes.append(.letIn) }
            if !standing.isMonitor { changes.append(.grantMonitor) }
            if !standing.mayConnect { changes.append(.letIntoDatabase) }
            guard changes.isEmpty, let error = await obstacle() else { return changes }
            if error.isRefusedPassword, needs.password != nil { return [.setPassword] }
            notices.append(
                "the monitoring role \(needs.role) does not come in at \(standing.server): \(error)"
                    + "; until it does, the store is looked at with the rights of its own role")
            return []
        }

        /// Why the role does not come in.
        private func obstacle() async -> FleetError? {
            do {
                try await PostgresConnection.withConnection(to: address.monitored(by: needs)) { connection in
                    try await connection.access { _ = try $0.firstRow("SELECT 1") }
                }
                return nil
            } catch {
                return FleetError.wrapping(error)
            }
        }

        // MARK: Changing

        private func outcome(_ standing: Standing) async -> (outcome: Outcome, changes: [Change]) {
            var outcome = Outcome()
            let changes = await changes(standing, &outcome.notices)
            if standing.isOwnRole {
                outcome.notices.append(
                    "the monitoring role \(needs.role) is the role that works in the store, and so sees more than it needs;"
                        + " name another under `monitoring`")
            } else if !standing.excess.isEmpty {
                outcome.notices.append(
                    "the monitoring role \(needs.role) at \(standing.server) has more rights than it needs"
                        + " (\(standing.excess.joined(separator: ", "))); take them away, or name another under `monitoring`"
                )
            }
            let possible = changes.filter { isPossible($0, standing) }
            if possible.count < changes.count {
                let cure = changes.map { text(of: $0, standing) }.joined(separator: "; ")
                let what = standing.isThere ? "lacks what it needs" : "is missing"
                outcome.notices.append(
                    "the monitoring role \(needs.role) \(what) at \(standing.server), and \(standing.user) may"
                        + " not change that: the store is looked at with the rights of its own role; run as a superuser: \(cure)"
                )
                return (outcome, [])
            }
            outcome.steps = changes.map { description(of: $0, standing) }
            return (outcome, changes)
        }

        private func isPossible(_ change: Change, _ standing: Standing) -> Bool {
            switch change {
            case .create, .letIn, .setPassword: standing.mayMakeRoles
            case .grantMonitor: standing.mayGrantMonitor
            case .letIntoDatabase: standing.mayLetIntoDatabase
            }
        }

        private func description(of change: Change, _ standing: Standing) -> String {
            let place = "at \(standing.server)"
            return switch change {
            case .create: "create role \(needs.role) \(place), which sees statistics and no data"
            case .letIn: "let role \(needs.role) sign in \(place)"
            case .grantMonitor: "grant pg_monitor to role \(needs.role) \(place)"
            case .letIntoDatabase: "let role \(needs.role) into database \(standing.database) \(place)"
            case .setPassword: "set the password of role \(needs.role) \(place)"
            }
        }

        /// For people: without the password.
        private func text(of change: Change, _ standing: Standing) -> String {
            switch change {
            case .create: "CREATE ROLE \(role) LOGIN\(needs.password == nil ? "" : " PASSWORD '…'")"
            case .letIn: "ALTER ROLE \(role) LOGIN"
            case .grantMonitor: "GRANT pg_monitor TO \(role)"
            case .letIntoDatabase: "GRANT CONNECT ON DATABASE \(PostgresAddress.quoted(standing.database)) TO \(role)"
            case .setPassword: "ALTER ROLE \(role) PASSWORD '…'"
            }
        }

        private func perform(_ changes: [Change], _ standing: Standing, in session: PostgresSession) throws {
            for change in changes {
                switch change {
                case .create: try session.query("CREATE ROLE \(role) LOGIN\(try password(in: session))")
                case .setPassword: try session.query("ALTER ROLE \(role)\(try password(in: session))")
                case .letIn, .grantMonitor, .letIntoDatabase: try session.query(text(of: change, standing))
                }
            }
        }

        private func password(in session: PostgresSession) throws -> String {
            guard let password = needs.password else { return "" }
            // Letters, digits and signs that need no quoting.
            return " PASSWORD '\(try session.passwordVerifier(of: password, role: needs.role))'"
        }
    }

    extension PostgresAddress {
        /// The same database, for who looks at the server.
        func monitored(by needs: MonitoringNeeds) -> PostgresAddress {
            var address = self
            address.login = Login(role: needs.role, password: needs.password)
            address.name = "\(name) as \(needs.role)"
            address.schema = nil
            address.furtherSchemas = []
            return address
        }
    }

    extension SQLValue {
        /// What the server's truth values come as.
        fileprivate var isTrue: Bool { self == .boolean(true) }
    }
#endif
