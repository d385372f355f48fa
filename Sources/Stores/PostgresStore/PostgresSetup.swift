#if Postgres
    import FleetCore
    import Outbox
    import Parking
    public import PostgresConnection
    public import Stores

    /// Compares a schema of a PostgreSQL database with what the fleet needs of it, and makes it so.
    public struct PostgresSetup: StoreSetup {
        public var name: String { address.name }
        private let address: PostgresAddress

        public init(_ address: PostgresAddress) { self.address = address }

        public func plan(_ needs: StoreNeeds) async throws -> SetupPlan {
            try await PostgresConnection.withConnection(to: address) { connection in
                let address = address
                let plan = try await connection.transaction(.look) { session in
                    try PostgresChanges(needs: needs, address: address, session: session).plan()
                }
                return await monitored(plan, needs) { await $0.plan(on: connection) }
            }
        }

        /// Adds what a monitoring role needs. Nothing fails for it.
        private func monitored(
            _ plan: SetupPlan, _ needs: StoreNeeds, _ work: (MonitoringRole) async -> MonitoringRole.Outcome
        ) async -> SetupPlan {
            guard let monitoring = needs.monitoring else { return plan }
            let outcome = await work(MonitoringRole(monitoring, at: address))
            var plan = plan
            plan.sharedSteps += outcome.steps.map { SetupStep($0) }
            plan.notices += outcome.notices
            return plan
        }

        public func apply(_ needs: StoreNeeds) async throws -> SetupPlan {
            try await PostgresConnection.withConnection(to: address) { connection in
                let address = address
                let plan = try await connection.transaction(.update) { session in
                    // One `apply` at a time: two would make the same tables.
                    _ = try session.firstRow("SELECT pg_advisory_xact_lock(hashtextextended('flotilla apply', 0))")
                    let changes = try PostgresChanges(needs: needs, address: address, session: session)
                    let plan = try changes.plan()
                    try changes.perform()
                    return plan
                }
                if let outbox = needs.outbox, outbox.capture != .poll {
                    let replication = ReplicationSetup(outbox, address: address)
                    let steps = try await connection.transaction(.look) { try replication.plan(in: $0, isSetUp: true) }
                    if steps.contains(.createSlot) { try await replication.createSlot() }
                }
                return await monitored(plan, needs) { await $0.apply(on: connection) }
            }
        }

        /// Drops what only capture from the log needs at the server: slot and publication. Tables and events stay.
        public func removeCapture(_ needs: OutboxNeeds) async throws -> SetupPlan {
            try await PostgresConnection.withConnection(to: address) { connection in
                let replication = ReplicationSetup(needs, address: address)
                // Of a slot that is lost nobody can tell what waits in it.
                let waiting = try? await PostgresLogOutbox.pending(address, needs: needs).count
                let steps = try await connection.transaction(.update) { try replication.remove(in: $0) }
                var plan = SetupPlan(steps: steps.map { SetupStep($0) })
                if let waiting, waiting > 0, !steps.isEmpty {
                    plan.notices.append(
                        "\(waiting) events had not been carried: those whose rows are still in the outbox will be when it is"
                            + " set up again, and the others are lost")
                }
                return plan
            }
        }
    }

    /// What differs between a schema and a fleet's needs of it, seen within one transaction.
    struct PostgresChanges {
        let needs: StoreNeeds
        let address: PostgresAddress
        let session: PostgresSession
        /// The schema, which may not be there yet.
        private let schema: String
        private let hasSchema: Bool
        private let version: Int
        private let outbox: PostgresOutboxTable?
        /// Known views and the schema that each was made with.
        private let knownViews: [String: String]
        /// Whether there is what a push has left that is not declared any more.
        private let hasOldPush: Bool
        /// The version of each journal that is there.
        private let journals: [String: Int]

        init(needs: StoreNeeds, address: PostgresAddress, session: PostgresSession) throws {
            self.needs = needs
            self.address = address
            self.session = session
            let current = try session.firstRow("SELECT current_schema()")?[0].text
            schema = address.schema ?? current ?? "public"
            hasSchema =
                try session.firstRow("SELECT 1 FROM pg_namespace WHERE nspname = $1", [.text(schema)]) != nil
            version = hasSchema ? try PostgresOwnTables.version(of: schema, in: session) : 0
            try PostgresOwnTables.checkVersion(version, session.name)
            if let table = needs.outbox?.table, hasSchema, needs.outbox?.capture != .message {
                outbox = try PostgresOutboxTable(table, in: session)
                if needs.outbox?.capture == .poll { try outbox?.checkOrder(in: session) }
            } else {
                outbox = nil
            }
            var views: [String: String] = [:]
            if version > 0 {
                for row in try session.rows("SELECT name, schema FROM flotilla_views") {
                    views[row[0].text ?? ""] = row[1].text ?? ""
                }
            }
            knownViews = views
            let push = SubscriptionName.pushName
            hasOldPush =
                try version > 0 && !needs.isPushedTo && views[push] == nil
                && session.firstRow("SELECT 1 FROM flotilla_subscriptions WHERE name = $1", [.text(push)]) != nil
            journals = try needs.journals.isEmpty ? [:] : Self.journals(of: schema, in: session)
        }

        private static func journals(of schema: String, in session: PostgresSession) throws -> [String: Int] {
            let known = try session.firstRow(
                "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = $2",
                [.text(schema), .text(JournalNeeds.table)])
            if known == nil { return [:] }
            let rows = try session.rows("SELECT name, version FROM \(JournalNeeds.table)")
            return Dictionary(rows.map { ($0[0].text ?? "", Int($0[1].integer ?? 0)) }) { $1 }
        }

        private struct Step {
            var description: String
            var sql: String
        }

        /// What is done in SQL to the outbox.
        private var outboxSteps: [Step] {
            guard let needs = needs.outbox, needs.capture != .message else { return [] }
            var steps: [Step] = []
            if outbox == nil {
                steps.append(
                    Step(description: "create outbox table \(needs.table)", sql: PostgresOutboxTable.creation(needs)))
            }
            // What a table that is made now needs is part of making it; to one that others made it is told.
            func add(_ description: String, _ sql: String) {
                if outbox == nil, !steps.isEmpty {
                    steps[0].sql += ";\n" + sql
                } else {
                    steps.append(Step(description: description, sql: sql))
                }
            }
            if needs.capture == .poll, outbox?.isOrdered != true {
                add(
                    "add column \(PostgresOutboxTable.sequence) to \(needs.table): it orders the rows",
                    PostgresOutboxTable.sequenceAddition(needs.table))
            }
            if needs.capture == .poll, outbox?.notifies != true {
                add(
                    "add trigger flotilla_notify to \(needs.table): it wakes flotilla run",
                    PostgresOutboxTable.notificationAddition(needs.table))
            }
            if needs.keep > .zero, outbox?.keepsRows != true {
                add(
                    "add column \(PostgresOutboxTable.publishedAt) to \(needs.table): rows are kept",
                    PostgresOutboxTable.keepAddition(needs))
            }
            return steps
        }

        private var replication: ReplicationSetup? {
            needs.outbox.flatMap { $0.capture == .poll ? nil : ReplicationSetup($0, address: address) }
        }

        private var newViews: [ViewNeeds] { needs.views.filter { knownViews[$0.subscription.name] == nil } }

        func plan() throws -> SetupPlan {
            var plan = SetupPlan()
            if !hasSchema { plan.steps.append(SetupStep("create schema \(schema)")) }
            if version == 0 {
                plan.isFirst = true
                plan.steps.append(SetupStep("create Flotilla's own tables (flotilla_…)"))
            } else if version < PostgresOwnTables.migrations.count {
                plan.steps.append(
                    SetupStep(
                        "bring Flotilla's own tables from version \(version) to \(PostgresOwnTables.migrations.count)"))
            }
            plan.steps += outboxSteps.map { SetupStep($0.description) }
            if let replication {
                let steps = try replication.plan(in: session, isSetUp: version > 0)
                plan.steps += steps.map { SetupStep($0.description(replication.names)) }
            }
            if hasOldPush {
                plan.steps.append(SetupStep("forget how far events were pushed, which are no longer declared"))
            }
            plan.steps += newViews.map { SetupStep("create view \($0.subscription)") }
            for view in needs.views {
                if let known = knownViews[view.subscription.name], known != view.schema {
                    plan.notices.append(
                        "the schema of view \(view.subscription) differs from the one it was made with;"
                            + " `flotilla views rebuild \(view.subscription)` makes it anew")
                }
            }
            for known in undeclaredViews {
                plan.steps.append(SetupStep("forget view \(known), which is no longer declared; its tables stay"))
            }
            for journal in needs.journals {
                let version = journals[journal.name] ?? 0
                if let step = try journal.step(from: version, store: session.name) { plan.steps.append(step) }
            }
            return plan
        }

        private var undeclaredViews: [String] {
            let declared = Set(needs.views.map { $0.subscription.name })
            return knownViews.keys.sorted().filter { !declared.contains($0) }
        }

        func perform() throws {
            if !hasSchema { try session.script("CREATE SCHEMA \(PostgresAddress.quoted(schema))") }
            try PostgresOwnTables.migrate(schema, in: session, owner: "")
            for step in outboxSteps { try session.script(step.sql) }
            if let replication, try replication.plan(in: session, isSetUp: true).contains(.createPublication) {
                try replication.createPublication(in: session)
            }
            // A view of the same name begins at the beginning.
            if hasOldPush { try forget(SubscriptionName.pushName) }
            for view in newViews { try PostgresViewObjects.create(view, schema: schema, in: session) }
            for known in undeclaredViews { try forget(known) }
            for journal in needs.journals { try migrate(journal) }
        }

        private func migrate(_ journal: JournalNeeds) throws {
            let version = journals[journal.name] ?? 0
            guard version < journal.migrations.count else { return }
            try session.script(JournalNeeds.tableScript)
            for migration in journal.migrations.dropFirst(version) { try session.script(migration) }
            _ = try session.run("DELETE FROM \(JournalNeeds.table) WHERE name = $1", [.text(journal.name)])
            _ = try session.run(
                "INSERT INTO \(JournalNeeds.table) (name, version) VALUES ($1, $2)",
                [.text(journal.name), .integer(Int64(journal.migrations.count))])
        }

        private func forget(_ subscription: String) throws {
            let place = Parking.Place.subscription(subscription).text
            let numbers = "(SELECT number FROM flotilla_subscriptions WHERE name = $1)"
            _ = try session.run("DELETE FROM flotilla_inbox WHERE subscription IN \(numbers)", [.text(subscription)])
            _ = try session.run("DELETE FROM flotilla_subscriptions WHERE name = $1", [.text(subscription)])
            _ = try session.run("DELETE FROM flotilla_parked WHERE place = $1", [.text(place)])
            _ = try session.run("DELETE FROM flotilla_views WHERE name = $1", [.text(subscription)])
        }
    }
#endif
