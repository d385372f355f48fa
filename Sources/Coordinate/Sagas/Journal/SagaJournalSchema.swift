/// The tables of the journal, in the dialect that SQLite and PostgreSQL share. Times are microseconds since 1970.
public enum SagaJournalSchema {
    /// Each takes the tables from one version to the next. None is ever changed, only added.
    public static let migrations = [first, second]

    /// All of them, for a store that has none.
    public static let script = migrations.joined(separator: "\n")

    private static let first = """
        CREATE TABLE flotilla_saga_definitions (
            saga TEXT NOT NULL,
            version BIGINT NOT NULL,
            definition TEXT NOT NULL,
            PRIMARY KEY (saga, version)
        );
        CREATE TABLE flotilla_saga_runners (
            runner TEXT PRIMARY KEY,
            epoch BIGINT NOT NULL,
            owner TEXT NOT NULL,
            lease_until BIGINT NOT NULL
        );
        CREATE TABLE flotilla_sagas (
            id TEXT PRIMARY KEY,
            runner TEXT NOT NULL,
            saga TEXT NOT NULL,
            version BIGINT NOT NULL,
            status TEXT NOT NULL,
            state TEXT NOT NULL,
            orders TEXT,
            revision BIGINT NOT NULL,
            wake_at BIGINT,
            started_at BIGINT NOT NULL,
            ended_at BIGINT
        );
        CREATE INDEX flotilla_sagas_due ON flotilla_sagas (runner, wake_at) WHERE wake_at IS NOT NULL;
        CREATE INDEX flotilla_sagas_orders ON flotilla_sagas (runner) WHERE orders IS NOT NULL;
        CREATE INDEX flotilla_sagas_listed ON flotilla_sagas (status, started_at);
        CREATE INDEX flotilla_sagas_ended ON flotilla_sagas (ended_at) WHERE ended_at IS NOT NULL;
        CREATE TABLE flotilla_saga_messages (
            id TEXT PRIMARY KEY,
            runner TEXT NOT NULL,
            message TEXT NOT NULL
        );
        CREATE TABLE flotilla_saga_waits (
            event TEXT NOT NULL,
            field TEXT NOT NULL,
            value TEXT NOT NULL,
            saga TEXT NOT NULL,
            PRIMARY KEY (event, field, value, saga)
        );
        CREATE INDEX flotilla_saga_waits_of ON flotilla_saga_waits (saga);
        CREATE TABLE flotilla_saga_events (
            event TEXT NOT NULL,
            field TEXT NOT NULL,
            value TEXT NOT NULL,
            id TEXT NOT NULL,
            payload TEXT NOT NULL,
            seen_at BIGINT NOT NULL,
            PRIMARY KEY (event, field, value, id)
        );
        CREATE INDEX flotilla_saga_events_seen ON flotilla_saga_events (seen_at);
        CREATE TABLE flotilla_saga_locks (
            lock_key TEXT PRIMARY KEY,
            saga TEXT NOT NULL,
            held_until BIGINT NOT NULL
        );
        CREATE TABLE flotilla_saga_lock_waits (
            lock_key TEXT NOT NULL,
            saga TEXT NOT NULL,
            since BIGINT NOT NULL,
            PRIMARY KEY (lock_key, saga)
        );
        CREATE TABLE flotilla_saga_strays (
            id TEXT PRIMARY KEY,
            at BIGINT NOT NULL,
            note TEXT NOT NULL
        );
        """

    /// No index has a column that changes with each step: PostgreSQL can put the new row beside the old one then (HOT).
    private static let second = """
        DROP INDEX flotilla_sagas_orders;
        CREATE INDEX flotilla_sagas_open ON flotilla_sagas (runner, id) WHERE ended_at IS NULL;
        """
}
