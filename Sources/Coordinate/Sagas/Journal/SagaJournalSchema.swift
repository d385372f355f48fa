/// The tables of the journal, in the dialect that SQLite and PostgreSQL share. Times are microseconds since 1970.
public enum SagaJournalSchema {
    public static let script = """
        CREATE TABLE IF NOT EXISTS flotilla_saga_definitions (
            saga TEXT NOT NULL,
            version BIGINT NOT NULL,
            definition TEXT NOT NULL,
            PRIMARY KEY (saga, version)
        );
        CREATE TABLE IF NOT EXISTS flotilla_sagas (
            id TEXT PRIMARY KEY,
            saga TEXT NOT NULL,
            version BIGINT NOT NULL,
            status TEXT NOT NULL,
            state TEXT NOT NULL,
            revision BIGINT NOT NULL,
            epoch BIGINT NOT NULL,
            owner TEXT NOT NULL,
            lease_until BIGINT NOT NULL,
            started_at BIGINT NOT NULL,
            ended_at BIGINT
        );
        CREATE INDEX IF NOT EXISTS flotilla_sagas_open ON flotilla_sagas (lease_until) WHERE ended_at IS NULL;
        CREATE INDEX IF NOT EXISTS flotilla_sagas_ended ON flotilla_sagas (ended_at) WHERE ended_at IS NOT NULL;
        CREATE TABLE IF NOT EXISTS flotilla_saga_locks (
            lock_key TEXT PRIMARY KEY,
            saga TEXT NOT NULL,
            held_until BIGINT NOT NULL
        );
        """
}
