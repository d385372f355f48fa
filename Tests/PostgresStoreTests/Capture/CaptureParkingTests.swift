#if Postgres
    import FleetCore
    import Outbox
    import Parking
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// What is no event stays behind: it is parked once, with all that it holds, and holds its own key only.
    @Suite(.serialized) struct CaptureParkingTests {
        private static let good = "0192f3a4-5b6c-7000-8000-00000000000"

        /// The same events in all modes: some are none, some wait behind them, some go on.
        private func prepare(_ mode: CaptureMode, hasBacklog: Bool = false) async throws -> CaptureFixture {
            let table = mode == .message ? "" : LaxTable.sql()
            let rows = """
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, time, traceparent, headers) VALUES
                    ('\(Self.good)1', 'order', 'a', 'First', '{"n": 1}', now(), NULL, NULL),
                    (NULL, 'order', 'a', 'NoID', '{"n": 2}', '2026-11-21 04:20:48.123456+00', '00-aa-bb-01', '{"x": "y"}'),
                    ('\(Self.good)3', 'order', 'a', 'Waits', '{"n": 3}', '2026-11-21 04:20:49+00', '00-aa-bb-02', '{"w": "v"}'),
                    ('not-a-uuid', 'order', 'b', 'BadID', '{"n": 4}', now(), NULL, NULL),
                    ('\(Self.good)5', 'order', NULL, 'NoKey', '{"n": 5}', now(), NULL, NULL),
                    ('\(Self.good)6', 'order', 'c', NULL, '{"n": 6}', now(), NULL, NULL),
                    ('\(Self.good)7', NULL, 'd', 'Last', NULL, NULL, NULL, NULL);
                """
            let messages = [
                #"{"id": "\#(Self.good)1", "aggregatetype": "order", "aggregateid": "a", "type": "First", "payload": {"n": 1}}"#,
                #"{"aggregatetype": "order", "aggregateid": "a", "type": "NoID", "payload": {"n": 2}}"#,
                """
                {"id": "\(Self.good)3", "aggregatetype": "order", "aggregateid": "a", "type": "Waits", "payload": {"n": 3},
                "time": "2026-11-21T04:20:49Z", "traceparent": "00-aa-bb-02", "headers": {"w": "v"}}
                """,
                #"{"id": "not-a-uuid", "aggregatetype": "order", "aggregateid": "b", "type": "BadID", "payload": {"n": 4}}"#,
                #"{"id": "\#(Self.good)5", "aggregatetype": "order", "type": "NoKey", "payload": {"n": 5}}"#,
                #"{"id": "\#(Self.good)6", "aggregatetype": "order", "aggregateid": "c", "payload": {"n": 6}}"#,
                #"{"id": "\#(Self.good)7", "aggregateid": "d", "type": "Last"}"#,
            ]
            if hasBacklog {
                return try await CaptureFixture(mode, table: table + rows)
            }
            let fixture = try await CaptureFixture(mode, table: table)
            try fixture.database.psql(
                "BEGIN; "
                    + (mode == .message ? messages.map { CaptureFixture.message($0) }.joined(separator: "\n") : rows)
                    + "COMMIT;")
            return fixture
        }

        private func expectParked(_ fixture: CaptureFixture, _ carrier: Carrier) async throws {
            let isMessage = fixture.mode == .message
            #expect(carrier.numbers == [1, 7])
            #expect(carrier.events.map(\.type) == ["First", "Last"])
            #expect(carrier.events.last?.payload == [])
            #expect(carrier.events.last?.aggregateType == "")
            let parked = try await fixture.parked()
            #expect(parked.map(\.event.key) == ["a", "a", "b", "", "c"])
            try #require(parked.count == 5)
            #expect(
                parked.map(\.eventID) == [
                    "", "\(Self.good)3", "not-a-uuid", isMessage ? "" : "\(Self.good)5",
                    isMessage ? "" : "\(Self.good)6",
                ])
            #expect(parked[0].reason?.contains("UUID") == true)
            #expect(parked[1].reason == nil)
            #expect(parked[2].reason?.contains(isMessage ? "not a UUID" : #""not-a-uuid""#) == true)
            #expect(parked[3].reason?.contains("aggregateid") == true)
            #expect(parked[4].reason?.contains("type") == true)
            // All that was written is there.
            for (index, number) in [2, 3, 4, 5, 6].enumerated() {
                #expect(parked[index].event.text.contains(#""n": \#(number)}"#), "\(parked[index].event.text)")
            }
            #expect(parked[1].event.type == "Waits")
            #expect(parked[1].event.time == Timestamp("2026-11-21T04:20:49Z"))
            #expect(parked[1].event.traceParent == "00-aa-bb-02")
            #expect(parked[1].event.headers == #"{"w": "v"}"#)
            if !isMessage {
                #expect(parked[0].event.type == "NoID")
                #expect(parked[0].event.time == Timestamp("2026-11-21T04:20:48.123456Z"))
                #expect(parked[0].event.traceParent == "00-aa-bb-01")
                #expect(parked[0].event.headers == #"{"x": "y"}"#)
            }
        }

        @Test(arguments: CaptureMode.allCases)
        func whatIsNoEventIsParkedOnceWithItsContent(mode: CaptureMode) async throws {
            let fixture = try await prepare(mode)
            var carrier = Carrier()
            let outbox = try await fixture.open()
            try await carrier.drain(outbox)
            try await expectParked(fixture, carrier)
            #expect(try await outbox.heldKeys() == ["a", "b", "", "c"])
            // Without a good end, parked events are not parked again.
            try fixture.terminate()
            await outbox.close()
            try fixture.database.psql(fixture.event(8, key: "d") + fixture.event(9, key: "b"))
            carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers.last == 8)
            #expect(!carrier.numbers.contains(9))
            #expect(try await fixture.parked().map(\.event.key) == ["a", "a", "b", "", "c", "b"])
            if mode == .poll { #expect(try fixture.database.psql("SELECT count(*) FROM outbox") == "0") }
        }

        /// The same for rows that were there before the slot.
        @Test func whatIsNoEventInABacklogIsParked() async throws {
            let fixture = try await prepare(.log, hasBacklog: true)
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            try await expectParked(fixture, carrier)
            carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.events.isEmpty)
            #expect(try await fixture.parked().count == 5)
        }

        @Test func messagesThatAreNoEventsAreParked() async throws {
            let fixture = try await CaptureFixture(.message)
            let event = #"{"id": "\#(Self.good)1", "aggregateid": "t", "type": "T", "payload": 1}"#
            try fixture.database.psql(
                CaptureFixture.message("no JSON") + CaptureFixture.message("[1]") + CaptureFixture.message("")
                    + CaptureFixture.message(event, isTransactional: false) + fixture.event(2)
                    // Other prefixes are not ours.
                    + "SELECT pg_logical_emit_message(true, 'flotilla2', 'x'), pg_logical_emit_message(true, 'flotill', 'x');"
            )
            var carrier = Carrier()
            let outbox = try await fixture.open()
            try await carrier.drain(outbox)
            #expect(carrier.numbers == [2])
            try fixture.terminate()
            await outbox.close()
            try await fixture.withOutbox { try await carrier.drain($0) }
            let parked = try await fixture.parked()
            #expect(parked.map(\.event.text) == ["no JSON", "[1]", "", event])
            #expect(parked.last?.reason?.contains("pg_logical_emit_message(true") == true)
        }

        /// A message that is no event, and is the last of all for now, is not parked again at each start.
        @Test func messageOutsideATransactionIsParkedOnce() async throws {
            let fixture = try await CaptureFixture(.message)
            try fixture.database.psql(
                CaptureFixture.message(#"{"aggregateid": "t"}"#, isTransactional: false)
                    + CaptureFixture.message(#"{"aggregateid": "u"}"#, isTransactional: false))
            for _ in 0..<3 {
                var carrier = Carrier()
                let outbox = try await fixture.reopen()
                _ = try await carrier.step(outbox, patience: .seconds(1))
                try await carrier.drain(outbox)
                try fixture.terminate()
                await outbox.close()
            }
            #expect(try await fixture.parked().map(\.event.key) == ["t", "u"])
        }

        /// A key that was let go while the machine believes it held: nothing is parked, and nothing settled.
        @Test(arguments: CaptureMode.allCases)
        func keyThatIsHeldNoLongerIsAConflict(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode)
            try fixture.database.psql(fixture.event(1))
            try await fixture.withOutbox { outbox in
                let rows = try await outbox.capture(after: .start, limit: .standard, patience: .seconds(180))
                let last = try #require(rows.last)
                let batch = CapturedBatch(
                    published: [], parked: [RowToPark(position: last, key: "a", reason: nil)], through: last)
                try await checkThrows(.conflict) { try await outbox.settle(batch) }
                #expect(try await fixture.parked().isEmpty)
            }
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == [1])
        }

        /// The table of parked events writes U+0001 in its own way: such a key holds its later events like any other.
        @Test(arguments: CaptureMode.allCases, [false, true])
        func keysOfControlCharactersAreHeld(mode: CaptureMode, hasBacklog: Bool) async throws {
            guard mode == .log || !hasBacklog else { return }
            func rows(_ ids: [String]) -> String {
                ids.map { id in
                    mode == .message
                        ? CaptureFixture.message(
                            #"{"id": "\#(id)", "aggregateid": "a\u0001b", "type": "T\u00010", "aggregatetype": "\u0001", "payload": 1}"#
                        )
                        : "INSERT INTO outbox (id, aggregateid, type, aggregatetype, payload) VALUES ('\(id)', E'a\\x01b', E'T\\x010', E'\\x01', '1');"
                }.joined(separator: "\n")
            }
            let first = rows(["bad\(mode == .message ? "" : "' || chr(1) || '")", "\(Self.good)2"])
            let fixture = try await CaptureFixture(
                mode, table: mode == .message ? "" : LaxTable.sql() + (hasBacklog ? first : ""))
            if !hasBacklog { try fixture.database.psql("BEGIN;" + first + "COMMIT;") }
            var carrier = Carrier()
            try await fixture.withOutbox { outbox in
                try await carrier.drain(outbox)
                #expect(try await outbox.heldKeys() == ["a\u{1}b"])
                try fixture.database.psql(rows(["\(Self.good)3"]) + fixture.event(4, key: "b"))
                try await carrier.drain(outbox)
            }
            #expect(carrier.numbers == [4])
            let parked = try await fixture.parked()
            #expect(
                parked.map(\.eventID) == [
                    mode == .message ? "bad" : "bad\u{1}", "\(Self.good)2", "\(Self.good)3",
                ])
            #expect(Set(parked.map(\.event.key)) == ["a\u{1}b"])
            // A message that is no event is kept as a whole.
            for entry in parked.dropFirst(mode == .message ? 1 : 0) {
                #expect(entry.event.type == "T\u{1}0")
                #expect(entry.event.aggregateType == "\u{1}")
            }
            if mode != .message { #expect(parked[0].reason?.contains("bad\u{1}") == true) }
        }

        @Test(arguments: CaptureMode.allCases)
        func parkedEventsAreBounded(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, table: mode == .message ? "" : LaxTable.sql())
            for number in 1...3 {
                try fixture.database.psql(
                    mode == .message
                        ? CaptureFixture.message(#"{"aggregateid": "k\#(number)"}"#)
                        : "INSERT INTO outbox (aggregateid) VALUES ('k\(number)');")
            }
            let outbox = try await fixture.open(maximumParked: 2)
            var carrier = Carrier()
            let error = try await checkThrows(.full) { try await carrier.drain(outbox) }
            #expect(error.waitingHelps)
            await outbox.close()
        }
    }
#endif
