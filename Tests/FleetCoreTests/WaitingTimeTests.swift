import FleetCore
import Testing

/// What is waited for has its chance, also where the process stands still.
@Suite struct WaitingTimeTests {
    private let start = ContinuousClock.now

    @Test func itIsOverWhenItHasPassed() {
        var time = WaitingTime(.seconds(3), from: start)
        #expect(time.piece == .seconds(1))
        for tenth in 1..<30 { #expect(time.isOver(at: start + .milliseconds(100 * tenth)) == false) }
        #expect(time.left == .milliseconds(100) && time.piece == .milliseconds(100))
        #expect(time.isOver(at: start + .seconds(3)) == true)
        #expect(time.piece == .zero)
    }

    @Test func aStandstillCountsAsOnePiece() {
        var time = WaitingTime(.seconds(5), from: start)
        #expect(time.isOver(at: start + .seconds(3600)) == false)
        #expect(time.left == .seconds(4))
        #expect(time.isOver(at: start + .seconds(7200)) == false)
        #expect(time.left == .seconds(3))
    }

    /// It is noticed when the time would be over: there is one more look, and no more than one.
    @Test func whoStoodStillLooksOnceMore() {
        var time = WaitingTime(.milliseconds(500), from: start)
        #expect(time.isOver(at: start + .seconds(60)) == false)
        #expect(time.piece == WaitingTime.longestPiece)
        #expect(time.isOver(at: start + .seconds(120)) == true)
    }

    @Test func itIsShortenedAndNeverLonger() {
        var time = WaitingTime(.seconds(5), from: start)
        time.shorten(to: .seconds(9), at: start)
        #expect(time.left == .seconds(5))
        // What has passed before counts no more.
        time.shorten(to: .milliseconds(700), at: start + .milliseconds(900))
        #expect(time.isOver(at: start + .milliseconds(1500)) == false)
        #expect(time.isOver(at: start + .milliseconds(1600)) == true)
        var none = WaitingTime(.zero, from: start)
        #expect(none.isOver(at: start) == true)
    }
}
