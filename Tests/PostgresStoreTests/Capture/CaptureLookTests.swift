#if Postgres
    import FleetCore
    import Outbox
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// What waits in an outbox, as somebody sees it who does not capture it: a superuser, or a role that the server shows only
    /// what it shows everybody.
    @Suite struct CaptureLookTests {
        private func fixture(_ mode: CaptureMode, _ role: String) async throws -> (CaptureFixture, PostgresAddress) {
            let server = try await PrivatePostgres()
            let fixture = try await CaptureFixture(mode, applies: false, server: server)
            let database = fixture.database
            if role != "flotilla" {
                try database.psql(
                    """
                    CREATE ROLE \(role) LOGIN REPLICATION; GRANT CREATE ON DATABASE \(database.database) TO \(role);
                    GRANT ALL ON SCHEMA public TO \(role)
                    """)
            }
            let address = PostgresAddress(
                url: server.url(database.database, user: role), name: "postgres/\(database.database)")
            _ = try await fixture.apply(at: address)
            return (fixture, address)
        }

        private func capture(_ count: Int, from outbox: any OutboxSource) async throws -> [CapturedRows] {
            var batches: [CapturedRows] = []
            while batches.map(\.count).reduce(0, +) < count {
                let rows = try await outbox.capture(after: .start, limit: .standard, patience: .seconds(180))
                try #require(!rows.isEmpty)
                batches.append(rows)
            }
            return batches
        }

        @Test(arguments: [CaptureMode.log, .message], ["flotilla", "plain"])
        func whoLooksSeesWhatWaits(mode: CaptureMode, role: String) async throws {
            let (fixture, address) = try await fixture(mode, role)
            func look() async throws -> PendingRows {
                try await PostgresLogOutbox.pending(address, needs: fixture.needs)
            }
            try fixture.database.psql(fixture.events(1...5))
            #expect(try await look().count == 5)
            let outbox = try await fixture.open(at: address)
            let batches = try await capture(5, from: outbox)
            // Messages are in no table: how many wait is not known to others.
            let waiting = try await look()
            #expect(waiting.count == (mode == .log ? 5 : nil))
            #expect(waiting.retainedLog != nil)
            if mode == .log { #expect(waiting.oldest != nil) }
            for rows in batches {
                try await outbox.settle(
                    CapturedBatch(published: rows.positions, parked: [], through: try #require(rows.last)))
            }
            let idling = Task {
                while !Task.isCancelled {
                    _ = try await outbox.capture(after: .start, limit: .standard, patience: .milliseconds(50))
                }
            }
            try await eventually("nothing waits") { try await look().count == 0 }
            // Others write as well.
            for _ in 0..<5 {
                try fixture.database.psql("SELECT pg_logical_emit_message(true, 'others', 'x')")
                try await eventually("that is nobody's event") { try await look().count == 0 }
            }
            idling.cancel()
            _ = await idling.result
            await outbox.close()
            #expect(try await look().count == 0)
        }

        /// Looking at a long backlog takes a server no longer than at a short one: what comes behind the first rows is reckoned
        /// from their numbers or taken from its own statistics, and not counted.
        @Test(arguments: [CaptureMode.poll, .log]) func aLongBacklogIsReckoned(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            func look() async throws -> Int { try #require(try await fixture.pending().count) }
            try await fixture.withOutbox { outbox in
                try fixture.database.psql(
                    """
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                    SELECT gen_random_uuid(), 'order', 'k', 'OrderPlaced', '{}' FROM generate_series(1, 25000)
                    """)
                if mode == .poll {
                    #expect(try await look() == 25_000)
                    let middle =
                        "flotilla_sequence - (SELECT min(flotilla_sequence) FROM outbox) BETWEEN 15000 AND 19999"
                    try fixture.database.psql("DELETE FROM outbox WHERE \(middle)")
                    #expect(try await look() == 25_000)
                } else {
                    // The server notes how many rows there are when the session that wrote them is idle, or ends.
                    try await eventually("the server has noted them") { try await look() == 25_000 }
                    try fixture.database.psql("SELECT pg_stat_reset_single_table_counters('outbox'::regclass)")
                    try await eventually("of the rest nothing is known") {
                        try await look() == PendingRows.countLimit
                    }
                }
            }
        }

        /// A place that another role's session tells is not believed.
        @Test func aNameIsBelievedOfTheSameRoleAlone() async throws {
            let (fixture, address) = try await fixture(.log, "plain")
            let outbox = try await fixture.open(at: address)
            try fixture.database.psql(fixture.events(1...5))
            _ = try await capture(5, from: outbox)
            let process = try fixture.database.psql(
                "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '\(fixture.slot)'")
            func claim(as role: String) throws -> PostgresSession {
                let session = try PostgresSession(
                    PostgresAddress(
                        url: fixture.database.server.url(fixture.database.database, user: role), name: "claim"),
                    cancellation: CancellationMark())
                try session.script("SET application_name = 'flotilla f \(process)@FFFF/0'")
                return session
            }
            let strange = try claim(as: "flotilla")
            #expect(try await PostgresLogOutbox.pending(address, needs: fixture.needs).count == 5)
            withExtendedLifetime(strange) {}
            let own = try claim(as: "plain")
            #expect(try await PostgresLogOutbox.pending(address, needs: fixture.needs).count == 0)
            withExtendedLifetime(own) {}
            await outbox.close()
        }
    }
#endif
