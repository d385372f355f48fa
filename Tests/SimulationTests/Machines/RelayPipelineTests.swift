import FleetCore
import Outbox
import Relay
import Testing

/// What a relay does while nothing fails.
@Suite struct RelayPipelineTests {
    @Test func beginsByOpeningThenCapturesFromTheStart() {
        var machine = RelayMachine(contract: Given.contract)
        #expect(machine.start().map(\.summary) == ["open"])
        #expect(machine.told(.opened(heldKeys: [])) == ["capture after the start"])
    }

    @Test func settlesABatchOnlyAfterItIsAppended() {
        var machine = RelayMachine.opened()
        #expect(machine.told(.captured(Given.rows(1, 2))) == ["append [1, 2]", "capture after 2"])
        #expect(machine.told(.captured(CapturedRows())) == ["capture after 2"])
        #expect(machine.told(.appended) == ["settle [1, 2], park [], through 2"])
        #expect(machine.told(.settled) == [])
    }

    @Test func holdsTwoBatchesToAppendAndTwoToSettle() {
        var machine = RelayMachine.opened()
        #expect(machine.told(.captured(Given.rows(1, 1))) == ["append [1]", "capture after 1"])
        #expect(machine.told(.captured(Given.rows(2, 2))) == [])
        #expect(machine.told(.appended) == ["settle [1], park [], through 1", "append [2]", "capture after 2"])
        #expect(machine.told(.captured(Given.rows(3, 3))) == [])
        #expect(machine.told(.appended) == ["capture after 3"])
        #expect(machine.told(.captured(Given.rows(4, 4))) == [])
        #expect(machine.told(.settled) == ["settle [2], park [], through 2", "append [3]"])
        #expect(machine.told(.appended) == ["capture after 4"])
        #expect(machine.told(.settled) == ["settle [3], park [], through 3", "append [4]"])
    }

    @Test func isIdleOnceNothingIsFoundAndAllIsSettled() {
        var machine = RelayMachine.opened()
        #expect(!machine.isIdle)
        _ = machine.handle(.captured(Given.rows(1, 1)))
        _ = machine.handle(.captured(CapturedRows()))
        #expect(!machine.isIdle)
        _ = machine.handle(.appended)
        #expect(!machine.isIdle)
        _ = machine.handle(.settled)
        #expect(machine.isIdle)
    }

    @Test func parksWhatIsOutsideTheContractAndWhatFollowsOfItsKey() {
        var machine = RelayMachine.opened()
        let rows = [
            Given.row(1, key: 1), Given.row(2, key: 1, kind: .unlisted), Given.row(3, key: 1), Given.row(4, key: 2),
        ]
        #expect(machine.told(.captured(Given.rows(rows))) == ["append [1, 4]", "capture after 4"])
        guard case .settle(let batch)? = machine.handle(.appended).first else {
            Issue.record("a batch that is appended is settled")
            return
        }
        #expect(batch.parked.map(\.position.value) == [2, 3])
        #expect(batch.parked.map { $0.reason == nil } == [false, true])
        #expect(machine.told(.captured(Given.rows(5, 5, key: 1))) == ["append []", "capture after 5"])
    }

    @Test func parksWhatIsNoEvent() {
        var machine = RelayMachine.opened()
        #expect(
            machine.told(.captured(Given.rows([Given.row(1, kind: .malformed)]))) == ["append []", "capture after 1"])
        #expect(machine.told(.appended) == ["settle [], park [1], through 1"])
    }

    @Test func parksBehindKeysThatTheSourceHolds() {
        var machine = RelayMachine.opened(heldKeys: ["key3"])
        let rows = [Given.row(1, key: 3), Given.row(2, key: 4)]
        #expect(machine.told(.captured(Given.rows(rows))) == ["append [2]", "capture after 2"])
        #expect(machine.told(.appended) == ["settle [2], park [1], through 2"])
    }

    @Test(arguments: [
        ("{}", true), (#"{"tenant": "a", "grüße": ""}"#, true), (" {\n} ", true), ("", false), ("a=b", false),
        ("[]", false), (#""text""#, false), (#"{"tenant": 7}"#, false), (#"{"tenant": null}"#, false),
        (#"{"tenant": {}}"#, false), (#"{"tenant": "a""#, false), (#"{"tenant": "a"} x"#, false),
    ])
    func headersMustBeAnObjectOfStrings(_ headers: String, mayLeave: Bool) {
        var machine = RelayMachine.opened()
        var rows = CapturedRows()
        for number in 1...3 {
            var event = Given.row(number, key: number).event
            if number == 2 { event.headers = headers }
            rows.append(event, at: OutboxPosition(Int64(number)))
        }
        _ = machine.handle(.captured(rows))
        guard case .settle(let batch)? = machine.handle(.appended).first else {
            Issue.record("a batch that is appended is settled")
            return
        }
        #expect(batch.published.map(\.value) == (mayLeave ? [1, 2, 3] : [1, 3]))
        #expect(batch.parked.map(\.position.value) == (mayLeave ? [] : [2]))
        if !mayLeave {
            #expect(batch.parked.first?.reason?.contains("headers are not a JSON object of strings") == true)
        }
    }
}
