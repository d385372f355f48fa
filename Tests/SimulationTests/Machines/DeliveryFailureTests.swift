import FleetCore
import Testing
import Views

/// What a delivery does when something fails.
@Suite struct DeliveryFailureTests {
    private static let plain = DeliveryMachine.Application(newlyHeld: [], nextDue: nil)

    @Test(arguments: [Given.statement, FleetError(.badEvent, "not JSON")])
    func appliesABatchWithCareAfterAnEffectFailed(error: FleetError) {
        var machine = DeliveryMachine.opened()
        _ = machine.handle(.read(Given.records(1, 2)))
        #expect(machine.told(.failed(.apply, error)) == ["apply [1, 2] after 0 with care, held: []"])
        let parked = DeliveryMachine.Application(newlyHeld: ["key0"], nextDue: nil)
        #expect(machine.told(.applied(parked)) == ["acknowledge 2, 2 records"])
        #expect(machine.told(.read(Given.records(3, 3))).first == "apply [3] after 2, held: [\"key0\"]")
    }

    @Test func staysCarefulWhileTheStoreIsBusy() {
        var machine = DeliveryMachine.opened()
        _ = machine.handle(.read(Given.records(1, 1)))
        _ = machine.handle(.failed(.apply, Given.statement))
        #expect(machine.told(.failed(.apply, Given.busy)) == ["wait after 2 failures, then apply"])
        #expect(machine.told(.waited(.apply)) == ["apply [1] after 0 with care, held: []"])
    }

    @Test func opensAnewWhenEvenCareDoesNotHelp() {
        var machine = DeliveryMachine.opened()
        _ = machine.handle(.read(Given.records(1, 1)))
        _ = machine.handle(.failed(.apply, Given.statement))
        #expect(machine.told(.failed(.apply, Given.statement)) == [])
        #expect(machine.told(.read([])) == ["wait after 2 failures, then open"])
    }

    @Test func aConflictVoidsEverythingThatWasRead() {
        var machine = DeliveryMachine.opened()
        _ = machine.handle(.read(Given.records(1, 1)))
        #expect(machine.told(.failed(.apply, Given.conflict)) == [])
        #expect(machine.told(.read(Given.records(2, 2))) == ["wait after 1 failures, then open"])
        #expect(machine.told(.waited(.open)) == ["open"])
        let opening = DeliveryMachine.Opening(position: LogPosition(1), heldKeys: [], nextDue: nil)
        #expect(machine.told(.opened(opening)) == ["read after 1"])
    }

    @Test func acknowledgesAgainWhateverTheBrokerSays() {
        var machine = DeliveryMachine.opened()
        _ = machine.handle(.read(Given.records(1, 1)))
        _ = machine.handle(.applied(Self.plain))
        #expect(machine.told(.failed(.acknowledge, Given.statement)) == ["wait after 1 failures, then acknowledge"])
        _ = machine.handle(.read(Given.records(2, 2)))
        #expect(machine.told(.applied(Self.plain)) == [])
        #expect(machine.told(.waited(.acknowledge)) == ["acknowledge 2, 2 records"])
    }

    /// The store is shared with others: to open it anew for the broker's sake would be in their way.
    @Test func readsAgainWhereTheBrokerCannotBeReached() {
        var machine = DeliveryMachine.opened()
        #expect(machine.told(.failed(.read, Given.unavailable)) == ["wait after 1 failures, then read"])
        #expect(machine.told(.waited(.read)) == ["read after 0"])
        #expect(machine.told(.read(Given.records(1, 1))).first == "apply [1] after 0, held: []")
    }

    @Test func waitsForWhatIsUnderWayBeforeItOpensAnew() {
        var machine = DeliveryMachine.opened(nextDue: Given.time(5))
        _ = machine.handle(.read(Given.records(1, 1)))
        #expect(machine.told(.failed(.read, Given.conflict)) == [])
        #expect(machine.told(.applied(Self.plain)) == [])
        let retry = DeliveryMachine.Retry(released: [], nextDue: nil)
        #expect(machine.told(.retried(retry)) == ["wait after 1 failures, then open"])
    }
}
