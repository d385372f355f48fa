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
        #expect(replayed.resume(from: at(100)))
        #expect(replayed.isRepeating)
        #expect(replayed.took(10, through: at(40)) == 0)

        let ordinary = SubscriptionMark()
        ordinary.opened(at: at(100))
        #expect(!ordinary.resume(from: at(100)))
        #expect(ordinary.took(10, through: at(110)) == 10)

        let late = SubscriptionMark()
        #expect(!late.resume(from: at(100)))
        late.opened(at: at(20))
        #expect(late.took(10, through: at(30)) == 0)
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
