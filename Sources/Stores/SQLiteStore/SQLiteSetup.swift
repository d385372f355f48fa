import FleetCore
import Parking
import SQLiteConnection
public import Stores

/// Compares a SQLite file with what the fleet needs of it, and makes it so.
public struct SQLiteSetup: StoreSetup {
    public let name: String
    private let path: String

    public init(path: String, name: String) {
        self.path = path
        self.name = name
    }

    public func plan(_ needs: StoreNeeds) async throws -> SetupPlan {
        try FileAccess.check(path)
        guard FileIdentity.exists(path) else { return SQLiteChanges.forNewFile(needs) }
        let connection = try SQLiteConnection(path: path, mode: .readOnly)
        defer { connection.close() }
        let name = name
        return try await connection.read { session in
            try SQLiteChanges(needs: needs, file: name, session: session).plan()
        }
    }

    public func apply(_ needs: StoreNeeds) async throws -> SetupPlan {
        let isNew = !FileIdentity.exists(path)
        // What cannot be used is refused before opening switches it to WAL mode.
        let planned = try await plan(needs)
        // Nothing to do needs no lock.
        if planned.steps.isEmpty { return planned }
        let switchesToWAL = !isNew && planned.steps.contains(SQLiteChanges.switchToWAL)
        let connection = try SQLiteConnection(path: path, mode: .create)
        defer { connection.close() }
        let name = name
        var plan = try await connection.write { session in
            let changes = try SQLiteChanges(needs: needs, file: name, session: session)
            let plan = try changes.plan()
            try changes.perform()
            return plan
        }
        if switchesToWAL { plan.steps.insert(SQLiteChanges.switchToWAL, at: 0) }
        if isNew { plan.steps.insert(SQLiteChanges.createFile, at: 0) }
        return plan
    }
}

/// What differs between a file and a fleet's needs of it, seen within one transaction.
struct SQLiteChanges {
    let needs: StoreNeeds
    let file: String
    let session: SQLiteSession
    private let version: Int
    private let hasOutbox: Bool
    private let usesWAL: Bool
    /// Known views and the schema that each was made with.
    private let knownViews: [String: String]
    /// Whether there is what a push has left that is not declared any more.
    private let hasOldPush: Bool
    /// The version of each journal that is there.
    private let journals: [String: Int]

    static let createFile = SetupStep("create the database file, in WAL mode")
    static let switchToWAL = SetupStep("switch the database to WAL mode")
    private static let ownTables = SetupStep("create Flotilla's own tables (flotilla_…)")

    init(needs: StoreNeeds, file: String, session: SQLiteSession) throws {
        self.needs = needs
        self.file = file
        self.session = session
        version = try SQLiteOwnTables.version(in: session)
        try SQLiteOwnTables.checkVersion(version, file: file)
        usesWAL = try session.journalMode() == "wal"
        hasOutbox =
            try needs.outbox.map { outbox in
                try SQLiteOutboxTable(outbox.table, keep: outbox.keep, in: session, file: file) != nil
            } ?? true
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
        journals = try needs.journals.isEmpty ? [:] : Self.journals(in: session)
    }

    private static func journals(in session: SQLiteSession) throws -> [String: Int] {
        let known = "SELECT count(*) FROM main.sqlite_master WHERE type = 'table' AND name = $1"
        guard try session.firstRow(known, [.text(JournalNeeds.table)])?[0].integer == 1 else { return [:] }
        let rows = try session.rows("SELECT name, version FROM \(JournalNeeds.table)")
        return Dictionary(rows.map { ($0[0].text ?? "", Int($0[1].integer ?? 0)) }) { $1 }
    }

    static func forNewFile(_ needs: StoreNeeds) -> SetupPlan {
        var steps = [createFile, ownTables]
        if let outbox = needs.outbox { steps.append(outboxStep(outbox.table)) }
        steps += needs.views.map { viewStep($0.subscription) }
        steps += needs.journals.compactMap { try? $0.step(from: 0, store: "") }
        return SetupPlan(steps: steps, isFirst: true)
    }

    private static func outboxStep(_ table: TableName) -> SetupStep { SetupStep("create outbox table \(table)") }
    private static let pushStep = SetupStep("forget how far events were pushed, which are no longer declared")
    private static func viewStep(_ view: SubscriptionName) -> SetupStep { SetupStep("create view \(view)") }

    private var newViews: [ViewNeeds] {
        needs.views.filter { knownViews[$0.subscription.name] == nil }
    }

    func plan() throws -> SetupPlan {
        var plan = SetupPlan()
        if !usesWAL { plan.steps.append(Self.switchToWAL) }
        if version == 0 {
            plan.isFirst = true
            plan.steps.append(Self.ownTables)
        } else if version < SQLiteOwnTables.migrations.count {
            plan.steps.append(
                SetupStep("bring Flotilla's own tables from version \(version) to \(SQLiteOwnTables.migrations.count)"))
        }
        if let outbox = needs.outbox, !hasOutbox { plan.steps.append(Self.outboxStep(outbox.table)) }
        if hasOldPush { plan.steps.append(Self.pushStep) }
        plan.steps += newViews.map { Self.viewStep($0.subscription) }
        for view in needs.views {
            if let known = knownViews[view.subscription.name], known != view.schema {
                plan.notices.append(
                    "the schema of view \(view.subscription) differs from the one it was made with;"
                        + " `flotilla views rebuild \(view.subscription)` makes it anew")
            }
        }
        let declared = Set(needs.views.map { $0.subscription.name })
        for known in knownViews.keys.sorted() where !declared.contains(known) {
            plan.steps.append(SetupStep("forget view \(known), which is no longer declared; its tables stay"))
        }
        for journal in needs.journals {
            if let step = try journal.step(from: journals[journal.name] ?? 0, store: file) { plan.steps.append(step) }
        }
        return plan
    }

    func perform() throws {
        try SQLiteOwnTables.migrate(session, file: file)
        if let outbox = needs.outbox, !hasOutbox {
            try session.script(SQLiteOutboxTable.creation(outbox.table))
        }
        // A view of the same name begins at the beginning.
        if hasOldPush { try forget(SubscriptionName.pushName) }
        for view in newViews {
            try SQLiteViewObjects.create(view, in: session)
        }
        let declared = Set(needs.views.map { $0.subscription.name })
        for known in knownViews.keys where !declared.contains(known) {
            try forget(known)
        }
        for journal in needs.journals { try migrate(journal) }
    }

    private func migrate(_ journal: JournalNeeds) throws {
        let version = journals[journal.name] ?? 0
        guard version < journal.migrations.count else { return }
        try session.script(JournalNeeds.tableScript)
        for migration in journal.migrations.dropFirst(version) { try session.script(migration) }
        try session.run("DELETE FROM \(JournalNeeds.table) WHERE name = $1", [.text(journal.name)])
        try session.run(
            "INSERT INTO \(JournalNeeds.table) (name, version) VALUES ($1, $2)",
            [.text(journal.name), .integer(Int64(journal.migrations.count))])
    }

    private func forget(_ subscription: String) throws {
        let place = Parking.Place.subscription(subscription).text
        let numbers = "(SELECT number FROM flotilla_subscriptions WHERE name = $1)"
        try session.run("DELETE FROM flotilla_inbox WHERE subscription IN \(numbers)", [.text(subscription)])
        try session.run("DELETE FROM flotilla_subscriptions WHERE name = $1", [.text(subscription)])
        try session.run("DELETE FROM flotilla_parked WHERE place = $1", [.text(place)])
        try session.run("DELETE FROM flotilla_views WHERE name = $1", [.text(subscription)])
    }
}
