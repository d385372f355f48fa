import FleetCore
import SQLiteConnection
import Stores

/// Flotilla's own tables in a service's SQLite file, and the version that the file has.
enum SQLiteOwnTables {
    /// Each entry takes the tables from the version before it to the next. Entries are never changed, only added.
    static let migrations: [String] = [
        """
        CREATE TABLE flotilla_subscriptions (
            number INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            stream TEXT NOT NULL,
            position INTEGER NOT NULL,
            begun_at INTEGER NOT NULL,
            stream_identity TEXT NOT NULL,
            UNIQUE (name, stream)
        );
        CREATE TABLE flotilla_inbox (
            subscription INTEGER NOT NULL,
            event_id BLOB NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (subscription, event_id)
        ) WITHOUT ROWID;
        CREATE TABLE flotilla_parked (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            place TEXT NOT NULL,
            stream TEXT NOT NULL,
            position INTEGER NOT NULL,
            event_id TEXT NOT NULL,
            event_type TEXT NOT NULL,
            event_key TEXT NOT NULL,
            aggregate_type TEXT NOT NULL,
            event_time INTEGER NOT NULL,
            trace_parent TEXT,
            headers TEXT,
            payload BLOB NOT NULL,
            reason TEXT,
            attempts INTEGER NOT NULL,
            next_attempt INTEGER,
            parked_at INTEGER NOT NULL
        );
        CREATE INDEX flotilla_parked_keys ON flotilla_parked (place, stream, event_key, sequence);
        CREATE INDEX flotilla_parked_due ON flotilla_parked (place, next_attempt) WHERE next_attempt IS NOT NULL;
        CREATE TABLE flotilla_outboxes (
            name TEXT PRIMARY KEY,
            published_through INTEGER NOT NULL
        );
        CREATE TABLE flotilla_outbox_marks (
            name TEXT NOT NULL,
            through INTEGER NOT NULL,
            published_at INTEGER NOT NULL,
            PRIMARY KEY (name, through)
        ) WITHOUT ROWID;
        CREATE TABLE flotilla_views (
            name TEXT PRIMARY KEY,
            schema TEXT NOT NULL,
            objects TEXT NOT NULL
        );
        """,
        // The id of the record at `position`: tells the stream from an older copy of itself that has grown since.
        "ALTER TABLE flotilla_subscriptions ADD COLUMN last_event_id BLOB",
        // NULL for the usual one, empty for that of an event without data.
        "ALTER TABLE flotilla_parked ADD COLUMN content_type TEXT",
        // Of those that a program of the service's own reads.
        "CREATE TABLE flotilla_paused (subscription TEXT PRIMARY KEY) WITHOUT ROWID",
    ]

    /// The version that a file has; 0 where Flotilla has no tables there.
    static func version(in session: SQLiteSession) throws -> Int {
        let known = "SELECT count(*) FROM main.sqlite_master WHERE type = 'table' AND name = 'flotilla_schema'"
        guard try session.firstRow(known)?[0].integer == 1 else { return 0 }
        return Int(try session.firstRow("SELECT version FROM main.flotilla_schema")?[0].integer ?? 0)
    }

    /// Brings the tables to the newest version, within the caller's transaction.
    /// - Throws: `invalidInput` where a newer Flotilla made them.
    static func migrate(_ session: SQLiteSession, file: String) throws {
        let version = try version(in: session)
        try checkVersion(version, file: file)
        for migration in migrations.dropFirst(version) { try session.script(migration) }
        if version == 0 { try session.script("CREATE TABLE flotilla_schema (version INTEGER NOT NULL)") }
        if version != migrations.count {
            try session.script("DELETE FROM flotilla_schema")
            try session.run("INSERT INTO flotilla_schema VALUES ($1)", [.integer(Int64(migrations.count))])
        }
    }

    static func checkVersion(_ version: Int, file: String) throws {
        guard version <= migrations.count else {
            throw FleetError(
                .invalidInput,
                "\(file) was set up by a newer Flotilla (tables of version \(version), this one knows \(migrations.count))",
                remedy: "run that newer version")
        }
    }
}
