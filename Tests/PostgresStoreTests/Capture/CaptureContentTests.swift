#if Postgres
    import FleetCore
    import Outbox
    import Parking
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit
    import Testing

    /// Whatever a service's columns are, the event is the same.
    @Suite(.serialized) struct CaptureContentTests {
        private static let id = "0192f3a4-5b6c-7000-8000-000000000001"
        private static let text = #"{"name": "Łukasz \"the\" \\ \u00e9", "n": 1.50}"#

        struct Payload: CustomTestStringConvertible, Sendable {
            var mode: CaptureMode
            var type: String
            var testDescription: String { "\(mode), \(type)" }
        }
        private static let payloads = [CaptureMode.poll, .log].flatMap { mode in
            ["json", "jsonb", "text", "varchar(1000)", "bytea"].map { Payload(mode: mode, type: $0) }
        }

        private func one(_ fixture: CaptureFixture) async throws -> Event {
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.events.count == 1)
            return try #require(carrier.events.first)
        }

        @Test(arguments: payloads)
        func payloadsOfEveryTypeAreTheSameBytes(payload: Payload) async throws {
            for isBacklog in payload.mode == .log ? [false, true] : [false] {
                let fixture = try await CaptureFixture(
                    payload.mode, table: LaxTable.sql(payload: payload.type), applies: false)
                let value =
                    payload.type == "bytea" ? "convert_to($p$\(Self.text)$p$, 'UTF8')" : "$p$\(Self.text)$p$"
                let insert = "INSERT INTO outbox VALUES (1, '\(Self.id)', 'order', 'a', 'Placed', \(value))"
                if isBacklog { try fixture.database.psql(insert) }
                try await fixture.apply()
                if !isBacklog { try fixture.database.psql(insert) }
                let event = try await one(fixture)
                // jsonb keeps the value, and neither the order of the keys nor how a character was written.
                #expect(
                    event.text == (payload.type == "jsonb" ? #"{"n": 1.50, "name": "Łukasz \"the\" \\ é"}"# : Self.text)
                )
                #expect(event.id.description == Self.id)
                #expect(event.type == "Placed")
                #expect(event.aggregateType == "order")
                #expect(event.source == "/f/\(fixture.needs.stream.service)")
            }
        }

        @Test func messagesCarryTheirPayloadAsItIsWritten() async throws {
            let fixture = try await CaptureFixture(.message)
            func message(_ payload: String) -> String {
                #"{"payload": \#(payload), "id": "\#(Self.id)", "aggregateid": 17, "type": "T", "aggregatetype": "order"}"#
            }
            let payloads = [
                Self.text, #"[1, {"a":  2}]"#, #""plain \u00e9""#, "12345678901234567890123", "-0.10", "true", "null",
            ]
            for payload in payloads { try fixture.database.psql(CaptureFixture.message(message(payload))) }
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(
                carrier.events.map(\.text) == payloads.dropLast(5) + [
                    "plain é", "12345678901234567890123", "-0.10", "true", "",
                ])
            #expect(Set(carrier.events.map(\.key)) == ["17"])
        }

        struct Times: CustomTestStringConvertible, Sendable {
            var mode: CaptureMode
            var type: String
            var value: String
            var testDescription: String { "\(mode), \(type)" }
        }
        private static let times = [CaptureMode.poll, .log].flatMap { mode in
            [
                ("timestamptz", "'2026-11-21 06:20:48.123+02'"), ("timestamp", "'2026-11-21 04:20:48.123'"),
                ("bigint", "1795234848123"), ("text", "'2026-11-21T04:20:48.123Z'"),
            ].map { Times(mode: mode, type: $0.0, value: $0.1) }
        }

        /// Also of what is parked.
        @Test(arguments: times)
        func optionalColumnsAreTaken(time: Times) async throws {
            let fixture = try await CaptureFixture(time.mode, table: LaxTable.sql(time: time.type, headers: "text"))
            // The database's own settings are no matter.
            try fixture.database.psql(
                """
                ALTER DATABASE \(fixture.database.database) SET datestyle = 'German'; ALTER DATABASE \(fixture.database.database)
                SET timezone = 'Asia/Kolkata'; ALTER DATABASE \(fixture.database.database) SET bytea_output = 'escape';
                INSERT INTO outbox VALUES
                    (1, '\(Self.id)', 'order', 'a', 'T', '{}', \(time.value), '00-aa-bb-01', '{"x":  "ü"}'),
                    (2, 'bad', 'order', 'b', 'T', '{}', \(time.value), '00-aa-bb-01', '{"x":  "ü"}');
                """)
            let event = try await one(fixture)
            let parked = try #require(try await fixture.parked().first?.event)
            for event in [event, parked] {
                #expect(event.time == Timestamp("2026-11-21T04:20:48.123Z"))
                #expect(event.traceParent == "00-aa-bb-01")
                #expect(event.headers == #"{"x":  "ü"}"#)
            }
        }

        @Test(arguments: CaptureMode.allCases)
        func withoutOptionalColumnsThereIsATime(mode: CaptureMode) async throws {
            let start = Timestamp.now()
            let fixture = try await CaptureFixture(
                mode,
                table: mode == .message
                    ? ""
                    : "CREATE TABLE outbox (id uuid, aggregatetype text, aggregateid text, type text, payload text)")
            try fixture.database.psql(fixture.event(1))
            let event = try await one(fixture)
            #expect(event.time >= start && event.time <= .now())
            #expect(event.traceParent == nil)
            #expect(event.headers == nil)
        }

        /// Ids in a column of text, however they are written, are found again when their rows are to be removed.
        @Test(arguments: [CaptureMode.poll, .log], ["text", "varchar(36)", "char(36)", "uuid"])
        func rowsAreRemovedHoweverTheirIDsAreWritten(mode: CaptureMode, type: String) async throws {
            let fixture = try await CaptureFixture(mode, table: LaxTable.sql(id: type))
            var ids = [Self.id, "0192F3A4-5B6C-7000-8000-00000000000A"]
            if type != "char(36)" { ids.append("0192f3a45b6c7000800000000000000b") }
            for id in ids {
                try fixture.database.psql("INSERT INTO outbox VALUES (1, '\(id)', 'order', 'a', 'T', '{}')")
            }
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == [1, 10, 11].dropLast(type == "char(36)" ? 1 : 0))
            #expect(try fixture.database.psql("SELECT count(*) FROM outbox") == "0")
        }

        /// Rows that are kept are marked, and go when their time is over.
        @Test(arguments: [CaptureMode.poll, .log])
        func keptRowsGoWhenTheirTimeIsOver(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, keep: .milliseconds(200))
            try fixture.database.psql(fixture.events(1...10))
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == Array(1...10))
            #expect(try fixture.database.psql("SELECT count(*) FROM outbox WHERE flotilla_published_at IS NULL") == "0")
            // What is kept is not captured again, and goes.
            carrier = Carrier()
            try await fixture.withOutbox { outbox in
                try await eventually("kept rows go") {
                    try await carrier.step(outbox)
                    return try fixture.database.psql("SELECT count(*) FROM outbox WHERE id < '\(Self.id.dropLast())b'")
                        == "0"
                }
            }
            #expect(!carrier.numbers.contains { $0 <= 10 })
        }

        /// A table whose outbox is never idle shrinks as well.
        @Test(arguments: [CaptureMode.poll, .log])
        func keptRowsGoWhileOthersCome(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, keep: .milliseconds(200))
            let limit = BatchLimit(events: 10, bytes: .mebibytes(1))
            let writer = try fixture.session()
            var (carrier, last) = (Carrier(), 0)
            try await fixture.withOutbox(limit: limit) { outbox in
                try await eventually("kept rows go") {
                    try writer.script(fixture.events(last + 1...last + 20))
                    last += 20
                    let isBusy = try await carrier.step(outbox, limit: limit, patience: .seconds(180))
                    #expect(isBusy)
                    return try fixture.database.psql("SELECT count(*) FROM outbox WHERE id <= '\(Self.id)'") == "0"
                }
            }
            writer.close()
        }

        /// What was kept goes where nothing is to be kept any more, and what is not published stays.
        @Test(arguments: [CaptureMode.poll, .log])
        func rowsThatWereKeptGoWhereNoneAreKeptAnyMore(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, keep: .seconds(3600))
            try fixture.database.psql(fixture.events(1...10))
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == Array(1...10))
            #expect(try fixture.database.psql("SELECT count(flotilla_published_at) FROM outbox") == "10")
            let slow = try fixture.session()
            try slow.script("BEGIN; " + fixture.event(11))
            let outbox = try await fixture.open(keep: .zero)
            try await eventually("kept rows go") {
                try await carrier.step(outbox)
                return try fixture.database.psql("SELECT count(*) FROM outbox") == "0"
            }
            try slow.script("COMMIT")
            try await carrier.drain(outbox)
            #expect(carrier.numbers == Array(1...11))
            await outbox.close()
            #expect(try fixture.database.psql("SELECT count(*) FROM outbox") == "0")
            slow.close()
        }

        /// A payload that is far too large is parked where it stands, without being read; it holds its own key only.
        @Test(arguments: ["text", "json", "bytea"])
        func payloadThatIsFarTooLargeIsParkedUnread(type: String) async throws {
            let size = 17 << 20
            let fixture = try await CaptureFixture(.poll, table: LaxTable.sql(payload: type))
            let value = type == "bytea" ? "convert_to(text, 'UTF8')::bytea" : "text::\(type)"
            try fixture.database.psql(
                """
                ALTER TABLE outbox ALTER COLUMN payload SET STORAGE EXTERNAL;
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                SELECT ('0192f3a4-5b6c-7000-8000-' || lpad(to_hex(n), 12, '0')), 'order', CASE WHEN n < 3 THEN 'a' ELSE 'b' END, 'T',
                    \(value)
                FROM generate_series(1, 3) AS n,
                    LATERAL (SELECT CASE n WHEN 1 THEN '"' || repeat('x', \(size - 2)) || '"' ELSE '{}' END AS text) AS texts
                """)
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == [3])
            let parked = try await fixture.parked()
            #expect(parked.map(\.eventID.last) == ["1", "2"])
            #expect(parked.first?.reason?.contains("raise outbox.max_event") == true)
            #expect(parked.map(\.event.payload.count) == [size, 2])
        }

        /// Sizes that change from row to row: each comes once and in order, whatever was asked for.
        @Test(arguments: [CaptureMode.poll, .log])
        func rowsOfAllSizesComeInOrder(mode: CaptureMode) async throws {
            let fixture = try await CaptureFixture(mode, table: LaxTable.sql(payload: "text"), applies: false)
            if mode == .poll { try await fixture.apply() }
            try fixture.database.psql(
                """
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                SELECT ('0192f3a4-5b6c-7000-8000-' || lpad(to_hex(n), 12, '0')), 'order', 'a', 'T',
                    repeat('x', CASE WHEN n BETWEEN 3000 AND 3099 THEN 600000 WHEN n % 500 = 0 THEN 200000 ELSE 10 END)
                FROM generate_series(1, 6000) AS n
                """)
            if mode == .log { try await fixture.apply() }
            var carrier = Carrier()
            try await fixture.withOutbox { try await carrier.drain($0) }
            #expect(carrier.numbers == Array(1...6000))
        }
    }
#endif
