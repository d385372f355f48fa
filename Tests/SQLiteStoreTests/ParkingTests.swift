import FleetCore
import Parking
import SQLiteStore
import Stores
import TestKit
import Testing

@Suite struct ParkingTests {
    private let parking = Parking(place: .view(ViewName(unchecked: "totals")), stream: OutboxFile.stream)
    private let elsewhere = Parking(place: .outbox, stream: OutboxFile.stream)
    private let now = Timestamp(microseconds: 1_800_000_000_000_000)

    private func entry(_ number: Int, key: String) -> Parking.LogEntry {
        Parking.LogEntry(
            position: Int64(number),
            event: Event(
                id: .numbered(number), source: OutboxFile.stream.source, type: "T", key: key, aggregateType: "order",
                time: now, traceParent: number % 2 == 0 ? "trace" : nil, headers: number % 2 == 0 ? "{}" : nil,
                payload: [UInt8(number), 0, 0xFF]))
    }

    /// Parks 1 to 4 of key `a`, of which all but the first wait, and 5 of key `b`, which is tried again by itself.
    private func fill(_ transaction: any StoreTransaction) throws {
        for number in 1...4 {
            let reason = number == 1 ? "on purpose" : nil
            try parking.park(entry(number, key: "a"), reason: reason, nextAttempt: nil, at: now, in: transaction)
        }
        let next = now.advanced(by: .seconds(5))
        try parking.park(entry(5, key: "b"), reason: "not yet", nextAttempt: next, at: now, in: transaction)
        try elsewhere.park(entry(6, key: "c"), reason: "outbox", nextAttempt: nil, at: now, in: transaction)
    }

    @Test func parkedEventsComeBackAsTheyWere() async throws {
        let file = try await OutboxFile()
        try await file.store.write { transaction in
            try fill(transaction)
            let all = try parking.list(limit: 10, in: transaction)
            #expect(all.map(\.event) == (1...5).map { entry($0, key: $0 == 5 ? "b" : "a").event })
            #expect(all.map(\.position) == [1, 2, 3, 4, 5])
            #expect(all.map(\.attempts) == [1, 0, 0, 0, 1])
            #expect(all.map(\.sequence) == all.map(\.sequence).sorted())
            let page = try parking.list(from: all[2].sequence, limit: 2, in: transaction)
            #expect(page.map(\.position) == [3, 4])
            #expect(try parking.events(withID: EventID.numbered(3).description, in: transaction) == [all[2]])
            #expect(try parking.events(withID: EventID.numbered(6).description, in: transaction).isEmpty)
            #expect(try parking.counts(in: transaction) == ParkedCounts(parked: 1, retrying: 1, waiting: 3))
            #expect(try elsewhere.counts(in: transaction) == ParkedCounts(parked: 1))
        }
    }

    @Test func aKeyIsHeldWhileItHasParkedEvents() async throws {
        let file = try await OutboxFile()
        try await file.store.write { transaction in
            #expect(try parking.heldKeys(in: transaction) == [])
            try fill(transaction)
            #expect(try parking.heldKeys(in: transaction) == ["a", "b"])
            #expect(try parking.isHeld("a", in: transaction))
            #expect(try !parking.isHeld("c", in: transaction))
            #expect(try elsewhere.heldKeys(in: transaction) == ["c"])
            let head = try #require(try parking.head(of: "b", in: transaction))
            try parking.remove(head, in: transaction)
            #expect(try !parking.isHeld("b", in: transaction))
            #expect(try parking.head(of: "b", in: transaction) == nil)
        }
    }

    @Test func retryingGoesInOrderAndStopsAtTheFirstThatFails() async throws {
        let file = try await OutboxFile()
        try await file.store.write { transaction in
            try fill(transaction)
            try transaction.script("CREATE TABLE effects (number INTEGER)")
            func attempt(failingAt failing: Int64) throws -> (applied: Int, failure: FleetError?) {
                try parking.retry("a", in: transaction) { event in
                    try transaction.run("INSERT INTO effects VALUES ($1)", [.integer(event.position)])
                    if event.position == failing { throw FleetError(.badEvent, "on purpose, again") }
                }
            }
            func effects() throws -> [SQLValue] { try transaction.rows("SELECT number FROM effects").map { $0[0] } }
            let (applied, failure) = try attempt(failingAt: 3)
            #expect(applied == 2)
            #expect(failure?.code == .badEvent)
            #expect(try effects() == [1, 2])
            let head = try #require(try parking.head(of: "a", in: transaction))
            #expect(head.position == 3 && head.attempts == 1 && head.reason?.contains("again") == true)
            #expect(try parking.counts(in: transaction) == ParkedCounts(parked: 1, retrying: 1, waiting: 1))
            let again = try attempt(failingAt: 3)
            #expect(again.applied == 0 && again.failure != nil)
            #expect(try parking.head(of: "a", in: transaction)?.attempts == 2)
            let rest = try attempt(failingAt: 0)
            #expect(rest.applied == 2 && rest.failure == nil)
            #expect(try effects() == [1, 2, 3, 4])
            #expect(try parking.heldKeys(in: transaction) == ["b"])
            let none = try attempt(failingAt: 0)
            #expect(none.applied == 0 && none.failure == nil)
        }
    }

    @Test func anErrorThatIsNotTheEventsFailsTheWholeRetry() async throws {
        let file = try await OutboxFile()
        try await file.store.write { try fill($0) }
        try await checkThrows(.full) {
            try await file.store.write { transaction in
                _ = try parking.retry("a", in: transaction) { event in
                    if event.position == 2 { throw FleetError(.full, "the disk is full") }
                }
            }
        }
        let counts = try await file.store.read { try parking.counts(in: $0) }
        #expect(counts == ParkedCounts(parked: 1, retrying: 1, waiting: 3))
    }

    @Test func whatIsDueIsTriedAgainSoonestFirst() async throws {
        let file = try await OutboxFile()
        try await file.store.write { transaction in
            #expect(try parking.nextDue(in: transaction) == nil)
            for (number, delay) in [(1, 30), (2, 10), (3, 20)] {
                let next = now.advanced(by: .seconds(delay))
                try parking.park(
                    entry(number, key: "key-\(number)"), reason: "r", nextAttempt: next, at: now, in: transaction)
            }
            #expect(try parking.nextDue(in: transaction) == now.advanced(by: .seconds(10)))
            #expect(try parking.dueKeys(at: now, limit: 10, in: transaction) == [])
            let later = now.advanced(by: .seconds(20))
            #expect(try parking.dueKeys(at: later, limit: 10, in: transaction) == ["key-2", "key-3"])
            #expect(try parking.dueKeys(at: later, limit: 1, in: transaction) == ["key-2"])
            let head = try #require(try parking.head(of: "key-2", in: transaction))
            try parking.recordFailure(of: head, reason: "for good", nextAttempt: nil, in: transaction)
            #expect(try parking.dueKeys(at: later, limit: 10, in: transaction) == ["key-3"])
            #expect(try parking.head(of: "key-2", in: transaction)?.attempts == 2)
        }
    }

    @Test func thereIsRoomForSoMany() async throws {
        let file = try await OutboxFile()
        try await file.store.write { transaction in
            try fill(transaction)
            try parking.checkRoom(for: 2, limit: 7, in: transaction, at: "here")
            #expect(throws: FleetError.self) { try parking.checkRoom(for: 3, limit: 7, in: transaction, at: "here") }
            try elsewhere.checkRoom(for: 6, limit: 7, in: transaction, at: "here")
        }
    }
}
