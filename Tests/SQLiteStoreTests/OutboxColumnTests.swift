import FleetCore
import Outbox
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct OutboxColumnTests {
    private static let loose = """
        CREATE TABLE outbox (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id, aggregatetype, aggregateid, type, payload,
            time, traceparent TEXT, headers TEXT)
        """

    /// Captures one row with the given values of its columns.
    private func capture(_ values: [String: SQLValue], schema: String = loose) async throws -> CapturedRow {
        let file = try await OutboxFile(schema: schema)
        var row: [String: SQLValue] = [
            "id": .text(EventID.numbered(1).description), "aggregatetype": "order", "aggregateid": "7",
            "type": "OrderPlaced", "payload": "{}",
        ]
        row.merge(values) { $1 }
        let columns = row.keys.sorted()
        let given = columns.map { row[$0] ?? .null }
        try await file.store.write { transaction in
            let places = (1...columns.count).map { "$\($0)" }.joined(separator: ", ")
            try transaction.run("INSERT INTO outbox (\(columns.joined(separator: ", "))) VALUES (\(places))", given)
        }
        return try await file.withOutbox { outbox in
            let rows = try await outbox.captureNow()
            try check(rows.count == 1, "\(rows.count) rows instead of one")
            return rows[0]
        }
    }

    @Test func idsAreReadInEveryForm() async throws {
        let id = EventID.numbered(0x00AB_CDEF)
        let digits = id.description.filter { $0 != "-" }
        let forms: [SQLValue] = [
            .text(id.description), .text(id.description.uppercased()), .text(digits), .text(digits.uppercased()),
            .bytes(id.bytes), .bytes(Array(id.description.utf8)), .bytes(Array(digits.utf8)),
        ]
        for form in forms { #expect(try await capture(["id": form]).event?.id == id, "\(form)") }
    }

    @Test(
        arguments: [
            "", "7", "not-a-uuid", "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f50", .bytes([1, 2, 3]), 7, nil, .bytes([]), 0.5,
        ] as [SQLValue])
    func idsThatAreNoneAreMalformed(id: SQLValue) async throws {
        let row = try await capture(["id": id])
        #expect(row.fault?.contains("is not a UUID") == true)
        #expect(row.key == "7")
    }

    @Test func keyAndTypeMustBeThere() async throws {
        let keyless = try await capture(["aggregateid": nil])
        #expect(keyless.fault?.contains("aggregateid") == true)
        #expect(keyless.key == "")
        #expect(try await capture(["type": nil]).fault?.contains("type") == true)
        #expect(try await capture(["type": nil]).key == "7")
        #expect(try await capture(["aggregateid": .bytes([0xFF])]).fault?.contains("UTF-8") == true)
        #expect(try await capture(["type": .bytes([0xFF])]).fault?.contains("UTF-8") == true)
        #expect(try await capture(["aggregateid": 7]).event?.key == "7")
        #expect(try await capture(["aggregateid": ""]).event?.key == "")
    }

    @Test func payloadsAreBytesAsTheyAre() async throws {
        #expect(try await capture(["payload": nil]).event?.payload == [])
        #expect(try await capture(["payload": ""]).event?.payload == [])
        #expect(try await capture(["payload": .bytes([0, 0xFF, 0])]).event?.payload == [0, 0xFF, 0])
        #expect(try await capture(["payload": "a\0b"]).event?.payload == [97, 0, 98])
        #expect(try await capture(["payload": "Grüße"]).event?.payload == Array("Grüße".utf8))
        let large = String(repeating: "x", count: 1 << 20)
        #expect(try await capture(["payload": .text(large)]).event?.payload.count == 1 << 20)
    }

    @Test(
        arguments: [
            ("2026-11-21T10:00:00.123Z", 1_795_255_200_123_000), ("2026-11-21 10:00:00", 1_795_255_200_000_000),
            (1_795_255_200, 1_795_255_200_000_000), (1_795_255_200_123, 1_795_255_200_123_000),
            (1_795_255_200_123_456, 1_795_255_200_123_456), (0, 0), (-1, -1_000_000),
            ("1795255200", 1_795_255_200_000_000),
        ] as [(SQLValue, Int64)])
    func timesAreReadInEveryForm(value: SQLValue, microseconds: Int64) async throws {
        #expect(try await capture(["time": value]).event?.time.microseconds == microseconds)
    }

    @Test(
        arguments: [
            nil, "", "yesterday", .bytes([0xFF]), 0.5, .integer(.min), .integer(.max), .integer(.min + 1),
            "99999999999999999999",
        ] as [SQLValue])
    func timesThatAreNoneAreTheTimeOfCapture(value: SQLValue) async throws {
        let time = try #require(try await capture(["time": value]).event?.time)
        #expect(abs(Timestamp.now().elapsed(since: time).inSeconds) < 600)
    }

    @Test func optionalColumnsAreHonoured() async throws {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let row = try await capture(["traceparent": .text(trace), "headers": #"{"tenant": "a"}"#])
        #expect(row.event?.traceParent == trace)
        #expect(row.event?.headers == #"{"tenant": "a"}"#)
        let without = try await capture([:])
        #expect(without.event?.traceParent == nil)
        #expect(without.event?.headers == nil)
    }

    @Test func optionalColumnsMayBeAbsent() async throws {
        let event = try #require(try await capture([:], schema: OutboxFile.foreignSchema).event)
        #expect(event.traceParent == nil)
        #expect(event.headers == nil)
        #expect(abs(Timestamp.now().elapsed(since: event.time).inSeconds) < 600)
        let file = try await OutboxFile(schema: OutboxFile.foreignSchema)
        try await file.add(1)
        let pending = try await file.withOutbox { try await $0.pending() }
        #expect(pending == PendingRows(count: 1, oldest: nil))
    }
}
