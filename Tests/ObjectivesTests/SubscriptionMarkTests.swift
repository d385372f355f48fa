import FleetCore
import Objectives
import Testing

/// What is taken again is not counted again.
@Suite struct SubscriptionMarkTests {
    private func at(_ position: Int64) -> LogPosition { LogPosition(position) }

    @Test func whatComesNextIsNew() {
        let mark = SubscriptionMark()
        #expect(mark.highest == nil && !mark.isRepeating)
        mark.opened(at: at(10))
        #expect(mark.took(5, through: at(15)) == 5)
        #expect(mark.highest == at(15) && !mark.isRepeating)
        // It is opened again where it is.
        mark.opened(at: at(15))
        #expect(mark.took(1, through: at(16)) == 1)
    }

    @Test func aReplayIsNotCountedUntilItIsBeyondWhereItWas() {
        let mark = SubscriptionMark()
        mark.opened(at: at(100))
        mark.opened(at: at(20))
        #expect(mark.isRepeating && mark.highest == at(100))
        #expect(mark.took(70, through: at(90)) == 0)
        #expect(mark.isRepeating)
        #expect(mark.took(15, through: at(105)) == 5)
        #expect(!mark.isRepeating)
        #expect(mark.took(2, through: at(107)) == 2)
    }

    /// Also where it began while another process, or nobody, was there.
    @Test func theNextProcessKnowsHowFarItWas() {
        let replayed = SubscriptionMark()
        replayed.opened(at: at(20))
        #expect(replayed.took(10, through: at(30)) == 10)
        #expect(replayed.resume(from: at(100)) == 10)
        #expect(replayed.isRepeating)
        #expect(replayed.took(10, through: at(40)) == 0)

        let ordinary = SubscriptionMark()
        ordinary.opened(at: at(100))
        #expect(ordinary.resume(from: at(100)) == 0)
        #expect(ordinary.took(10, through: at(110)) == 10)

        let late = SubscriptionMark()
        #expect(late.resume(from: at(100)) == 0)
        late.opened(at: at(20))
        #expect(late.took(10, through: at(30)) == 0)
    }

    /// A replay may be over before it is known how far it was.
    @Test(arguments: [(100, 80), (130, 80), (20, 0)]) func whatWasRepeatedBeforeIsLeftOut(
        _ end: Int64, _ repeated: Int64
    ) {
        let mark = SubscriptionMark()
        mark.opened(at: at(20))
        #expect(mark.took(Int(end - 20), through: at(end)) == Int(end - 20))
        #expect(mark.resume(from: at(100)) == repeated)
        // Another objective asks as well.
        #expect(mark.resume(from: at(100)) == repeated)
        #expect(mark.isRepeating == (end < 100))
        var ledger = WaitingLedger()
        ledger.skip(repeated, of: (end - 20, end - 20))
        #expect(ledger.count(arrived: (end - 20, end - 20), waiting: 0) == (end - 20 - repeated, end - 20 - repeated))
    }

    @Test func allIsNewInAnotherStream() {
        let mark = SubscriptionMark()
        mark.opened(at: at(100))
        mark.streamEnds(at: at(100))
        #expect(mark.highest == at(100))
        mark.opened(at: at(0))
        mark.streamEnds(at: at(7))
        #expect(!mark.isRepeating)
        #expect(mark.took(7, through: at(7)) == 7)
    }
}
