import Brokers
import Endpoints
import FleetCore
import Push
import Testing

/// When the cursor moves: each step is a durable transaction, and what it has not moved over is repeated after a crash.
@Suite struct PushCursorTests {
    private struct Bench {
        var machine: PushMachine

        /// Opened, and with so many events read, each of a key of its own.
        init(events: Int, inFlightLimit: Int) {
            machine = PushMachine(routes: ["T": 0], inFlightLimits: [inFlightLimit])
            _ = machine.start()
            _ = machine.handle(.opened(.init(position: .start, heldKeys: [], nextDue: nil)))
            let records = (0..<events).map { number in
                let event = Event(
                    id: EventID(high: 0, low: UInt64(number)), source: "/s", type: "T", key: "\(number)",
                    aggregateType: "a",
                    time: Timestamp(microseconds: 0), payload: [])
                return LogRecord(position: LogPosition(Int64(number + 1)), event: event)
            }
            _ = machine.handle(.read(records))
        }

        mutating func deliver(_ numbers: some Sequence<Int>) -> [PushMachine.Action] {
            machine.handle(numbers.map { .answered(key: "\($0)", endpoint: 0, .delivered()) })
        }
    }

    private static func commits(_ actions: [PushMachine.Action]) -> [Int] {
        actions.compactMap { if case .commit(let commit) = $0 { commit.count } else { nil } }
    }

    private static func gathers(_ actions: [PushMachine.Action]) -> Bool {
        actions.contains { if case .wait(0, .milliseconds(5), .gathered) = $0 { true } else { false } }
    }

    @Test func whereNothingIsUnderWayItMovesAtOnce() {
        var bench = Bench(events: 3, inFlightLimit: 3)
        #expect(Self.commits(bench.deliver(0..<3)) == [3])
    }

    @Test func whileRequestsAreUnderWayItGathers() {
        var bench = Bench(events: 10, inFlightLimit: 4)
        let first = bench.deliver([0])
        #expect(Self.commits(first).isEmpty && Self.gathers(first))
        let second = bench.deliver([1, 2])
        #expect(Self.commits(second).isEmpty && !Self.gathers(second))
        #expect(Self.commits(bench.machine.handle(.waited(.gathered))) == [3])
        // And again, once that has been noted.
        _ = bench.machine.handle(.committed(nextDue: nil))
        #expect(Self.gathers(bench.deliver([3])))
    }

    @Test func itGathersNoMoreThanACrashMayRepeat() {
        var bench = Bench(events: 2000, inFlightLimit: 16)
        #expect(Self.commits(bench.deliver(0..<16)).isEmpty)
        var delivered = 16
        while delivered < 511 {
            #expect(Self.commits(bench.deliver([delivered])).isEmpty)
            delivered += 1
        }
        #expect(Self.commits(bench.deliver([delivered])) == [512])
    }

    @Test func whoIsToldToRestNotesWhatWasDelivered() {
        var bench = Bench(events: 10, inFlightLimit: 4)
        _ = bench.deliver([0, 1])
        #expect(Self.commits(bench.machine.restart(isPaused: true)) == [2])
    }
}
