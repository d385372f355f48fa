/// The tables of the journal, in the dialect that SQLite and PostgreSQL share. Times are microseconds since 1970.
public enum FlowJournalSchema {
    /// Each entry takes the tables from the version before it to the next. Entries are never changed, only added.
    public static let migrations = [
        """
        CREATE TABLE flotilla_flow_definitions (
            flow TEXT PRIMARY KEY,
            definition TEXT NOT NULL,
            watched_since BIGINT NOT NULL
        );
        CREATE TABLE flotilla_flows (
            flow TEXT NOT NULL,
            flow_key TEXT NOT NULL,
            status TEXT NOT NULL,
            is_out_of_order BIGINT NOT NULL,
            is_late BIGINT NOT NULL,
            state TEXT NOT NULL,
            changed_at BIGINT NOT NULL,
            due BIGINT,
            PRIMARY KEY (flow, flow_key)
        );
        CREATE INDEX flotilla_flows_due ON flotilla_flows (flow, due) WHERE due IS NOT NULL;
        CREATE INDEX flotilla_flows_status ON flotilla_flows (flow, status, is_out_of_order, is_late);
        CREATE INDEX flotilla_flows_changed ON flotilla_flows (flow, changed_at)
        """
    ]
}
