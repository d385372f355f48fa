/// A service of the drill's fleet that publishes, and how its events leave its store.
struct DrillService: Sendable, Hashable {
    enum Capture: String, Sendable {
        /// PostgreSQL, by each of its ways.
        case log, poll, message
        /// SQLite.
        case file
    }

    var name: String
    var capture: Capture

    var isSQLite: Bool { capture == .file }

    static let all = [
        DrillService(name: "logged", capture: .log), DrillService(name: "polled", capture: .poll),
        DrillService(name: "messaged", capture: .message), DrillService(name: "filed", capture: .file),
    ]

    /// Whose events are all ordinary.
    static let ordinaryKeys = (0..<8).map { "k\($0)" }
    /// Some of whose events lack what views need.
    static let poisonKey = "bad"
    /// Some of whose events are of a type that is not declared.
    static let undeclaredKey = "odd"
    /// What the drill itself writes to see that everything is carried.
    static let probeKey = "probe"

    static let keys = ordinaryKeys + [poisonKey, undeclaredKey, probeKey]

    /// The tables that writers need beside the outbox: a counter for each key, and a journal of what is committed.
    var tables: String {
        """
        CREATE TABLE counters (key text PRIMARY KEY, n bigint NOT NULL);
        INSERT INTO counters VALUES \(Self.keys.map { "('\($0)', 0)" }.joined(separator: ", "));
        CREATE TABLE journal (event text PRIMARY KEY, tx text NOT NULL, key text NOT NULL, n bigint NOT NULL);
        """
    }

    /// Notes events, a JSON array, in the journal.
    var journalStatement: String {
        switch capture {
        case .file:
            """
            INSERT INTO journal (event, tx, key, n) SELECT value ->> 'id', value ->> 'tx', value ->> 'key', value ->> 'n'
            FROM json_each($1)
            """
        case .log, .poll, .message:
            """
            INSERT INTO journal (event, tx, key, n) SELECT e ->> 'id', e ->> 'tx', e ->> 'key', (e ->> 'n')::bigint
            FROM json_array_elements($1::json) AS e
            """
        }
    }

    /// Publishes events, a JSON array, in its order.
    var outboxStatement: String {
        switch capture {
        case .file:
            """
            INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
            SELECT value ->> 'id', 'item', value ->> 'key', value ->> 'type', value -> 'payload' FROM json_each($1)
            """
        case .log, .poll:
            """
            INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
            SELECT (e ->> 'id')::uuid, 'item', e ->> 'key', e ->> 'type', e -> 'payload'
            FROM json_array_elements($1::json) AS e
            """
        case .message:
            """
            SELECT count(pg_logical_emit_message(true, 'flotilla', json_build_object('id', e ->> 'id', 'aggregatetype',
                'item', 'aggregateid', e ->> 'key', 'type', e ->> 'type', 'payload', e -> 'payload')::text))
            FROM json_array_elements($1::json) AS e
            """
        }
    }
}
