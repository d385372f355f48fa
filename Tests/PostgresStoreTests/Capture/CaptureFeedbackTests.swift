#if Postgres
    import FleetCore
    import Outbox
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// What the server is told while its log is captured.
    @Suite struct CaptureFeedbackTests {
        /// The server is told that something is safe once it is settled, and not before.
        @Test(arguments: [CaptureMode.log, .message])
        func onlyWhatIsSettledIsConfirmed(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            let limit = BatchLimit(events: 10, bytes: .mebibytes(1))
            let server = fixture.database
            /// Whether the server would send a transaction again that ended before a place.
            func isConfirmed(_ place: String) throws -> Bool {
                try server.psql(
                    "SELECT confirmed_flush_lsn >= '\(place)' FROM pg_replication_slots WHERE slot_name = '\(fixture.slot)'"
                ) == "t"
            }
            /// Waits until the server has heard twice from whoever captures.
            func hear() async throws {
                let reports = """
                    SELECT reply_time FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid
                    WHERE slot_name = '\(fixture.slot)'
                    """
                for _ in 0..<2 {
                    let last = try server.psql(reports)
                    try await eventually("a report") { try server.psql(reports) != last }
                }
            }
            try server.psql("BEGIN; \(fixture.events(1...15)) COMMIT;")
            let first = try server.psql("SELECT pg_current_wal_flush_lsn()")
            try server.psql("BEGIN; \(fixture.events(16...18)) COMMIT;")
            let second = try server.psql("SELECT pg_current_wal_flush_lsn()")
            try await fixture.withOutbox(limit: limit) { outbox in
                var batches: [CapturedRows] = []
                while batches.map(\.count).reduce(0, +) < 18 {
                    let rows = try await outbox.capture(after: .start, limit: limit, patience: .seconds(180))
                    try #require(!rows.isEmpty)
                    batches.append(rows)
                }
                func settle(_ rows: CapturedRows) async throws {
                    let last = try #require(rows.last)
                    try await outbox.settle(
                        CapturedBatch(published: rows.positions, parked: [], through: last))
                }
                // So much that is nobody's event moves an idle slot.
                try server.psql("SELECT pg_logical_emit_message(false, 'others', repeat('x', 3000000))")
                // An idle look must not confirm what is captured and not settled.
                _ = try await outbox.capture(after: .start, limit: limit, patience: .milliseconds(1100))
                try await hear()
                #expect(try !isConfirmed(first))
                // Half of a transaction is not all of it.
                try await settle(batches.removeFirst())
                _ = try await outbox.capture(after: .start, limit: limit, patience: .milliseconds(1100))
                try await hear()
                #expect(try !isConfirmed(first))
                for rows in batches { try await settle(rows) }
                try await eventually("everything is confirmed") {
                    _ = try await outbox.capture(after: .start, limit: limit, patience: .milliseconds(50))
                    return try isConfirmed(second)
                }
            }
        }
    }
#endif
