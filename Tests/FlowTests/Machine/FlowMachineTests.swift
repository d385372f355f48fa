import FleetCore
import FlowModel
import Flows
import Testing

/// What the machine says of single flows.
@Suite struct FlowMachineTests {
    private static let begin = Timestamp(microseconds: 1_000_000_000)
    private static let placed = FlowEventName(service: "orders", type: "Placed")
    private static let charged = FlowEventName(service: "payments", type: "Charged")
    private static let shipped = FlowEventName(service: "shipping", type: "Shipped")
    private static let cancelled = FlowEventName(service: "orders", type: "Cancelled")

    private static let definition = FlowDefinition(
        name: FlowName(unchecked: "order"), start: FlowEvent(placed, key: .event), within: .seconds(100),
        steps: [FlowStep(FlowEvent(charged, key: .event), limit: FlowLimit(.seconds(10)))],
        ends: [
            FlowEnd(FlowEvent(shipped, key: .event)), FlowEnd(FlowEvent(cancelled, key: .event), isFailure: true),
        ],
        onTimeout: FlowTimeout(FlowEventName(service: "orders", type: "Cancel")), grace: .seconds(5),
        keep: .seconds(1000))

    private static func at(_ seconds: Int) -> Timestamp { begin.advanced(by: .seconds(seconds)) }

    private struct Run {
        var machine = FlowMachine(FlowPlan(definition), key: "1", state: nil, at: begin)
        var serial = 0
        var state: FlowState { machine.state }
        var kinds: [FlowFinding.Kind] { state.findings.filter(\.isCurrent).map(\.kind) }

        mutating func come(_ name: FlowEventName, at seconds: Int, id: String? = nil) {
            serial += 1
            let arrival = FlowArrival(name: name, id: id ?? "event \(serial)", time: at(seconds))
            _ = machine.handle(.event(arrival), at: at(serial))
        }

        @discardableResult
        mutating func pass(_ seconds: Int, watchedSince: Int = 0) -> [FlowMachine.Action] {
            machine.handle(.passed(watermark: at(seconds), watchedSince: at(watchedSince)), at: at(seconds))
        }
    }

    @Test func aStepThatIsLateIsStuckUntilItComes() {
        var run = Run()
        run.come(Self.placed, at: 0)
        run.pass(14)
        #expect(run.state.status == .running && run.kinds == [])
        run.pass(16)
        #expect(run.state.status == .stuck && run.kinds == [.overdue])
        run.come(Self.charged, at: 20)
        #expect(run.state.status == .running && run.kinds == [.overdue])
        run.come(Self.shipped, at: 30)
        #expect(run.state.status == .ended && run.state.isLate && !run.state.isOutOfOrder)
    }

    @Test func whatWasOnItsWayIsTakenBack() {
        var run = Run()
        run.come(Self.placed, at: 0)
        run.pass(16)
        #expect(run.state.status == .stuck)
        // It had happened in time, and came later than the grace allows for.
        run.come(Self.charged, at: 5)
        #expect(run.state.status == .running && run.kinds == [])
        #expect(run.state.findings.count == 1)
    }

    @Test func theTimeoutIsAskedForUntilItIsWritten() {
        var run = Run()
        run.come(Self.placed, at: 0)
        #expect(run.pass(104) == [])
        #expect(run.pass(106) == [.writeTimeout])
        #expect(run.state.status == .stuck && run.state.due == Timestamp(microseconds: 0))
        #expect(run.pass(107) == [.writeTimeout])
        _ = run.machine.handle(.postponed(Self.at(110)), at: Self.at(107))
        #expect(run.state.due == Self.at(110))
        #expect(run.pass(110) == [.writeTimeout])
        _ = run.machine.handle(.written, at: Self.at(111))
        #expect(run.state.timeout?.stage == .written && run.pass(200) == [])
        run.come(Self.cancelled, at: 201)
        #expect(run.state.status == .failed && run.state.isLate)
    }

    @Test func whatBeganBeforeItWasWatchedIsLeftAlone() {
        var run = Run()
        run.come(Self.placed, at: 0)
        #expect(run.pass(106, watchedSince: 1) == [])
        #expect(run.state.timeout?.stage == .withheld && run.state.status == .stuck)
    }

    @Test func anEndInTimeWritesNothing() {
        var run = Run()
        run.come(Self.placed, at: 0)
        run.come(Self.charged, at: 1)
        run.come(Self.shipped, at: 2)
        #expect(run.pass(500) == [] && run.state.timeout == nil)
        #expect(run.pass(1100) == [.forget])
    }

    @Test func whatIsStuckIsNotForgotten() {
        var run = Run()
        run.come(Self.placed, at: 0)
        run.pass(106)
        _ = run.machine.handle(.written, at: Self.at(106))
        #expect(run.pass(1_000_000) == [] && run.state.due == nil)
    }

    @Test func withinAStreamItsOwnOrderCounts() {
        // Both of `orders`, whatever their times say.
        var run = Run()
        run.come(Self.cancelled, at: 9)
        #expect(run.kinds == [.early])
        run.come(Self.placed, at: 0)
        #expect(run.kinds == [.early] && run.state.status == .failed)
    }

    @Test func clocksMayDifferALittle() {
        var definition = Self.definition
        definition.skew = .seconds(2)
        var run = Run(machine: FlowMachine(FlowPlan(definition), key: "1", state: nil, at: Self.begin))
        run.come(Self.placed, at: 2)
        run.come(Self.charged, at: 0)
        #expect(run.kinds == [])
        definition.skew = .seconds(1)
        run = Run(machine: FlowMachine(FlowPlan(definition), key: "1", state: nil, at: Self.begin))
        run.come(Self.placed, at: 2)
        run.come(Self.charged, at: 0)
        #expect(run.kinds == [.early])
    }

    @Test func aDuplicateChangesNothing() {
        var run = Run()
        run.come(Self.placed, at: 0, id: "a")
        run.come(Self.placed, at: 1, id: "b")
        let before = run.state
        run.come(Self.placed, at: 0, id: "a")
        run.come(Self.placed, at: 1, id: "b")
        #expect(run.state == before && run.kinds == [.repeated])
    }
}
