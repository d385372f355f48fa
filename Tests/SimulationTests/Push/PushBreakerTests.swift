import Brokers
import Endpoints
import FleetCore
import Parking
import Push
import Testing

/// An endpoint that is down, and an event that it cannot bear, are not taken for each other.
@Suite struct PushBreakerTests {
    /// Answers sends as it is told, and everything else as if it had gone well; waits end when they are told to.
    private final class Bench {
        var machine = PushMachine(routes: ["T": 0], inFlightLimits: [16])
        var records: [LogRecord]
        var sends: [Event] = []
        var waits: [PushMachine.Wake] = []
        var commits: [PushMachine.Commit] = []
        var told: [String?] = []
        let answer: (Event) -> DeliveryAnswer

        init(keys: [String], answer: @escaping (Event) -> DeliveryAnswer) {
            records = keys.enumerated().map { number, key in
                let event = Event(
                    id: EventID(high: 0, low: UInt64(number)), source: "/s", type: "T", key: key, aggregateType: "a",
                    time: Timestamp(microseconds: 0), payload: [])
                return LogRecord(position: LogPosition(Int64(number + 1)), event: event)
            }
            self.answer = answer
            perform(machine.start())
        }

        func perform(_ actions: [PushMachine.Action]) {
            var actions = actions
            while !actions.isEmpty {
                let action = actions.removeFirst()
                let input: PushMachine.Input
                switch action {
                case .open:
                    input = .opened(.init(position: .start, heldKeys: [], nextDue: nil))
                case .close: input = .closed
                case .read(let position):
                    // An idle look takes for ever here.
                    if position.value >= records.count { continue }
                    input = .read(Array(records.dropFirst(Int(position.value))))
                case .send(let event, let endpoint):
                    sends.append(event)
                    input = .answered(key: event.key, endpoint: endpoint, answer(event))
                case .commit(let commit):
                    commits.append(commit)
                    input = .committed(nextDue: nil)
                case .acknowledge: input = .acknowledged
                case .findDue: input = .due([], nextDue: nil)
                case .settle(let event, _): input = .settled(key: event.event.key, next: nil, isFree: true)
                case .report(let endpoint, let error, _):
                    told.append(error?.message)
                    input = error.map { .failed(.report(endpoint), $0) } ?? .reported(endpoint)
                case .wait(_, _, let wake):
                    waits.append(wake)
                    continue
                }
                actions += machine.handle(input)
            }
        }

        func endWaits() {
            let ended = waits
            waits = []
            for wake in ended { perform(machine.handle(.waited(wake))) }
        }
    }

    private static let down = DeliveryAnswer.notNow(
        FleetError(.unavailable, "503", isRetriable: true), wait: nil, mayBeTheEvent: true)

    @Test func anEndpointThatIsDownParksNothingHoweverLong() {
        var isUp = false
        let bench = Bench(keys: (0..<200).map { "k\($0 % 50)" }) { _ in isUp ? .delivered() : Self.down }
        for _ in 0..<500 { bench.endWaits() }
        #expect(bench.commits.isEmpty)
        #expect(bench.told.last == "503")
        // Once the circuit breaker is open, one asks at a time: not each of the fifty keys at each time.
        #expect(bench.sends.count < 700)
        isUp = true
        for _ in 0..<5 { bench.endWaits() }
        #expect(bench.commits.last?.last.position == LogPosition(200))
        #expect(bench.commits.flatMap(\.parked).isEmpty)
        #expect(bench.told.count > 1 && bench.told.last == .some(nil))
    }

    @Test func anEventThatFailsAloneIsSetAside() {
        let bench = Bench(keys: ["bad"] + (0..<100).map { "k\($0 % 20)" } + ["bad"]) {
            $0.key == "bad" ? Self.down : .delivered()
        }
        for _ in 0..<5 { bench.endWaits() }
        let parked = bench.commits.flatMap(\.parked)
        #expect(parked.map(\.record.position.value) == [1, 102])
        #expect(parked[0].isRetried && parked[0].failure?.message == "503")
        #expect(parked[1].failure == nil)
        #expect(bench.sends.count == 103)
        // Nobody was told of an endpoint in trouble.
        #expect(bench.told.isEmpty)
    }

    @Test func tooManyRequestsAreNeverTheEventsFault() {
        let bench = Bench(keys: ["bad"] + (0..<100).map { "k\($0 % 20)" }) {
            $0.key == "bad"
                ? .notNow(FleetError(.unavailable, "429", isRetriable: true), wait: nil, mayBeTheEvent: false)
                : .delivered()
        }
        for _ in 0..<100 { bench.endWaits() }
        #expect(bench.commits.isEmpty)
    }

    @Test func anEndpointThatAsksToBeLeftAloneIs() {
        var isPatient = true
        let bench = Bench(keys: (0..<40).map { "k\($0)" }) { _ in
            isPatient
                ? .notNow(FleetError(.unavailable, "503", isRetriable: true), wait: .seconds(60), mayBeTheEvent: true)
                : .delivered()
        }
        #expect(bench.sends.count == 16)
        #expect(bench.told.last == "503")
        isPatient = false
        bench.endWaits()
        #expect(bench.sends.count == 56)
        #expect(bench.commits.last?.last.position == LogPosition(40))
    }
}
