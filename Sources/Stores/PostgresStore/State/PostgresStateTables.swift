#if Postgres
    /// The tables of the fleets' own state, and how they came to be.
    enum PostgresStateTables {
        /// Each entry takes the tables from the version before it to the next. Entries are never changed, only added.
        static let migrations: [String] = [
            """
            CREATE TABLE flotilla_fleets (
                name TEXT PRIMARY KEY,
                epoch BIGINT NOT NULL,
                holder TEXT NOT NULL,
                holder_process TEXT,
                predecessor TEXT,
                expires TIMESTAMPTZ NOT NULL,
                process INTEGER,
                process_start TIMESTAMPTZ,
                record TEXT
            )
            """,
            """
            CREATE TABLE flotilla_flow (
                fleet TEXT NOT NULL,
                subject TEXT NOT NULL,
                paused_since BIGINT,
                reason TEXT,
                restarts BIGINT NOT NULL DEFAULT 0,
                PRIMARY KEY (fleet, subject)
            )
            """,
        ]
    }
#endif
