import FleetCore
import Testing
import Views

/// How a delivery tries parked events again.
@Suite struct DeliveryRetryTests {
    private func parked(_ key: String, due: Int64) -> DeliveryMachine.Input {
        .applied(DeliveryMachine.Application(newlyHeld: [key], nextDue: Given.time(due)))
    }

    private func retried(_ released: Set<String> = [], due: Int64? = nil) -> DeliveryMachine.Input {
        .retried(DeliveryMachine.Retry(released: released, nextDue: due.map { Given.time($0) }))
    }

    @Test func retriesWhatWasDueWhenTheStoreWasOpened() {
        var machine = DeliveryMachine()
        _ = machine.start()
        let opening = DeliveryMachine.Opening(position: .start, heldKeys: ["key0"], nextDue: Given.time(9))
        #expect(machine.told(.opened(opening)) == ["retry at 9 ms", "read after 0"])
        #expect(machine.told(retried(["key0"])) == [])
        #expect(machine.told(.read(Given.records(1, 1))).first == "apply [1] after 0, held: []")
    }

    @Test func retriesWhatABatchParked() {
        var machine = DeliveryMachine.opened()
        _ = machine.handle(.read(Given.records(1, 1)))
        _ = machine.handle(.read([]))
        #expect(machine.told(parked("key0", due: 20)) == ["acknowledge 1, 1 records", "retry at 20 ms"])
        #expect(machine.told(retried(due: 40)) == ["retry at 40 ms"])
        #expect(machine.told(retried(["key0"])) == [])
    }

    @Test func retriesAgainAfterABusyStore() {
        var machine = DeliveryMachine.opened(nextDue: Given.time(9))
        #expect(machine.told(.failed(.retry, Given.busy)) == ["wait after 1 failures, then retry"])
        #expect(machine.told(.waited(.retry)) == ["retry at 9 ms"])
    }

    /// The retry may have committed before the batch, and so know nothing of what the batch parked.
    @Test func remembersWhatWasParkedWhileARetryWasUnderWay() {
        var machine = DeliveryMachine.opened(nextDue: Given.time(9))
        _ = machine.handle(.read(Given.records(1, 1)))
        _ = machine.handle(.read([]))
        #expect(machine.told(parked("key1", due: 30)) == ["acknowledge 1, 1 records"])
        #expect(machine.told(retried()) == ["retry at 30 ms"])
        #expect(machine.told(retried(["key1"])) == [])
    }

    @Test func forgetsDuesWhenItOpensAnew() {
        var machine = DeliveryMachine.opened(nextDue: Given.time(9))
        _ = machine.handle(.failed(.read, Given.conflict))
        _ = machine.handle(retried(due: 40))
        _ = machine.handle(.waited(.open))
        let opening = DeliveryMachine.Opening(position: .start, heldKeys: [], nextDue: nil)
        #expect(machine.told(.opened(opening)) == ["read after 0"])
    }
}
