import FleetCore
import Objectives
import TestKit
import Testing

@Suite struct WaitingLedgerTests {
    @Test func anEventThatIsLateIsCountedOnce() {
        var ledger = WaitingLedger()
        #expect(ledger.count(arrived: (10, 0), waiting: 0) == (10, 0))
        // Three are late and wait, and are still the same three.
        #expect(ledger.count(arrived: (10, 0), waiting: 3) == (3, 3))
        #expect(ledger.count(arrived: (10, 0), waiting: 3) == (0, 0))
        #expect(ledger.count(arrived: (10, 0), waiting: 5) == (2, 2))
        // They arrive, with two in time behind them.
        #expect(ledger.count(arrived: (17, 5), waiting: 0) == (2, 0))
        #expect(ledger.count(arrived: (18, 6), waiting: 0) == (1, 1))
    }

    @Test func whatIsSeenLaterToBeBadIsCountedAllTheSame() {
        var ledger = WaitingLedger()
        #expect(ledger.count(arrived: (10, 0), waiting: nil) == (10, 0))
        #expect(ledger.count(arrived: (10, 3), waiting: nil) == (0, 0))
        #expect(ledger.count(arrived: (14, 3), waiting: nil) == (4, 3))
    }

    @Test func whatIsDroppedBeforeItArrivesKeepsNobodyElseFromBeingCounted() {
        var ledger = WaitingLedger()
        #expect(ledger.count(arrived: (0, 0), waiting: 4) == (4, 4))
        #expect(ledger.count(arrived: (0, 0), waiting: 0) == (0, 0))
        #expect(ledger.count(arrived: (0, 0), waiting: 0) == (0, 0))
        #expect(ledger.count(arrived: (2, 2), waiting: 0) == (2, 2))
    }

    /// Events come and go at random, and are looked at at random moments: in the end each was counted exactly once.
    @Test func inTheEndEachIsCountedOnce() async {
        var random = RandomSource(for: "waiting ledger")
        for _ in 0..<500 {
            await Task.yield()
            var ledger = WaitingLedger()
            // The age of each that waits, the oldest first.
            var waiting: [Int] = []
            var arrived: (total: Int64, bad: Int64) = (0, 0)
            var counted: (total: Int64, bad: Int64) = (0, 0)
            var written: Int64 = 0
            func arrive(_ count: Int) {
                for age in waiting.prefix(count) {
                    arrived.total += 1
                    if age > 5 { arrived.bad += 1 }
                }
                waiting.removeFirst(min(count, waiting.count))
            }
            func look(_ ledger: inout WaitingLedger, _ random: inout RandomSource) {
                let seen = arrived
                // Some may arrive between the two looks.
                arrive(Int.random(in: 0...1, using: &random))
                let count = ledger.count(arrived: seen, waiting: Int64(waiting.filter { $0 > 5 }.count))
                counted.total += count.total
                counted.bad += count.bad
            }
            for _ in 0..<200 {
                let new = Int.random(in: 0...3, using: &random)
                written += Int64(new)
                waiting = waiting.map { $0 + 1 } + Array(repeating: 0, count: new)
                if Bool.random(using: &random) { arrive(Int.random(in: 0...8, using: &random)) }
                if Bool.random(using: &random) { look(&ledger, &random) }
            }
            arrive(waiting.count)
            look(&ledger, &random)
            #expect(counted == arrived && arrived.total == written)
        }
    }

    @Test func whatAnotherProcessHasCountedIsNotCountedAgain() {
        var ledger = WaitingLedger(charged: 3)
        #expect(ledger.count(arrived: (0, 0), waiting: nil) == (0, 0))
        #expect(ledger.count(arrived: (2, 2), waiting: 4) == (3, 3))
        #expect(ledger.charged == 4)
    }

    @Test func howManyAreSurelyOld() {
        var history = StreamHistory(age: 1000)
        #expect(history.late(behind: 0, at: 0) == nil)
        for time in stride(from: Int64(0), through: 5000, by: 10) { history.note(last: time / 10, at: time) }
        // At 5000 the last record was 500, a second before it was 400.
        #expect((360...400).contains(history.late(behind: 0, at: 5000) ?? 0))
        #expect(history.late(behind: 400, at: 5000) == 0)
        #expect((60...100).contains(history.late(behind: 300, at: 5000) ?? 0))
        #expect(history.late(behind: .min, at: 5000) == history.late(behind: 0, at: 5000))
        #expect(history.late(behind: .max, at: 5000) == 0)
    }

    @Test func aTallyCountsExactly() {
        let tally = ObjectiveTally(threshold: .seconds(2))
        let now = Timestamp(microseconds: 1_800_000_000_000_000)
        let ages: [Int64] = [0, 1_999_999, 2_000_000, 2_000_001, 3_000_000, -5_000_000]
        tally.record(ages: EventTimes(ages.map { Timestamp(microseconds: now.microseconds - $0) }), at: now)
        #expect(tally.counts == (6, 2))
        tally.record(.seconds(2))
        tally.record(.milliseconds(2001))
        #expect(tally.counts == (8, 3))
    }
}
