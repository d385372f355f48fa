import FleetCore
import Parking
import Stores
import TestKit

extension RecordConformance {
    private static let parking = Parking(place: .subscription("totals"), stream: stream)
    private static let elsewhere = Parking(place: .outbox, stream: stream)
    private static let now = Timestamp(microseconds: 1_800_000_000_000_000)

    private static func entry(_ number: Int, key: String) -> Parking.LogEntry {
        Parking.LogEntry(
            position: Int64(number),
            event: Event(
                id: .numbered(number), source: stream.source, type: "T", key: key, aggregateType: "order",
                time: now, traceParent: number % 2 == 0 ? "trace" : nil, headers: number % 2 == 0 ? "{}" : nil,
                contentType: number == 3
                    ? Event.noContentType : number == 4 ? "application/avro" : Event.usualContentType,
                payload: number == 3 ? [] : [UInt8(number), 0, 0xFF]))
    }

    /// Parks 1 to 4 of key `a`, of which all but the first wait, and 5 of key `b`, which is tried again by itself.
    private static func fill(_ transaction: any StoreTransaction) throws {
        for number in 1...4 {
            let reason = number == 1 ? "on purpose" : nil
            try parking.park(entry(number, key: "a"), reason: reason, nextAttempt: nil, at: now, in: transaction)
        }
        let next = now.advanced(by: .seconds(5))
        try parking.park(entry(5, key: "b"), reason: "not yet", nextAttempt: next, at: now, in: transaction)
        try elsewhere.park(entry(6, key: "c"), reason: "outbox", nextAttempt: nil, at: now, in: transaction)
    }

    private static func head(of key: String, _ transaction: any StoreTransaction) throws -> ParkedEvent {
        guard let head = try parking.head(of: key, in: transaction) else {
            throw CheckFailure("key \(key) has no parked events")
        }
        return head
    }

    static let parkingChecks: [Check] = [
        Check("what a stream brings again is dropped, and nothing else") { suite in
            try await suite.store.write { transaction in
                try fill(transaction)
                try checkEqual(try parking.oldestFailure(in: transaction), now)
                try checkEqual(try parking.removeAll(after: LogPosition(5), in: transaction), 0)
                try checkEqual(try parking.removeAll(after: LogPosition(2), in: transaction), 3)
                try checkEqual(try parking.list(limit: 10, in: transaction).map(\.position), [1, 2])
                try checkEqual(try parking.removeAll(after: LogPosition(0), in: transaction), 2)
                try checkEqual(try parking.oldestFailure(in: transaction), nil)
                try checkEqual(try elsewhere.counts(in: transaction), ParkedCounts(parked: 1))
            }
        },
        Check("parked events come back as they were") { suite in
            try await suite.store.write { transaction in
                try fill(transaction)
                let all = try parking.list(limit: 10, in: transaction)
                try checkEqual(all.map(\.event), (1...5).map { entry($0, key: $0 == 5 ? "b" : "a").event })
                try checkEqual(all.map(\.eventID), (1...5).map { EventID.numbered($0).description })
                try checkEqual(all.map(\.position), [1, 2, 3, 4, 5])
                try checkEqual(all.map(\.attempts), [1, 0, 0, 0, 1])
                try checkEqual(all.map(\.reason), ["on purpose", nil, nil, nil, "not yet"])
                try checkEqual(all.map(\.parkedAt), [now, now, now, now, now])
                try checkEqual(all.map(\.sequence), all.map(\.sequence).sorted())
                let page = try parking.list(from: all[2].sequence, limit: 2, in: transaction)
                try checkEqual(page.map(\.position), [3, 4])
                try checkEqual(try parking.events(withID: EventID.numbered(3).description, in: transaction), [all[2]])
                try checkEqual(try parking.events(withID: EventID.numbered(6).description, in: transaction), [])
                try checkEqual(
                    try parking.counts(in: transaction), ParkedCounts(parked: 1, retrying: 1, waiting: 3))
                try checkEqual(try elsewhere.counts(in: transaction), ParkedCounts(parked: 1))
            }
        },
        Check("texts of any characters are parked") { suite in
            let odd = "a\u{0}\u{301}b\u{1}c\u{1}0\u{1}\u{0}'\"\\%_ é𝄞\u{FFFD}\u{10FFFF}"
            try await suite.store.write { transaction in
                var entry = entry(2, key: odd)
                entry.event.type = odd
                entry.event.aggregateType = odd
                entry.event.headers = odd
                entry.event.traceParent = odd
                entry.eventID = odd
                for reason in [odd, nil] {
                    try parking.park(entry, reason: reason, nextAttempt: now, at: now, in: transaction)
                }
                let all = try parking.list(limit: 10, in: transaction)
                var expected = entry.event
                expected.id = EventID(high: 0, low: 0)
                try checkEqual(all.map(\.event), [expected, expected])
                try checkEqual(all.map(\.reason), [odd, nil])
                try checkEqual(try parking.events(withID: odd, in: transaction), all)
                try checkEqual(try parking.heldKeys(in: transaction), [odd])
                try checkEqual(try parking.isHeld(odd, in: transaction), true)
                try checkEqual(try parking.isHeld("a", in: transaction), false)
                try checkEqual(try parking.dueKeys(at: now, limit: 1, in: transaction), [odd])
                let (applied, failure) = try parking.retry(odd, in: transaction) { event in
                    if event.reason == nil { throw FleetError(.badEvent, odd) }
                }
                try checkEqual(applied, 1)
                try checkEqual(failure?.message, odd)
                try checkEqual(try head(of: odd, transaction).reason, odd)
            }
        },
        Check("a key is held while it has parked events") { suite in
            try await suite.store.write { transaction in
                try checkEqual(try parking.heldKeys(in: transaction), [])
                try fill(transaction)
                try checkEqual(try parking.heldKeys(in: transaction), ["a", "b"])
                try checkEqual(try parking.isHeld("a", in: transaction), true)
                try checkEqual(try parking.isHeld("c", in: transaction), false)
                try checkEqual(try elsewhere.heldKeys(in: transaction), ["c"])
                try parking.remove(try head(of: "b", transaction), in: transaction)
                try checkEqual(try parking.isHeld("b", in: transaction), false)
                try checkEqual(try parking.head(of: "b", in: transaction), nil)
            }
        },
        Check("retrying goes in order and stops at the first that fails") { suite in
            try await suite.store.write { transaction in
                try fill(transaction)
                try transaction.script("CREATE TABLE effects (number BIGINT)")
                func attempt(failingAt failing: Int64) throws -> (applied: Int, failure: FleetError?) {
                    try parking.retry("a", in: transaction) { event in
                        try transaction.run("INSERT INTO effects VALUES ($1)", [.integer(event.position)])
                        if event.position == failing { throw FleetError(.badEvent, "on purpose, again") }
                    }
                }
                func effects() throws -> [SQLValue] {
                    try transaction.rows("SELECT number FROM effects ORDER BY number").map { $0[0] }
                }
                let (applied, failure) = try attempt(failingAt: 3)
                try checkEqual(applied, 2)
                try checkEqual(failure?.code, .badEvent)
                try checkEqual(try effects(), [1, 2])
                let first = try head(of: "a", transaction)
                try check(
                    first.position == 3 && first.attempts == 1 && first.reason?.contains("again") == true, "\(first)")
                try checkEqual(
                    try parking.counts(in: transaction), ParkedCounts(parked: 1, retrying: 1, waiting: 1))
                let again = try attempt(failingAt: 3)
                try check(again.applied == 0 && again.failure != nil, "\(again)")
                try checkEqual(try head(of: "a", transaction).attempts, 2)
                let rest = try attempt(failingAt: 0)
                try check(rest.applied == 2 && rest.failure == nil, "\(rest)")
                try checkEqual(try effects(), [1, 2, 3, 4])
                try checkEqual(try parking.heldKeys(in: transaction), ["b"])
                let none = try attempt(failingAt: 0)
                try check(none.applied == 0 && none.failure == nil, "\(none)")
            }
        },
        Check("an error that is not the event's fails the whole retry") { suite in
            try await suite.store.write { try fill($0) }
            try await checkThrows(.full) {
                try await suite.store.write { transaction in
                    _ = try parking.retry("a", in: transaction) { event in
                        if event.position == 2 { throw FleetError(.full, "the disk is full") }
                    }
                }
            }
            let counts = try await suite.store.read { try parking.counts(in: $0) }
            try checkEqual(counts, ParkedCounts(parked: 1, retrying: 1, waiting: 3))
        },
        Check("a constraint that is checked at the end refuses the event that breaks it") { suite in
            try await suite.store.write { transaction in
                try fill(transaction)
                try transaction.script(
                    """
                    CREATE TABLE known (number BIGINT PRIMARY KEY);
                    INSERT INTO known VALUES (1), (3);
                    CREATE TABLE effects (number BIGINT REFERENCES known (number) DEFERRABLE INITIALLY DEFERRED);
                    """)
                func attempt() throws -> (applied: Int, failure: FleetError?) {
                    try parking.retry("a", in: transaction) { event in
                        // What breaks it for a moment only breaks nothing.
                        try transaction.run("INSERT INTO effects VALUES (-1)")
                        try transaction.run("DELETE FROM effects WHERE number = -1")
                        try transaction.run("INSERT INTO effects VALUES ($1)", [.integer(event.position)])
                    }
                }
                let (applied, failure) = try attempt()
                try checkEqual(applied, 1)
                try checkEqual(failure?.code, .statement)
                try checkEqual(try head(of: "a", transaction).position, 2)
                try transaction.script("INSERT INTO known VALUES (2), (4)")
                try checkEqual(try attempt().applied, 3)
            }
            let effects = try await suite.store.read { try $0.firstRow("SELECT count(*) FROM effects")?[0].integer }
            try checkEqual(effects, 4)
        },
        Check("what is due is tried again, soonest first") { suite in
            try await suite.store.write { transaction in
                try checkEqual(try parking.nextDue(in: transaction), nil)
                for (number, delay) in [(1, 30), (2, 10), (3, 20)] {
                    let next = now.advanced(by: .seconds(delay))
                    try parking.park(
                        entry(number, key: "key-\(number)"), reason: "r", nextAttempt: next, at: now, in: transaction)
                }
                try checkEqual(try parking.nextDue(in: transaction), now.advanced(by: .seconds(10)))
                try checkEqual(try parking.dueKeys(at: now, limit: 10, in: transaction), [])
                let later = now.advanced(by: .seconds(20))
                try checkEqual(try parking.dueKeys(at: later, limit: 10, in: transaction), ["key-2", "key-3"])
                try checkEqual(try parking.dueKeys(at: later, limit: 1, in: transaction), ["key-2"])
                let due = try head(of: "key-2", transaction)
                try parking.recordFailure(of: due, reason: "for good", nextAttempt: nil, in: transaction)
                try checkEqual(try parking.dueKeys(at: later, limit: 10, in: transaction), ["key-3"])
                try checkEqual(try head(of: "key-2", transaction).attempts, 2)
                try checkEqual(try head(of: "key-2", transaction).nextAttempt, nil)
                let last = try head(of: "key-3", transaction)
                try parking.recordFailure(of: last, reason: "later", nextAttempt: later, in: transaction)
                try checkEqual(try head(of: "key-3", transaction).nextAttempt, later)
            }
        },
        Check("there is room for so many") { suite in
            try await suite.store.write { transaction in
                try fill(transaction)
                try parking.checkRoom(for: 2, limit: 7, in: transaction, at: "here")
                do {
                    try parking.checkRoom(for: 3, limit: 7, in: transaction, at: "here")
                    throw CheckFailure("there is room beyond the limit")
                } catch let error as FleetError {
                    try checkEqual(error.code, .full)
                }
                try elsewhere.checkRoom(for: 6, limit: 7, in: transaction, at: "here")
            }
        },
    ]
}
