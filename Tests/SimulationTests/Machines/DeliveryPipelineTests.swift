import Brokers
import FleetCore
import Testing
import Views

/// What a delivery does while nothing fails.
@Suite struct DeliveryPipelineTests {
    private static let plain = DeliveryMachine.Application(newlyHeld: [], nextDue: nil)

    @Test func beginsWhereTheStoreSays() {
        var machine = DeliveryMachine()
        #expect(machine.start().map(\.summary) == ["open"])
        let opening = DeliveryMachine.Opening(position: LogPosition(7), heldKeys: ["key1"], nextDue: nil)
        #expect(machine.told(.opened(opening)) == ["read after 7"])
        #expect(machine.told(.read(Given.records(8, 8))) == ["apply [8] after 7, held: [\"key1\"]", "read after 8"])
    }

    @Test func readsAheadOfWhatIsAppliedByOneBatch() {
        var machine = DeliveryMachine.opened()
        #expect(machine.told(.read(Given.records(1, 2))) == ["apply [1, 2] after 0, held: []", "read after 2"])
        #expect(machine.told(.read(Given.records(3, 4))) == [])
        #expect(
            machine.told(.applied(Self.plain)) == [
                "apply [3, 4] after 2, held: []", "acknowledge 2, 2 records", "read after 4",
            ])
    }

    @Test func acknowledgesWhatIsCommittedAndCountsIt() {
        var machine = DeliveryMachine.opened()
        _ = machine.handle(.read(Given.records(1, 2)))
        _ = machine.handle(.read(Given.records(3, 5)))
        #expect(machine.told(.applied(Self.plain)).contains("acknowledge 2, 2 records"))
        #expect(!machine.told(.applied(Self.plain)).contains { $0.hasPrefix("acknowledge") })
        #expect(machine.told(.acknowledged) == ["acknowledge 5, 3 records"])
        #expect(machine.told(.acknowledged) == [])
    }

    @Test func isIdleOnceAllIsAppliedAndAcknowledged() {
        var machine = DeliveryMachine.opened()
        _ = machine.handle(.read(Given.records(1, 1)))
        _ = machine.handle(.read([]))
        #expect(!machine.isIdle)
        _ = machine.handle(.applied(Self.plain))
        #expect(!machine.isIdle)
        _ = machine.handle(.acknowledged)
        #expect(machine.isIdle)
    }

    @Test func isNotIdleWhileAnEventWaitsToBeTriedAgain() {
        var machine = DeliveryMachine.opened(nextDue: Given.time(5))
        _ = machine.handle(.read([]))
        #expect(!machine.isIdle)
        _ = machine.handle(.retried(DeliveryMachine.Retry(released: [], nextDue: nil)))
        #expect(machine.isIdle)
    }
}
