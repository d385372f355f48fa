import Foundation
import GRDB
import Testing

/// How fast a view takes its events, and how many at once.
@Suite(.serialized, .lanes) struct LimitTests {
    @Test func noMoreTakeEffectInATimeThanTheRateAllows() async throws {
        let setting = try await FlowFleet(FlowFleet.yaml(limit: "limit: {rate: 40/s}"))
        try await setting.make(1...60)
        let begun = ContinuousClock.now
        let run = try await setting.fleet.startRun()
        // The view without a limit does not wait for the other.
        try await eventually("the other view has all") { try await setting.times().count == 60 }
        var seen = 0
        while seen < 60 {
            // What is there was there before the clock is looked at.
            seen = try await setting.ledger().count
            let seconds = (ContinuousClock.now - begun) / .seconds(1)
            #expect(Double(seen) <= 4 + 40 * seconds, "\(seen) within \(seconds) s")
            guard seconds < 180 else { throw Trouble("\(seen) after \(seconds) s") }
            try await Task.sleep(for: .milliseconds(20))
        }
        let status = try await FlowStatus.read(setting.fleet)
        #expect(status.views.map(\.rate) == ["40/s", nil])
        #expect(status.views.map(\.inFlight) == [4096, 4096])
        #expect(try await setting.ledger() == Array(1...60))
        try await setting.end(run)
    }

    /// Events on which the view does nothing cost it nothing.
    @Test func onlyWhatTakesEffectCounts() async throws {
        let setting = try await FlowFleet(FlowFleet.yaml(limit: "limit: {rate: 60/m}"))
        try await setting.make(1...500, type: "Noted")
        try await setting.make(501...501)
        let idle = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(idle.ended(0), "\(idle.said)")
        #expect(try await setting.ledger() == [501])
    }

    @Test func oneTransactionTakesNoMoreThanIsInFlight() async throws {
        let setting = try await FlowFleet(FlowFleet.yaml(limit: "limit: {in_flight: 7}"))
        // A transaction that holds more than seven fails.
        try await setting.copies.write { database in
            try database.execute(
                sql: """
                    CREATE TRIGGER few BEFORE INSERT ON ledger
                    WHEN (SELECT count(*) FROM ledger) >= 7 + (SELECT position FROM flotilla_subscriptions WHERE name = 'ledger')
                    BEGIN SELECT RAISE(ABORT, 'more than seven at once'); END
                    """)
        }
        try await setting.make(1...100)
        let idle = try await setting.fleet.flotilla("run", "--until-idle")
        #expect(idle.ended(0), "\(idle.said)")
        #expect(try await setting.ledger() == Array(1...100))
    }

    @Test func aLimitedViewIsPausedAtOnce() async throws {
        let setting = try await FlowFleet(FlowFleet.yaml(limit: "limit: {rate: 1/h}"))
        try await setting.make(1...3)
        let run = try await setting.fleet.startRun()
        try await setting.arrives([1])
        try await eventually("the second waits for its turn") {
            try await FlowStatus.read(setting.fleet).views[0].pending == 2
        }
        #expect(try await setting.does("pause", "copies.ledger").contains("paused copies.ledger"))
        #expect(!(try await setting.does("pause", "copies.ledger")).contains("has not ended yet"))
        try await setting.end(run)
        #expect(try await setting.ledger() == [1])
    }
}
