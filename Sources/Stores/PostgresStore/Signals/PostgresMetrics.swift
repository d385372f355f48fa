#if Postgres
    import Signals

    /// What a PostgreSQL store tells of itself: of its database, and of what of the server concerns it.
    enum PostgresMetrics {
        private static let service = ["service"]

        static let connections = Metric(
            "flotilla.postgresql.connections", .gauge, .things("connection"), ["service", "state"],
            "Connections of clients to the database, by state; of those of other roles it is unknown without pg_monitor."
        )
        static let serverConnections = Metric(
            "flotilla.postgresql.server.connections", .gauge, .things("connection"), service,
            "Connections of clients to all databases of the server.")
        static let connectionLimit = Metric(
            "flotilla.postgresql.server.connection.limit", .gauge, .things("connection"), service,
            "How many the server takes: max_connections.")
        static let oldestTransaction = Metric(
            "flotilla.postgresql.oldest.transaction.age", .gauge, .seconds, service,
            "How long the oldest open transaction of the database is open, prepared ones included; 0 where there is none. Without pg_monitor, of the role's own; absent where there is none of these, and other roles have sessions."
        )
        static let lockWaits = Metric(
            "flotilla.postgresql.locks.waiting", .gauge, .things("lock"), service,
            "Locks in the database that somebody waits for.")
        static let commits = Metric(
            "flotilla.postgresql.commits", .counter, .things("transaction"), service,
            "Transactions that were committed.")
        static let rollbacks = Metric(
            "flotilla.postgresql.rollbacks", .counter, .things("transaction"), service,
            "Transactions that were undone.")
        static let deadlocks = Metric(
            "flotilla.postgresql.deadlocks", .counter, .things("deadlock"), service, "Deadlocks that were found.")
        static let blocksHit = Metric(
            "flotilla.postgresql.blocks.hit", .counter, .things("block"), service,
            "Blocks that were found in shared buffers.")
        static let blocksRead = Metric(
            "flotilla.postgresql.blocks.read", .counter, .things("block"), service,
            "Blocks that were read from outside of shared buffers.")
        static let rowsReturned = Metric(
            "flotilla.postgresql.rows.returned", .counter, .things("row"), service,
            "Live rows that sequential scans have read, and entries that scans of indexes have returned.")
        static let rowsFetched = Metric(
            "flotilla.postgresql.rows.fetched", .counter, .things("row"), service,
            "Live rows that scans of indexes have fetched.")
        static let rowsInserted = Metric(
            "flotilla.postgresql.rows.inserted", .counter, .things("row"), service, "Rows that were inserted.")
        static let rowsUpdated = Metric(
            "flotilla.postgresql.rows.updated", .counter, .things("row"), service, "Rows that were updated.")
        static let rowsDeleted = Metric(
            "flotilla.postgresql.rows.deleted", .counter, .things("row"), service, "Rows that were deleted.")
        static let conflicts = Metric(
            "flotilla.postgresql.conflicts", .counter, .things("conflict"), service,
            "Of a standby: statements that were cancelled because they stood in the way of replaying the log.")
        static let temporary = Metric(
            "flotilla.postgresql.temporary.written", .counter, .bytes, service,
            "What statements have written to temporary files.")
        static let size = Metric(
            "flotilla.postgresql.database.size", .gauge, .bytes, service, "The size of the database.")
        static let transactionAge = Metric(
            "flotilla.postgresql.transaction.id.age", .gauge, .things("transaction"), service,
            "The age of the database's oldest transaction id: the server stops writing near 2,146,000,000.")
        static let multixactAge = Metric(
            "flotilla.postgresql.multixact.id.age", .gauge, .things("multixact"), service,
            "The age of the database's oldest multixact id: the server stops writing near 2,146,000,000.")
        static let slotRetained = Metric(
            "flotilla.postgresql.slot.retained", .gauge, .bytes, ["service", "slot"],
            "What the server keeps of its log for a replication slot of the database, or of a replica.")
        static let slotActive = Metric(
            "flotilla.postgresql.slot.active", .gauge, .none, ["service", "slot"], "1 while somebody reads the slot.")
        static let calls = Metric(
            "flotilla.postgresql.statements.calls", .counter, .things("call"), service,
            "Statements that were run in the database, as pg_stat_statements counts them where it is installed.")
        static let callTime = Metric(
            "flotilla.postgresql.statements.time", .counter, .seconds, service, "How long the server took to run them.")
        static let topCalls = Metric(
            "flotilla.postgresql.top.statement.calls", .counter, .things("call"), ["service", "statement"],
            "How often one of the ten statements that took the most time was run; `statement` is its queryid in pg_stat_statements."
        )
        static let topTime = Metric(
            "flotilla.postgresql.top.statement.time", .counter, .seconds, ["service", "statement"],
            "How long the server took to run one of the ten statements that took the most time.")
        static let replicaLag = Metric(
            "flotilla.postgresql.replica.lag", .gauge, .seconds, ["service", "replica"],
            "How long the server waits until a replica (its application_name) has what was written; 0 where it has everything."
        )
        static let replicaBehind = Metric(
            "flotilla.postgresql.replica.behind", .gauge, .bytes, ["service", "replica"],
            "What of the server's log a replica has still to replay.")
        static let standby = Metric(
            "flotilla.postgresql.standby", .gauge, .none, service,
            "1 where the server is a standby, 0 where it is a primary.")
        static let replayLag = Metric(
            "flotilla.postgresql.replay.lag", .gauge, .seconds, service,
            "Of a standby: the age of the last transaction that it has replayed; 0 where there is nothing more to replay."
        )
        static let replayBehind = Metric(
            "flotilla.postgresql.replay.behind", .gauge, .bytes, service,
            "Of a standby: what of the log it has, and has still to replay.")
        static let archiveSegments = Metric(
            "flotilla.postgresql.archive.segments", .counter, .things("segment"), service,
            "Segments of the log that were archived, where the server archives it.")
        static let archiveFailures = Metric(
            "flotilla.postgresql.archive.failures", .counter, .things("failure"), service,
            "Attempts to archive a segment that failed.")
        static let archiveAge = Metric(
            "flotilla.postgresql.archive.age", .gauge, .seconds, service,
            "How long ago a segment was archived last; where none was, when the server began to count.")
        static let archiveFailing = Metric(
            "flotilla.postgresql.archive.failing", .gauge, .seconds, service,
            "How long archiving fails: since the first failure that was seen, or, where it failed before it was looked at, since the last success; 0 where the last attempt succeeded."
        )
        static let tableSize = Metric(
            "flotilla.postgresql.table.size", .gauge, .bytes, ["service", "table"],
            "The size of one of the ten largest tables of the service's schema, of those of 8 MiB and more that were analyzed."
        )
        static let tableBloat = Metric(
            "flotilla.postgresql.table.bloat", .gauge, .bytes, ["service", "table"],
            "What of that is room that rows have left, estimated from the server's statistics.")

        static let all = [
            connections, serverConnections, connectionLimit, oldestTransaction, lockWaits, commits, rollbacks,
            deadlocks, conflicts, blocksHit, blocksRead, rowsReturned, rowsFetched, rowsInserted, rowsUpdated,
            rowsDeleted, temporary, size, transactionAge, multixactAge, slotRetained, slotActive, calls, callTime,
            topCalls, topTime, replicaLag, replicaBehind, standby, replayLag, replayBehind,
            archiveSegments, archiveFailures, archiveAge, archiveFailing, tableSize, tableBloat,
        ]
    }
#endif
