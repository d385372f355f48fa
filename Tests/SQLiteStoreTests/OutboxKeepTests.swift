import FleetCore
import Outbox
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct OutboxKeepTests {
    @Test func keptRowsAreNotCapturedAgain() async throws {
        let file = try await OutboxFile(keep: .seconds(3_600))
        let clock = ManualClock()
        for number in 1...3 { try await file.add(number) }
        try await file.withOutbox(clock: clock.clock) { outbox in
            try await outbox.publish(try await outbox.captureNow())
            #expect(try await outbox.captureNow().isEmpty)
            #expect(try await outbox.pending().count == 0)
        }
        try await file.add(4)
        try await file.withOutbox(clock: clock.clock) { outbox in
            let pending = try await outbox.pending()
            #expect(pending.count == 1)
            #expect(try await outbox.captureNow().numbers == [4])
        }
        #expect(try await file.numbers() == [1, 2, 3, 4])
    }

    @Test func keptRowsAreRemovedAfterTheirTime() async throws {
        let file = try await OutboxFile(keep: .seconds(3_600))
        let clock = ManualClock()
        try await file.withOutbox(clock: clock.clock) { outbox in
            for number in 1...4 {
                try await file.add(number)
                try await outbox.publish(try await outbox.captureNow())
                clock.advance(by: .seconds(1_200))
            }
            // 4,800 s after the first, 3,600 s after the second: a look at an idle file removes both.
            #expect(try await outbox.captureNow().isEmpty)
            #expect(try await file.numbers() == [3, 4])
            clock.advance(by: .seconds(7_200))
            #expect(try await outbox.captureNow().isEmpty)
            #expect(try await file.numbers() == [])
        }
    }

    @Test func rowsThatAreNotPublishedAreNeverRemoved() async throws {
        let file = try await OutboxFile(keep: .seconds(1))
        let clock = ManualClock()
        for number in 1...4 { try await file.add(number) }
        try await file.withOutbox(clock: clock.clock) { outbox in
            let rows = try await outbox.captureNow(limit: BatchLimit(events: 2, bytes: .mebibytes(1)))
            try await outbox.publish(rows)
            clock.advance(by: .seconds(1_000))
            let rest = try await outbox.captureNow()
            #expect(rest.numbers == [3, 4])
            try await outbox.publish([rest[0]])
            #expect(try await file.numbers() == [3, 4])
        }
    }

    @Test func whatIsPublishedInQuickSuccessionIsRemovedToo() async throws {
        let file = try await OutboxFile(keep: .seconds(100))
        let clock = ManualClock()
        try await file.withOutbox(clock: clock.clock) { outbox in
            for number in 1...5 {
                try await file.add(number)
                try await outbox.publish(try await outbox.captureNow())
                clock.advance(by: .milliseconds(10))
            }
            // Nothing is published after that, and still all of it goes.
            for _ in 0..<4 {
                clock.advance(by: .seconds(101))
                #expect(try await outbox.captureNow().isEmpty)
            }
            #expect(try await file.numbers() == [])
        }
    }

    @Test func rowsAreRemovedInBoundedBatches() async throws {
        let file = try await OutboxFile(keep: .seconds(100))
        let clock = ManualClock()
        let total = 10_000
        try await file.store.write { transaction in
            try transaction.script(
                """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(total))
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                SELECT printf('0192f3a4-5b6c-7000-8000-%012x', i), 'order', i % 7, 'OrderPlaced', '{}' FROM n
                """)
        }
        func count() async throws -> Int64? {
            try await file.store.read { try $0.firstRow("SELECT count(*) FROM outbox")?[0].integer }
        }
        try await file.withOutbox(clock: clock.clock) { outbox in
            var position = OutboxPosition.start
            while case let rows = try await outbox.captureNow(after: position), let last = rows.last {
                position = last.position
                try await outbox.publish(rows)
                clock.advance(by: .seconds(2))
            }
            #expect(try await count() == Int64(total))
            clock.advance(by: .seconds(1_000))
            #expect(try await outbox.captureNow().isEmpty)
            #expect(try await count() == Int64(total - 8_192))
            #expect(try await outbox.captureNow().isEmpty)
            #expect(try await count() == 0)
            #expect(try await outbox.captureNow().isEmpty)
        }
    }

    @Test func parkedRowsAreNotKept() async throws {
        let file = try await OutboxFile(keep: .seconds(3_600))
        for number in 1...2 { try await file.add(number) }
        try await file.withOutbox { outbox in
            let rows = try await outbox.captureNow()
            let parked = [RowToPark(position: rows[0].position, key: "order-1", reason: "why")]
            try await outbox.settle(
                CapturedBatch(published: [rows[1].position], parked: parked, through: rows[1].position))
            #expect(try await file.numbers() == [2])
            #expect(try await outbox.captureNow().isEmpty)
            #expect(try await outbox.heldKeys() == ["order-1"])
        }
    }
}
