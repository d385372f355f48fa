#if Postgres
    import FleetCore
    import Foundation
    import PostgresConnection

    /// Committed transactions behind a slot, which can be drained again and again: of two slots, one stays where it is.
    struct Backlog {
        enum Workload: String {
            /// Transactions of one order and one outbox row.
            case a = "A"
            /// Transactions of a hundred outbox rows.
            case b = "B"
            /// One transaction of five million outbox rows.
            case one

            var events: Int {
                switch self {
                case .a: 300_000
                case .b: 1_000_000
                case .one: 5_000_000
                }
            }

            func fill(deleted: Bool) -> String {
                switch self {
                case .a: "CALL fill_a(300000, \(deleted))"
                case .b: "CALL fill_b(10000, \(deleted))"
                case .one:
                    """
                    INSERT INTO outbox SELECT gen_random_uuid(), 'Order', order_id::text, 'OrderPlaced', order_payload(1)
                    FROM generate_series(1, 5000000) AS order_id
                    """
                }
            }
        }

        let server: BenchServer
        let workload: Workload
        let slot: String
        private let record: String
        private let end: String

        /// - Parameter deleted: whether the writer deletes each outbox row in the transaction that writes it.
        init(_ workload: Workload, deleted: Bool) async throws {
            server = try await BenchServer()
            self.workload = workload
            try await server.apply(.log)
            slot = try server.psql("SELECT slot FROM flotilla_outboxes")
            record = try server.psql("SELECT settled_lsn FROM flotilla_outboxes")
            // The last commit is durable, and with it all before. After the checkpoint nothing disturbs what is measured.
            try server.psql(
                """
                SELECT 1 FROM pg_copy_logical_replication_slot('\(slot)', 'kept');
                SET synchronous_commit = off;
                -- The plan is made while the tables are empty, and must still be right when they are not.
                SET enable_seqscan = off;
                \(workload.fill(deleted: deleted));
                SET synchronous_commit = on;
                CREATE TABLE filled ();
                CHECKPOINT
                """)
            end = try server.psql("SELECT pg_current_wal_flush_lsn()")
            sync()
        }

        /// PostgreSQL's own limit: what its own program needs for the same log.
        func receiveByPostgres() throws -> Double {
            try server.psql("SELECT 1 FROM pg_copy_logical_replication_slot('kept', 'limit')")
            let time = try server.run(
                "pg_recvlogical",
                [
                    "-d", server.url, "-S", "limit", "--start", "--no-loop", "-f", "/dev/null", "-o", "proto_version=1",
                    "-o", "publication_names=\(slot)", "--endpos=\(end)",
                ])
            try server.psql("SELECT pg_drop_replication_slot('limit')")
            return time
        }

        /// What a process of its own needs for it, and its memory at the peak.
        func drain(into sink: Drain.Sink, directory: String) throws -> (seconds: Double, peakKilobytes: Int) {
            try server.psql(
                """
                SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots
                    WHERE slot_name = '\(slot)' AND active;
                SELECT pg_drop_replication_slot('\(slot)');
                SELECT 1 FROM pg_copy_logical_replication_slot('kept', '\(slot)');
                UPDATE flotilla_outboxes SET settled_lsn = '\(record)', transaction_lsn = '0/0', transaction_rows = 0
                """)
            return try Drain.measure(
                url: server.url, capture: .log, events: workload.events, sink: sink, directory: directory)
        }
    }
#endif
