import FleetCore
import Outbox
import Parking
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct OutboxSettleTests {
    private let parking = Parking(place: .outbox, stream: OutboxFile.stream)

    @Test(arguments: [nil, OutboxFile.foreignSchema])
    func publishedRowsAreRemovedAndNoOthers(schema: String?) async throws {
        let file = try await OutboxFile(schema: schema)
        for number in 1...6 { try await file.add(number) }
        try await file.withOutbox { outbox in
            let rows = try await outbox.captureNow()
            try await outbox.publish(Array(rows[0...2]))
            #expect(try await file.numbers() == [4, 5, 6])
            try await outbox.settle(
                CapturedBatch(published: [rows[3].position, rows[5].position], parked: [], through: rows[5].position))
            #expect(try await file.numbers() == [5])
            #expect(try await outbox.pending().count == 1)
            // Settling again, as after a lost answer, is no error.
            try await outbox.publish(Array(rows[0...2]))
            #expect(try await file.numbers() == [5])
        }
    }

    @Test(arguments: [nil, OutboxFile.foreignSchema])
    func rowsToParkBecomeParkedEvents(schema: String?) async throws {
        let file = try await OutboxFile(schema: schema)
        for number in 1...4 { try await file.add(number, key: number == 4 ? "b" : "a") }
        let clock = ManualClock()
        try await file.withOutbox(clock: clock.clock) { outbox in
            let rows = try await outbox.captureNow()
            let batch = CapturedBatch(
                published: [rows[3].position],
                parked: [
                    RowToPark(position: rows[0].position, key: "a", reason: "not in the contract"),
                    RowToPark(position: rows[1].position, key: "a", reason: nil),
                    RowToPark(position: rows[2].position, key: "a", reason: nil),
                ], through: rows[3].position)
            try await outbox.settle(batch)
            #expect(try await file.numbers() == [])
            #expect(try await outbox.heldKeys() == ["a"])
            #expect(try await outbox.pending().count == 0)
            let parked = try await file.store.read { try parking.list(limit: 10, in: $0) }
            #expect(parked.map { $0.event.id.number } == [1, 2, 3])
            #expect(parked.map(\.reason) == ["not in the contract", nil, nil])
            #expect(parked.map(\.event.payload) == rows[0...2].map { $0.event?.payload })
            #expect(parked.allSatisfy { $0.parkedAt == clock.now && $0.event.source == "/northwind/orders" })
        }
        // Whoever opens it next knows the keys that are held.
        let held = try await file.withOutbox { try await $0.heldKeys() }
        #expect(held == ["a"])
    }

    @Test func aParkedRowKeepsItsAttributes() async throws {
        let file = try await OutboxFile(
            schema: """
                CREATE TABLE outbox (id BLOB, aggregatetype TEXT, aggregateid TEXT, type TEXT, payload BLOB, time, \
                traceparent TEXT, headers TEXT)
                """)
        try await file.store.write { transaction in
            try transaction.run(
                "INSERT INTO outbox VALUES ($1, 'order', 'k', 'T', $2, $3, 'trace', '{}')",
                [.bytes(EventID.numbered(9).bytes), .bytes([0, 0xFF]), 1_700_000_000])
            try transaction.run("INSERT INTO outbox VALUES (NULL, NULL, 'k', NULL, NULL, NULL, NULL, NULL)")
        }
        try await file.withOutbox { outbox in
            let rows = try await outbox.captureNow()
            let event = try #require(rows[0].event)
            #expect(rows[1].fault != nil)
            try await outbox.settle(
                CapturedBatch(
                    published: [],
                    parked: rows.map { RowToPark(position: $0.position, key: "k", reason: "on purpose") },
                    through: rows[1].position))
            let parked = try await file.store.read { try parking.list(limit: 10, in: $0) }
            try #require(parked.count == 2)
            #expect(EventID(parked[0].eventID) == event.id)
            #expect(parked[0].event == event)
            #expect(parked[1].eventID == "")
            #expect(parked[1].event.type == "")
            #expect(parked[1].event.payload == [])
            #expect(try await file.numbers() == [])
        }
    }

    @Test func aRowThatWaitsForNobodyIsAConflictWhichChangesNothing() async throws {
        let file = try await OutboxFile()
        for number in 1...2 { try await file.add(number, key: "a") }
        try await file.withOutbox { outbox in
            let rows = try await outbox.captureNow()
            let batch = CapturedBatch(
                published: [rows[0].position], parked: [RowToPark(position: rows[1].position, key: "a", reason: nil)],
                through: rows[1].position)
            let error = try await checkThrows(.conflict) { try await outbox.settle(batch) }
            #expect(error.isRetriable)
            #expect(try await file.numbers() == [1, 2])
            #expect(try await outbox.heldKeys() == [])
        }
    }

    @Test func thereIsRoomForSoManyParkedRows() async throws {
        let file = try await OutboxFile()
        for number in 1...3 { try await file.add(number) }
        try await file.withOutbox(maximumParked: 2) { outbox in
            let rows = try await outbox.captureNow()
            func batch(_ count: Int) -> CapturedBatch {
                let parked = rows.prefix(count).map { RowToPark(position: $0.position, key: "order-1", reason: "why") }
                return CapturedBatch(published: [], parked: parked, through: rows[count - 1].position)
            }
            let error = try await checkThrows(.full) { try await outbox.settle(batch(3)) }
            #expect(error.isRetriable)
            #expect(try await file.numbers() == [1, 2, 3])
            try await outbox.settle(batch(2))
            #expect(try await file.numbers() == [3])
        }
    }

    @Test func pendingTellsHowManyAndSinceWhen() async throws {
        let file = try await OutboxFile()
        try await file.withOutbox { outbox in
            #expect(try await outbox.pending() == PendingRows(count: 0, oldest: nil))
            for number in 1...3 { try await file.add(number) }
            try await file.store.write { transaction in
                try transaction.run("UPDATE outbox SET time = '2026-01-01T00:00:00Z' WHERE sequence = 1")
                try transaction.run("UPDATE outbox SET time = 1700000000 WHERE sequence = 2")
            }
            let pending = try await outbox.pending()
            #expect(pending == PendingRows(count: 3, oldest: Timestamp("2026-01-01T00:00:00Z")))
            try await outbox.publish([try await outbox.captureNow()[0]])
            let next = try await outbox.pending()
            #expect(next == PendingRows(count: 2, oldest: Timestamp(microseconds: 1_700_000_000_000_000)))
        }
    }

    /// Looking at a long backlog takes no longer than at a short one: what comes behind the first rows is reckoned from their
    /// numbers, and not counted.
    @Test func aLongBacklogIsReckoned() async throws {
        let file = try await OutboxFile()
        _ = try await file.store.write { transaction in
            try transaction.run(
                """
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 25000)
                SELECT 'e' || n, 'order', 'k', 'OrderPlaced', '{}' FROM numbers
                """)
        }
        try await file.withOutbox { outbox in
            #expect(try await outbox.pending().count == 25_000)
            _ = try await file.store.write { try $0.run("DELETE FROM outbox WHERE sequence BETWEEN 15000 AND 19999") }
            #expect(try await outbox.pending().count == 25_000)
            _ = try await file.store.write { try $0.run("DELETE FROM outbox WHERE sequence > 9000") }
            #expect(try await outbox.pending().count == 9_000)
        }
    }

    @Test func whatIsReckonedFollowsTheDensityOfWhatIsCounted() {
        let counted = PendingRows.countLimit
        func reckoned(_ numbers: ClosedRange<Int64>, _ highest: Int64, counted: Int = counted) -> Int {
            PendingRows.reckoned(counted: counted, numbers: numbers, highest: highest)
        }
        let last = Int64(counted)
        #expect(reckoned(1...last, last) == counted)
        #expect(reckoned(1...last, last * 3) == counted * 3)
        // Each second number is missing.
        #expect(reckoned(1...(2 * last - 1), 4 * last - 1) == 2 * counted)
        // Few rows are counted to the last one.
        #expect(reckoned(1...7, 1_000_000, counted: 4) == 4)
        // Whatever numbers somebody gives.
        #expect(reckoned(.min ... .max, .max) == counted)
        #expect(reckoned(.min...(.min + last), .max) > counted)
    }

    @Test func settlingWaitsOutAnotherWriterOnlyForABoundedTime() async throws {
        let file = try await OutboxFile()
        try await file.add(1)
        try await file.withOutbox { outbox in
            let rows = try await outbox.captureNow()
            let gate = Gate()
            async let held: Void = file.store.write { transaction in
                try transaction.addRow(2)
                try gate.pass()
            }
            try await gate.waitForArrival()
            let start = ContinuousClock.now
            let error = try await checkThrows(.busy) { try await outbox.publish(rows) }
            #expect(error.isRetriable && error.message.contains(file.path))
            #expect(ContinuousClock.now - start < .seconds(120))
            #expect(try await outbox.captureNow(after: rows[0].position).isEmpty)
            gate.open()
            try await held
            try await outbox.publish(rows)
            #expect(try await file.numbers() == [2])
        }
    }
}
