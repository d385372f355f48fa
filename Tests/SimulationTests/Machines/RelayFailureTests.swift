import FleetCore
import Outbox
import Relay
import Testing

/// What a relay does when something fails.
@Suite struct RelayFailureTests {
    @Test func appendsTheSameAgainWhateverTheBrokerSays() {
        var machine = RelayMachine.opened()
        _ = machine.handle(.captured(Given.rows(1, 2)))
        let lasting = FleetError(.readOnly, "read-only")
        #expect(machine.told(.failed(.append, Given.unavailable)) == ["wait after 1 failures, then append"])
        #expect(machine.told(.waited(.append)) == ["append [1, 2]"])
        #expect(machine.told(.failed(.append, lasting)) == ["wait after 2 failures, then append"])
        #expect(machine.told(.waited(.append)) == ["append [1, 2]"])
        #expect(machine.told(.appended) == ["settle [1, 2], park [], through 2"])
    }

    @Test func capturesOnWhileTheBrokerFailsButNoMoreThanOneBatch() {
        var machine = RelayMachine.opened()
        _ = machine.handle(.captured(Given.rows(1, 1)))
        _ = machine.handle(.failed(.append, Given.unavailable))
        #expect(machine.told(.captured(Given.rows(2, 2))) == [])
        #expect(machine.told(.waited(.append)) == ["append [1]"])
    }

    @Test func settlesTheSameAgainWhenTheStoreIsBusy() {
        var machine = RelayMachine.opened()
        _ = machine.handle(.captured(Given.rows(1, 1)))
        _ = machine.handle(.appended)
        #expect(machine.told(.failed(.settle, Given.busy)) == ["wait after 1 failures, then settle"])
        #expect(machine.told(.captured(Given.rows(2, 2))) == ["append [2]", "capture after 2"])
        #expect(machine.told(.waited(.settle)) == ["settle [1], park [], through 1"])
    }

    @Test(arguments: [Given.conflict, Given.unavailable, FleetError(.corrupt, "damaged")])
    func opensTheSourceAnewWhenItFails(error: FleetError) {
        var machine = RelayMachine.opened()
        _ = machine.handle(.captured(Given.rows(1, 1)))
        _ = machine.handle(.appended)
        #expect(machine.told(.captured(Given.rows(2, 2))) == ["append [2]", "capture after 2"])
        #expect(machine.told(.failed(.settle, error)) == [])
        #expect(machine.told(.appended) == [])
        #expect(machine.told(.captured(Given.rows(3, 3))) == ["wait after 1 failures, then open"])
        #expect(machine.told(.waited(.open)) == ["open"])
        #expect(machine.told(.opened(heldKeys: ["key0"])) == ["capture after the start"])
        #expect(machine.told(.captured(Given.rows(1, 1))) == ["append []", "capture after 1"])
    }

    @Test func waitsForWaitsToEndBeforeItOpensAnew() {
        var machine = RelayMachine.opened()
        _ = machine.handle(.captured(Given.rows(1, 1)))
        _ = machine.handle(.failed(.append, Given.unavailable))
        #expect(machine.told(.failed(.capture, Given.unavailable)) == [])
        #expect(machine.told(.waited(.append)) == ["wait after 1 failures, then open"])
    }

    @Test func waitsLongerTheMoreOftenOpeningFails() {
        var machine = RelayMachine(contract: Given.contract)
        _ = machine.start()
        #expect(machine.told(.failed(.open, Given.unavailable)) == ["wait after 1 failures, then open"])
        #expect(machine.told(.waited(.open)) == ["open"])
        #expect(machine.told(.failed(.open, Given.unavailable)) == ["wait after 2 failures, then open"])
        #expect(machine.told(.waited(.open)) == ["open"])
        #expect(machine.told(.opened(heldKeys: [])) == ["capture after the start"])
    }

    @Test func waitsForABusyStoreWithoutLosingItsPlace() {
        var machine = RelayMachine.opened()
        _ = machine.handle(.captured(Given.rows(1, 4)))
        #expect(machine.told(.failed(.capture, Given.busy)) == ["wait after 1 failures, then capture"])
        #expect(machine.told(.waited(.capture)) == ["capture after 4"])
    }

    @Test func isNotIdleAfterAFailure() {
        var machine = RelayMachine.opened()
        _ = machine.handle(.captured(CapturedRows()))
        #expect(machine.isIdle)
        _ = machine.handle(.failed(.capture, Given.busy))
        #expect(!machine.isIdle)
    }
}
