import FleetCore
import Foundation
import Parking
import SQLiteConnection
public import Stores

/// Rebuilds one view of a SQLite file in a scratch file beside it, and swaps the two.
///
/// In the scratch file the view's tables stand alone; the live file is attached to it, so that the view's statements
/// find the service's other tables. The swap is one transaction of the live file: readers see the old view until it
/// commits, and the new one after.
public struct SQLiteRebuild: ViewRebuild {
    private let view: ViewNeeds
    private let path: String
    private let name: String
    private var scratchPath: String { "\(path).rebuild-\(view.subscription.name)" }

    public init(_ view: ViewNeeds, path: String, name: String) {
        self.view = view
        self.path = path
        self.name = name
    }

    public func begin() async throws -> any Store {
        removeScratch()
        let live = path
        // The live file must be there before anything is attached: attaching would create it.
        let check = try SQLiteConnection(path: path, mode: .readOnly)
        check.close()
        let connection = try SQLiteConnection(path: scratchPath, mode: .create, durability: .normal)
        let (view, name) = (view, name)
        // Read-only, so that a statement that writes beyond its view's tables fails instead of writing twice.
        let allowed = CharacterSet.urlPathAllowed.subtracting(CharacterSet(charactersIn: "?#%"))
        let address = "file:\(live.addingPercentEncoding(withAllowedCharacters: allowed) ?? live)?mode=ro"
        _ = try await connection.access { try $0.run("ATTACH DATABASE $1 AS live", [.text(address)]) }
        try await connection.write { session in
            try SQLiteOwnTables.migrate(session, file: name)
            try SQLiteViewObjects.create(view, in: session)
        }
        return SQLiteStore(connection: connection, name: "\(name) (rebuild of \(view.subscription.name))")
    }

    public func swap() async throws {
        let live = try SQLiteConnection(path: path, mode: .readWrite)
        defer { live.close() }
        let (view, scratch) = (view, scratchPath)
        _ = try await live.access { try $0.run("ATTACH DATABASE $1 AS rebuilt", [.text(scratch)]) }
        try await live.write { session in
            try session.script("PRAGMA defer_foreign_keys = ON")
            try Self.replaceTables(of: view, in: session)
            try Self.replaceRecords(of: view, in: session)
            CrashPoint.swapping.reached()
        }
        try await live.access { try $0.script("DETACH DATABASE rebuilt") }
        removeScratch()
    }

    public func abandon() async {
        removeScratch()
    }

    private func removeScratch() {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            try? FileManager.default.removeItem(atPath: scratchPath + suffix)
        }
    }

    private static func replaceTables(of view: ViewNeeds, in session: SQLiteSession) throws {
        if let old = try SQLiteViewObjects(of: view.subscription.name, in: session) { try old.drop(in: session) }
        try SQLiteViewObjects.create(view, in: session)
        guard let made = try SQLiteViewObjects(of: view.subscription.name, in: session) else {
            throw FleetError(.bug, "a view that was just made is not known")
        }
        // The rows are copied as they are: the schema's triggers have had their say in the scratch file.
        let triggers = made.objects.filter { $0.type == "trigger" }
        let definitions = try triggers.map { trigger in
            try session.firstRow(
                "SELECT sql FROM main.sqlite_master WHERE type = 'trigger' AND name = $1", [.text(trigger.name)])?[0]
                .text
        }
        for trigger in triggers { try session.script("DROP TRIGGER main.\(SQLiteViewObjects.quoted(trigger.name))") }
        for table in try made.tables(in: session) {
            let columns = try session.rows("SELECT name FROM pragma_table_xinfo($1) WHERE hidden = 0", [.text(table)])
                .compactMap { $0[0].text }.map { SQLiteViewObjects.quoted($0) }.joined(separator: ", ")
            let quoted = SQLiteViewObjects.quoted(table)
            try session.script("DELETE FROM main.\(quoted)")
            try session.script("INSERT INTO main.\(quoted) (\(columns)) SELECT \(columns) FROM rebuilt.\(quoted)")
        }
        try copyCounters(of: try made.tables(in: session), in: session)
        for case let definition? in definitions { try session.script(definition) }
    }

    /// Lets AUTOINCREMENT go on where it was in the scratch file, whose newest rows may be deleted already.
    private static func copyCounters(of tables: [String], in session: SQLiteSession) throws {
        let counters = "SELECT 1 FROM rebuilt.sqlite_master WHERE name = 'sqlite_sequence'"
        guard try session.firstRow(counters) != nil else { return }
        for table in tables {
            guard
                let row = try session.firstRow(
                    "SELECT seq FROM rebuilt.sqlite_sequence WHERE name = $1", [.text(table)])
            else { continue }
            try session.run("DELETE FROM main.sqlite_sequence WHERE name = $1", [.text(table)])
            try session.run("INSERT INTO main.sqlite_sequence (name, seq) VALUES ($1, $2)", [.text(table), row[0]])
        }
    }

    /// Puts cursors, inbox and parked events of the rebuilt view in the place of the old one's.
    private static func replaceRecords(of view: ViewNeeds, in session: SQLiteSession) throws {
        let name = SQLValue.text(view.subscription.name)
        let place = SQLValue.text(Parking.Place.subscription(view.subscription.name).text)
        try session.run(
            """
            DELETE FROM main.flotilla_inbox WHERE subscription IN
                (SELECT number FROM main.flotilla_subscriptions WHERE name = $1)
            """, [name])
        try session.run("DELETE FROM main.flotilla_subscriptions WHERE name = $1", [name])
        try session.run(
            """
            INSERT INTO main.flotilla_subscriptions (name, stream, position, begun_at, stream_identity, last_event_id)
            SELECT name, stream, position, begun_at, stream_identity, last_event_id
            FROM rebuilt.flotilla_subscriptions WHERE name = $1
            """, [name])
        try session.run(
            """
            INSERT INTO main.flotilla_inbox (subscription, event_id, position)
            SELECT here.number, inbox.event_id, inbox.position FROM rebuilt.flotilla_inbox AS inbox
            JOIN rebuilt.flotilla_subscriptions AS there ON there.number = inbox.subscription
            JOIN main.flotilla_subscriptions AS here ON here.name = there.name AND here.stream = there.stream
            WHERE there.name = $1
            """, [name])
        try session.run("DELETE FROM main.flotilla_parked WHERE place = $1", [place])
        let columns = """
            place, stream, position, event_id, event_type, event_key, aggregate_type, event_time, trace_parent, headers,
            content_type, payload, reason, attempts, next_attempt, parked_at
            """
        try session.run(
            """
            INSERT INTO main.flotilla_parked (\(columns))
            SELECT \(columns) FROM rebuilt.flotilla_parked WHERE place = $1 ORDER BY sequence
            """, [place])
    }
}
