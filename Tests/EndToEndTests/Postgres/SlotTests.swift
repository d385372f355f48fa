#if Postgres
    import Foundation
    import TestKit
    import Testing

    /// Replication slots as an operator meets them.
    @Suite(.lanes) struct SlotTests {
        private func slots(of fleet: CountingFleet) throws -> String {
            try fleet.psql(
                """
                SELECT (SELECT count(*) FROM pg_replication_slots WHERE database = current_database()),
                    (SELECT count(*) FROM pg_publication)
                """)
        }

        @Test(arguments: [CountingFleet.Capture.log, .message]) func nobodyLeavesASlotBehind(
            _ capture: CountingFleet.Capture
        ) async throws {
            let fleet = try await CountingFleet(capture)
            #expect(try slots(of: fleet) == "1|1")
            let run = try await fleet.fleet.startRun()
            let busy = try await fleet.fleet.flotilla("apply", "--remove", "counter")
            #expect(!busy.ended(0) && busy.errors.contains("stop `flotilla run` first"), "\(busy.said)")
            run.send(SIGTERM)
            try await run.end()
            #expect(try await fleet.fleet.flotilla("apply", "--remove", "counter").ended(0))
            #expect(try slots(of: fleet) == "0|0")
            let again = try await fleet.fleet.flotilla("apply", "--remove", "counter")
            #expect(again.ended(0) && again.output.contains("nothing to remove"), "\(again.said)")
            let unknown = try await fleet.fleet.flotilla("apply", "--remove", "conter")
            #expect(unknown.ended(1) && unknown.errors.contains("did you mean counter?"), "\(unknown.said)")
            // It is part of the fleet still.
            #expect(try await fleet.fleet.flotilla("plan").ended(2))
            #expect(try await fleet.fleet.flotilla("apply").ended(0))
            #expect(try slots(of: fleet) == "1|1")
        }

        @Test func whatWaitedInARemovedSlotIsToldAndRowsOfTheTableAreCarried() async throws {
            let fleet = try await CountingFleet(.log)
            try fleet.count(1...10)
            let removed = try await fleet.fleet.flotilla("apply", "--remove", "counter")
            #expect(removed.ended(0) && removed.output.contains("30 events had not been carried"), "\(removed.said)")
            #expect(try await fleet.fleet.flotilla("apply").ended(0))
            #expect(try await fleet.fleet.flotilla("run", "--until-idle").ended(0))
            try await fleet.expectAll(10)
        }

        @Test func slotThatIsLostIsToldAndReplaced() async throws {
            let fleet = try await CountingFleet(.log)
            try fleet.count(1...10)
            #expect(try await fleet.fleet.flotilla("run", "--until-idle").ended(0))
            try fleet.psql(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()"
            )
            try fleet.count(11...20)
            for command in [["run", "--until-idle"], ["status"], ["plan"], ["apply"]] {
                let told = try fleet.fleet.start(command)
                #expect(try await told.end() != .code(0))
                let said = told.errors + told.output
                #expect(
                    said.contains("is missing") && said.contains("flotilla apply --replace-slot counter"), "\(said)")
            }
            let replaced = try await fleet.fleet.flotilla("apply", "--replace-slot", "counter")
            #expect(replaced.ended(0) && replaced.output.contains("create replication slot"), "\(replaced.said)")
            #expect(try await fleet.fleet.flotilla("run", "--until-idle").ended(0))
            try await fleet.expectAll(20)
            let polled = try await CountingFleet(.poll).fleet.flotilla("apply", "--replace-slot", "counter")
            #expect(polled.ended(1) && polled.errors.contains("captured by poll"), "\(polled.said)")
        }

        /// Where a synchronous standby is gone, a commit hangs. Whoever is told to end does not wait for it.
        @Test(arguments: CountingFleet.Capture.allCases) func runEndsSoonWhereCommitsHang(
            _ capture: CountingFleet.Capture
        ) async throws {
            let server = try await PrivatePostgres()
            let fleet = try await CountingFleet(capture, server: server)
            let run = try await fleet.fleet.startRun()
            try fleet.count(1...10)
            try await fleet.expectAll(10)
            for sql in ["ALTER SYSTEM SET synchronous_standby_names = 'gone'", "SELECT pg_reload_conf()"] {
                try fleet.psql(sql)
            }
            try fleet.psql("SET synchronous_commit = local; CREATE TABLE marker (a int)")
            try fleet.count(11...20)
            try await eventually("a commit hangs") {
                try fleet.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "0"
            }
            run.send(SIGINT)
            #expect(try await run.end() == .code(0))
            for sql in ["ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"] {
                try fleet.psql(sql)
            }
            #expect(try await fleet.fleet.flotilla("run", "--until-idle").ended(0))
            try await fleet.expectAll(20)
        }

        @Test func retainedLogPastItsBoundIsAnError() async throws {
            let fleet = try await CountingFleet(.log, outbox: "max_retained: 64KiB")
            try fleet.count(1...1000)
            let full = try await fleet.fleet.flotilla("status")
            #expect(full.output.contains("the bound is 64 KiB"), "\(full.said)")
            #expect(full.output.contains("raise outbox.max_retained"), "\(full.said)")
            let run = try await fleet.fleet.startRun()
            try await fleet.expectAll(1000)
            // An idle outbox does not hold the log of a busy database: it is confirmed without an event.
            try await eventually("the slot moves on") {
                try fleet.psql(
                    "SELECT count(pg_logical_emit_message(true, 'others', repeat('x', 100000))) FROM generate_series(1, 20)"
                )
                return try fleet.psql(
                    """
                    SELECT confirmed_flush_lsn > pg_current_wal_lsn() - 8000000 AND confirmed_flush_lsn >
                        (SELECT settled_lsn FROM counter.flotilla_outboxes) - 1 AND
                        pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') > 20000000
                    FROM pg_replication_slots WHERE database = current_database()
                    """) == "t"
            }
            run.send(SIGTERM)
            #expect(try await run.end() == .code(0))
        }
    }
#endif
