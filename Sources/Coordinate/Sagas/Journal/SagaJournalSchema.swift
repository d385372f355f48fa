/// The tables of the journal, in the dialect that SQLite and PostgreSQL share. Times are microseconds since 1970.
public enum SagaJournalSchema {
    /// Grows with each change of ``script``.
    public static let version = 1

    public static let script = """
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
}
