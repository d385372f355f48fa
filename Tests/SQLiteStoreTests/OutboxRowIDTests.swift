import FleetCore
import Outbox
import Parking
import SQLiteStore
import Stores
import TestKit
import Testing

/// Outboxes without AUTOINCREMENT, in which SQLite gives the ids of deleted rows again.
@Suite struct OutboxRowIDTests {
    @Test func rowsAfterAnEmptiedTableAreCaptured() async throws {
        let file = try await OutboxFile(schema: OutboxFile.foreignSchema)
        try await file.withOutbox { outbox in
            var position = OutboxPosition.start
            for round in 0..<3 {
                let numbers = Array(round * 10..<round * 10 + 5)
                for number in numbers { try await file.add(number) }
                let rows = try await outbox.captureNow(after: position)
                #expect(rows.numbers == numbers)
                position = try #require(rows.last?.position)
                try await outbox.publish(rows)
                #expect(try await file.numbers() == [])
            }
        }
    }

    @Test func aRowThatGetsTheIDOfOneInFlightIsNeitherLostNorDeleted() async throws {
        let file = try await OutboxFile(schema: OutboxFile.foreignSchema)
        for number in 1...3 { try await file.add(number) }
        try await file.withOutbox { outbox in
            let first = try await outbox.captureNow()
            // The service itself removes rows, and writes others: these get the same row ids.
            try await file.store.write { transaction in
                try transaction.run("DELETE FROM outbox")
                for number in 4...5 { try transaction.addRow(number) }
            }
            let last = try #require(first.last?.position)
            // They wait until what was captured under these ids is settled.
            #expect(try await outbox.captureNow(after: last).isEmpty)
            try await outbox.publish(first)
            #expect(try await file.numbers() == [4, 5])
            let second = try await outbox.captureNow(after: last)
            #expect(second.numbers == [4, 5])
            #expect(try await outbox.captureNow(after: second[1].position).isEmpty)
            try await outbox.publish(second)
            #expect(try await file.numbers() == [])
        }
    }

    @Test func aRowThatGetsTheIDOfOneThatIsParkedIsNotParked() async throws {
        let file = try await OutboxFile(schema: OutboxFile.foreignSchema)
        try await file.add(1, key: "a", type: "Unknown")
        try await file.withOutbox { outbox in
            let rows = try await outbox.captureNow()
            try await file.store.write { transaction in
                try transaction.run("DELETE FROM outbox")
                try transaction.addRow(2, key: "b")
            }
            let parked = [RowToPark(position: rows[0].position, key: "a", reason: "why")]
            try await outbox.settle(CapturedBatch(published: [], parked: parked, through: rows[0].position))
            #expect(try await file.numbers() == [2])
            #expect(try await outbox.heldKeys() == [])
            #expect(try await outbox.captureNow(after: rows[0].position).numbers == [2])
        }
    }

    @Test func whatIsNotSettledIsCapturedAgainByTheNextSource() async throws {
        let file = try await OutboxFile(schema: OutboxFile.foreignSchema)
        for number in 1...3 { try await file.add(number) }
        for _ in 0..<2 {
            try await file.withOutbox { outbox in
                let rows = try await outbox.captureNow()
                #expect(rows.numbers == [1, 2, 3])
                #expect(try await outbox.captureNow(after: rows[2].position).isEmpty)
            }
        }
    }

    @Test(arguments: 0..<5)
    func nothingIsLostWhateverTheServiceDeletes(round: Int) async throws {
        var random = RandomSource(for: "nothing is lost, round \(round)")
        let file = try await OutboxFile(schema: OutboxFile.foreignSchema)
        var next = 0
        var deleted: Set<Int> = []
        var published: [Int] = []
        try await file.withOutbox { outbox in
            var position = OutboxPosition.start
            var inFlight: [[CapturedRow]] = []
            func settleOldest() async throws {
                let rows = inFlight.removeFirst()
                published += rows.numbers
                try await outbox.publish(rows)
            }
            for _ in 0..<150 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0...4:
                    let number = next
                    next += 1
                    try await file.add(number)
                case 5:
                    guard let number = try await file.numbers().randomElement(using: &random) else { continue }
                    deleted.insert(number)
                    let id = EventID.numbered(number).description
                    try await file.store.write { _ = try $0.run("DELETE FROM outbox WHERE id = $1", [.text(id)]) }
                case 6, 7:
                    let limit = BatchLimit(
                        events: EventCount(Int.random(in: 1...4, using: &random)), bytes: .mebibytes(1))
                    let rows = try await outbox.captureNow(after: position, limit: limit)
                    if let last = rows.last {
                        position = last.position
                        inFlight.append(rows)
                    }
                default:
                    if !inFlight.isEmpty { try await settleOldest() }
                }
            }
            while !inFlight.isEmpty { try await settleOldest() }
            while case let rows = try await outbox.captureNow(after: position), let last = rows.last {
                position = last.position
                published += rows.numbers
                try await outbox.publish(rows)
            }
        }
        #expect(published == published.sorted(), "seed \(random.seed)")
        #expect(Set(published).count == published.count, "seed \(random.seed)")
        #expect(Set(published).union(deleted) == Set(0..<next), "seed \(random.seed)")
        #expect(try await file.numbers() == [], "seed \(random.seed)")
    }
}
