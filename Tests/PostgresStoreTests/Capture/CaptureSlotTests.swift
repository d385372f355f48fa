#if Postgres
    import FleetCore
    import Outbox
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// What the server keeps for whoever captures from its log: nothing is told to be safe that is not, and what was lost is
    /// said.
    @Suite(.serialized) struct CaptureSlotTests {
        /// A server that keeps little of its log.
        private static let forgetful = Task { try await PrivatePostgres(settings: ["max_slot_wal_keep_size": "1MB"]) }

        private func expectGap(
            _ fixture: CaptureFixture, _ words: String..., location: SourceLocation = #_sourceLocation
        ) async throws {
            for body in [
                { _ = try await fixture.open() }, { _ = try await fixture.pending() }, { try await fixture.apply() },
            ] as [() async throws -> Void] {
                let error = try await checkThrows(.gap) { try await body() }
                #expect(error.description.contains(fixture.database.address.name), sourceLocation: location)
                #expect(
                    error.remedy?.contains("flotilla apply --replace-slot \(fixture.needs.stream.service)") == true,
                    sourceLocation: location)
                for word in words { #expect(error.message.contains(word), "\(error)", sourceLocation: location) }
            }
        }

        /// One event is carried; what comes next may be lost.
        private func prepare(_ mode: CaptureMode, server: PrivatePostgres? = nil) async throws -> CaptureFixture {
            let fixture = try await CaptureFixture(mode, server: server)
            try fixture.database.psql(fixture.event(1))
            try await fixture.withOutbox { outbox in
                var carrier = Carrier()
                try await carrier.drain(outbox)
            }
            try await eventually("the slot is free") {
                try fixture.database.psql(
                    "SELECT active FROM pg_replication_slots WHERE slot_name = '\(fixture.slot)'") == "f"
            }
            return fixture
        }

        @Test(arguments: [CaptureMode.log, .message])
        func missingSlotIsAGap(mode: CaptureMode) async throws {
            let fixture = try await prepare(mode)
            try fixture.database.psql("SELECT pg_drop_replication_slot('\(fixture.slot)')")
            try await expectGap(fixture, fixture.slot, "missing")
        }

        @Test(arguments: [CaptureMode.log, .message])
        func slotThatWasMadeAnewIsAGap(mode: CaptureMode) async throws {
            let fixture = try await prepare(mode)
            try fixture.database.psql(
                """
                SELECT pg_drop_replication_slot('\(fixture.slot)'); \(fixture.event(2))
                SELECT pg_create_logical_replication_slot('\(fixture.slot)', 'pgoutput');
                """)
            try await expectGap(fixture, fixture.slot, "ahead of")
            // A new slot carries what is still there, and goes on.
            _ = try await PostgresSetup(fixture.database.address).removeCapture(fixture.needs)
            try await fixture.apply()
            try fixture.database.psql(fixture.event(3))
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == (mode == .log ? [2, 3] : [3]))
        }

        @Test func slotThatWasAdvancedIsAGap() async throws {
            let fixture = try await prepare(.log)
            try fixture.database.psql(
                "\(fixture.event(2)) SELECT pg_replication_slot_advance('\(fixture.slot)', pg_current_wal_lsn());")
            try await expectGap(fixture, fixture.slot, "ahead of")
        }

        @Test(arguments: [CaptureMode.log, .message])
        func slotThatTheServerGaveUpIsAGap(mode: CaptureMode) async throws {
            let fixture = try await prepare(mode, server: try await Self.forgetful.value)
            try await eventually("the slot is lost") {
                try fixture.database.psql("\(fixture.event(2)) SELECT pg_switch_wal(); CHECKPOINT;")
                let status = "SELECT wal_status FROM pg_replication_slots WHERE slot_name = '\(fixture.slot)'"
                return try fixture.database.psql(status) == "lost"
            }
            try await expectGap(fixture, fixture.slot, "max_slot_wal_keep_size")
        }

        /// What is written meanwhile is told by nobody.
        @Test(arguments: [
            ("DROP PUBLICATION $", "is missing"),
            ("ALTER PUBLICATION $ DROP TABLE outbox", "does not tell of table outbox"),
            ("ALTER PUBLICATION $ SET TABLE outbox WHERE (type = 'Sold')", "does not tell all of table outbox"),
            ("ALTER PUBLICATION $ SET (publish = 'delete')", "does not publish inserts"),
            (
                "ALTER TABLE outbox RENAME TO old; CREATE TABLE outbox (LIKE old INCLUDING ALL)",
                "does not tell of table outbox"
            ),
        ]) func publicationOfAnythingElseIsAGap(sql: String, words: String) async throws {
            let fixture = try await prepare(.log)
            try fixture.database.psql(sql.replacing("$", with: fixture.slot))
            try await expectGap(fixture, fixture.slot, words)
            _ = try await PostgresSetup(fixture.database.address).removeCapture(fixture.needs)
            try await fixture.apply()
            try fixture.database.psql(fixture.event(3))
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == [3])
        }

        /// Slots are the server's, and have the fleet's name.
        @Test(arguments: [CaptureMode.log, .message])
        func slotOfAnotherDatabaseOrSchemaIsLeftAlone(mode: CaptureMode) async throws {
            let fixture = try await prepare(mode)
            let other = try await ServiceDatabase(server: fixture.database.server)
            var schema = fixture.database.address
            schema.schema = "another"
            for address in [other.address, schema] {
                let error = try await checkThrows(.invalidInput) { _ = try await fixture.apply(at: address) }
                #expect(error.message.contains(fixture.slot) && error.message.contains(fixture.database.database))
            }
            try fixture.database.psql(fixture.event(2))
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == [2])
        }

        /// A slot of another kind under our name is nobody's to use or to drop.
        @Test func slotOfAnotherPluginIsRefused() async throws {
            let fixture = try await prepare(.log)
            try fixture.database.psql(
                """
                SELECT pg_drop_replication_slot('\(fixture.slot)');
                SELECT pg_create_logical_replication_slot('\(fixture.slot)', 'test_decoding');
                """)
            let error = try await checkThrows(.invalidInput) { _ = try await fixture.open() }
            #expect(error.message.contains("test_decoding"))
        }

        /// The slot is the lease.
        @Test(arguments: CaptureMode.allCases)
        func whoComesSecondIsTold(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            try await fixture.withOutbox { outbox in
                let error = try await checkThrows(.busy) { _ = try await fixture.open() }
                #expect(error.description.contains("another flotilla captures this outbox"), "\(error)")
                #expect(error.description.contains("process"), "\(error)")
                #expect(error.remedy?.contains("stop it") == true)
                // The first is not disturbed.
                try fixture.database.psql(fixture.event(1))
                var carrier = Carrier()
                try await carrier.drain(outbox)
                #expect(carrier.numbers == [1])
            }
            try await fixture.withOutbox { _ in }
        }

        @Test(arguments: CaptureMode.allCases)
        func whatIsNotSetUpIsTold(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, applies: false)
            let error = try await checkThrows(.notApplied) { _ = try await fixture.open() }
            #expect(error.remedy?.contains("flotilla apply") == true)
        }

        /// Rows that stood in the table come first, once, in their order, and those that come later behind them.
        @Test func backlogIsCarriedOnceAndFirst() async throws {
            let fixture = try await CaptureFixture(.log, table: LaxTable.sql(id: "uuid"), applies: false)
            try fixture.database.psql(fixture.events(1...1000) + fixture.events(1001...1100, key: "b"))
            try await fixture.apply()
            try fixture.database.psql(fixture.events(1101...1200))
            #expect(try await fixture.pending().count == 1200)
            let limit = BatchLimit(events: 150, bytes: .mebibytes(1))
            var all: [Int] = []
            while all.count < 1200 {
                var carrier = Carrier()
                let before = all.count
                try await fixture.withOutbox(limit: limit) { outbox in
                    for _ in 0..<3 where before + carrier.numbers.count < 1200 {
                        try await carrier.step(outbox, limit: limit, patience: .seconds(180))
                    }
                }
                all += carrier.numbers
                try #require(all.count > before)
            }
            #expect(all == Array(1...1200))
            #expect(try fixture.database.psql("SELECT count(*) FROM outbox") == "0")
            #expect(try await fixture.pending().count == 0)
        }

        /// A backlog is settled batch by batch: after a bad end nothing is missing, and the table is emptied all the same.
        @Test func backlogSurvivesABadEnd() async throws {
            let fixture = try await CaptureFixture(.log, table: LaxTable.sql(id: "uuid"), applies: false)
            try fixture.database.psql(fixture.events(1...1000))
            try await fixture.apply()
            let limit = BatchLimit(events: 100, bytes: .mebibytes(1))
            var all: [Int] = []
            for steps in 1...3 {
                var carrier = Carrier()
                let outbox = try await fixture.reopen(limit: limit)
                for _ in 0..<steps { try await carrier.step(outbox, limit: limit, patience: .seconds(180)) }
                try fixture.terminate()
                await outbox.close()
                all += carrier.numbers
            }
            var carrier = Carrier()
            try await fixture.withOutbox(limit: limit) { try await carrier.drain($0, limit: limit) }
            #expect(all + carrier.numbers == Array(1...1000))
            #expect(try fixture.database.psql("SELECT count(*) FROM outbox") == "0")
        }

        /// From one way of capture to another nothing is lost.
        @Test func polledOutboxGoesOnFromTheLog() async throws {
            let polled = try await CaptureFixture(.poll)
            try polled.database.psql(polled.events(1...5))
            var carrier = Carrier()
            try await polled.withOutbox { outbox in
                try await carrier.step(outbox, limit: BatchLimit(events: 2, bytes: .mebibytes(1)))
            }
            let needs = polled.needs(.log)
            let setup = PostgresSetup(polled.database.address)
            _ = try await setup.apply(StoreNeeds(outbox: needs, views: []))
            try polled.database.psql(polled.event(6))
            let outbox = try await PostgresLogOutbox(polled.database.address, needs: needs)
            try await carrier.drain(outbox)
            await outbox.close()
            #expect(carrier.numbers == [1, 2, 3, 4, 5, 6])
            #expect(try polled.database.psql("SELECT count(*) FROM outbox") == "0")
        }
    }
#endif
