import Brokers
import FleetCore
import Outbox
import Relay
import Testing
import Views

/// What machines do that are told to rest, to go on, or to begin anew.
@Suite struct SteeringTests {
    private static let plain = DeliveryMachine.Application(newlyHeld: [], nextDue: nil)

    @Test func aRelayThatIsPausedFirstOpensNothing() {
        var machine = RelayMachine(contract: Given.contract)
        #expect(machine.restart(isPaused: true).isEmpty)
        #expect(machine.start().isEmpty)
        #expect(machine.isIdle)
        #expect(machine.restart(isPaused: false).map(\.summary) == ["open"])
    }

    @Test func aRelayEndsWhatIsUnderWayAndThenLetsGo() {
        var machine = RelayMachine.opened()
        #expect(machine.told(.captured(Given.rows(1, 2))).first == "append [1, 2]")
        #expect(machine.restart(isPaused: true).isEmpty)
        #expect(machine.told(.captured(Given.rows(3, 3))) == [])
        #expect(machine.told(.appended) == ["settle [1, 2], park [], through 2", "append [3]"])
        #expect(machine.told(.appended) == [])
        #expect(machine.told(.settled) == ["settle [3], park [], through 3"])
        #expect(!machine.isIdle)
        #expect(machine.told(.settled) == ["close"])
        #expect(machine.told(.closed) == [])
        #expect(machine.isIdle)
        #expect(machine.restart(isPaused: true).isEmpty)
        #expect(machine.restart(isPaused: false).map(\.summary) == ["open"])
        #expect(machine.told(.opened(heldKeys: [])) == ["capture after the start"])
    }

    @Test func aRelayThatCannotOpenRestsToo() {
        var machine = RelayMachine(contract: Given.contract)
        _ = machine.start()
        #expect(machine.restart(isPaused: true).isEmpty)
        #expect(machine.told(.failed(.open, Given.unavailable)) == ["close"])
        #expect(machine.told(.closed) == [])
        #expect(machine.isIdle)
        _ = machine.restart(isPaused: false)
        #expect(machine.told(.failed(.open, Given.unavailable)).first?.hasPrefix("wait") == true)
        #expect(machine.restart(isPaused: true).isEmpty)
        #expect(machine.told(.waited(.open)) == ["close"])
    }

    @Test func oneThatIsToldToGoOnWhileItLetsGoOpensAgain() {
        var machine = DeliveryMachine.opened()
        #expect(machine.restart(isPaused: true).isEmpty)
        #expect(machine.told(.read([])) == ["close"])
        #expect(machine.restart(isPaused: false).isEmpty)
        #expect(machine.told(.closed) == ["open"])
    }

    @Test func aDeliveryDropsWhatItReadAndEndsWhatItApplies() {
        var machine = DeliveryMachine.opened()
        _ = machine.handle(.read(Given.records(1, 2)))
        _ = machine.handle(.read(Given.records(3, 4)))
        #expect(machine.restart(isPaused: true).isEmpty)
        #expect(machine.told(.applied(Self.plain)) == ["acknowledge 2, 2 records"])
        #expect(machine.told(.acknowledged) == ["close"])
        #expect(machine.told(.closed) == [])
        #expect(machine.isIdle)
        #expect(machine.restart(isPaused: false).map(\.summary) == ["open"])
    }

    @Test func aDeliveryBeginsAnewFromWhatItsStoreSays() {
        var machine = DeliveryMachine.opened(at: 7)
        #expect(machine.restart(isPaused: false).isEmpty)
        #expect(machine.told(.read(Given.records(8, 9))) == ["close"])
        #expect(machine.told(.closed) == ["open"])
        let opening = DeliveryMachine.Opening(position: LogPosition(2), heldKeys: [], nextDue: nil)
        #expect(machine.told(.opened(opening)) == ["read after 2"])
    }
}
