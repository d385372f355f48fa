import Brokers
import FleetCore
import SQLiteConnection
import Stores

/// The SQLite file of one stream: its records, its bounds and its cursors.
enum StreamFile {
    /// Each entry takes the tables from the version before it to the next. Entries are never changed, only added.
    static let migrations: [String] = [
        """
        CREATE TABLE records (
            position INTEGER PRIMARY KEY,
            appended_at INTEGER NOT NULL,
            id BLOB NOT NULL,
            type TEXT NOT NULL,
            key TEXT NOT NULL,
            aggregate_type TEXT NOT NULL,
            source TEXT NOT NULL,
            time INTEGER NOT NULL,
            trace_parent TEXT,
            headers TEXT,
            content_type TEXT,
            payload BLOB NOT NULL
        );
        CREATE TABLE bounds (
            first INTEGER NOT NULL,
            last INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            identity TEXT NOT NULL
        );
        INSERT INTO bounds VALUES (1, 0, 0, lower(hex(randomblob(16))));
        CREATE TABLE cursors (
            subscription TEXT PRIMARY KEY,
            position INTEGER NOT NULL
        );
        """,
        "ALTER TABLE bounds ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
    ]

    /// Brings the file to the newest version, within the caller's transaction.
    static func migrate(_ session: SQLiteSession, path: String) throws {
        let version = try version(in: session)
        try checkNotNewer(version, path: path)
        for migration in migrations.dropFirst(version) { try session.script(migration) }
        if version != migrations.count { try session.script("PRAGMA user_version = \(migrations.count)") }
    }

    static func checkNotNewer(_ version: Int, path: String) throws {
        guard version <= migrations.count else {
            throw FleetError(
                .invalidInput, "\(path) was made by a newer Flotilla", remedy: "run that newer version")
        }
    }

    static func version(in session: SQLiteSession) throws -> Int {
        Int(try session.firstRow("PRAGMA user_version")?[0].integer ?? 0)
    }

    static let selection = """
        SELECT position, id, type, key, aggregate_type, source, time, trace_parent, headers, content_type, payload
        FROM records WHERE position > $1 ORDER BY position
        """

    static func records(after position: LogPosition, limit: BatchLimit, in session: SQLiteSession) throws -> [LogRecord]
    {
        let row = try session.statement(selection)
        row.bind(position.value, at: 0)
        defer { row.reset() }
        var records: [LogRecord] = []
        var bytes = 0
        var shared = (type: "", aggregateType: "", source: "")
        while records.count < limit.events.value, bytes < limit.bytes.value, try row.step() {
            guard let id = row.eventID(1) else {
                throw FleetError(.corrupt, "record \(row.integer(0)) has no valid id")
            }
            shared.type = row.validText(2, last: shared.type) ?? ""
            shared.aggregateType = row.validText(4, last: shared.aggregateType) ?? ""
            shared.source = row.validText(5, last: shared.source) ?? ""
            let event = Event(
                id: id, source: shared.source, type: shared.type, key: row.text(3), aggregateType: shared.aggregateType,
                time: Timestamp(microseconds: row.integer(6)), traceParent: row.optionalText(7),
                headers: row.optionalText(8), contentType: row.optionalText(9) ?? Event.usualContentType,
                payload: row.bytes(10))
            bytes += event.size.value
            records.append(LogRecord(position: LogPosition(row.integer(0)), event: event))
        }
        return records
    }
}
