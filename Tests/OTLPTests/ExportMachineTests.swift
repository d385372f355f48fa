import FleetCore
import TestKit
import Testing

@testable import OTLP

/// What waits to be exported, and what becomes of it.
@Suite struct ExportMachineTests {
    private typealias Machine = ExportMachine<Int>
    private static let start = Timestamp(microseconds: 1_000_000)
    private static func time(_ seconds: Int64) -> Timestamp { start.advanced(by: .seconds(seconds)) }
    private static let taken = OTLPAnswer.Outcome.taken(rejected: 0, message: "")

    private func machine(waiting: Int = 10, batch: Int = 4) -> Machine {
        Machine(.init(waiting: waiting, batch: batch, patience: .seconds(60)))
    }

    private func end(_ machine: inout Machine, _ outcome: OTLPAnswer.Outcome, at now: Timestamp = start) -> (
        [Machine.Notice], Duration
    ) {
        var random = SystemRandomNumberGenerator()
        let (notices, wait) = machine.ended(outcome, at: now, using: &random)
        return (notices, wait)
    }

    @Test func batchesInOrder() {
        var machine = machine()
        machine.add(Array(1...6))
        #expect(machine.begin(at: Self.start) == [1, 2, 3, 4])
        machine.add([7])
        let (quiet, none) = end(&machine, Self.taken)
        #expect(quiet.isEmpty && none == .zero)
        #expect(machine.begin(at: Self.start) == [5, 6, 7])
        _ = end(&machine, Self.taken)
        #expect(machine.begin(at: Self.start) == nil && machine.isEmpty && machine.exported == 7)
    }

    @Test func whereThereIsNoRoomTheOldestGoes() {
        var machine = machine()
        machine.add(Array(1...4))
        #expect(machine.begin(at: Self.start) == [1, 2, 3, 4])
        machine.add(Array(5...20_000))
        #expect(machine.count == 10 && machine.losses == [.full: 19_986])
        #expect(machine.begin(at: Self.start) == [1, 2, 3, 4])
        _ = end(&machine, Self.taken)
        #expect(machine.begin(at: Self.start) == [19_991, 19_992, 19_993, 19_994])
    }

    @Test func whatMayComeLaterIsSentAgainAndToldOnce() {
        var machine = machine()
        machine.add([1, 2])
        _ = machine.begin(at: Self.start)
        let (first, wait) = end(&machine, .later("it answered 503", after: nil))
        #expect(
            first == [.trouble("it answered 503", isLost: false)] && wait >= .milliseconds(500) && wait <= .seconds(1))
        #expect(machine.begin(at: Self.start) == [1, 2])
        let (second, longer) = end(&machine, .later("it answered 503", after: nil))
        #expect(second.isEmpty && longer >= .seconds(1) && longer <= .seconds(2))
        // It asks to be left alone.
        let (third, asked) = end(&machine, .later("it answered 429", after: .seconds(17)))
        #expect(third.isEmpty && asked == .seconds(17))
        #expect(machine.begin(at: Self.start) == [1, 2])
        let told1 = end(&machine, Self.taken).0
        #expect(told1 == [.recovered])
        #expect(machine.losses.isEmpty && machine.exported == 2)
    }

    @Test func aBatchIsNotTriedForEver() {
        var machine = machine(batch: 1)
        machine.add([1, 2])
        var waits: [Duration] = []
        var now = Self.start
        while machine.begin(at: now) == [1] {
            let (_, wait) = end(&machine, .later("nobody is there", after: nil), at: now)
            waits.append(wait)
            now = now.advanced(by: wait)
        }
        #expect(machine.losses == [.expired: 1] && waits.count > 5)
        #expect(now.elapsed(since: Self.start) <= .seconds(90) && waits.allSatisfy { $0 <= .seconds(30) })
    }

    @Test func aRefusedBatchIsGoneAndTheNextOneIsTried() {
        var machine = machine(batch: 2)
        machine.add([1, 2, 3])
        _ = machine.begin(at: Self.start)
        let (notices, wait) = end(&machine, .refused("it answered 400: no"))
        #expect(notices == [.trouble("it answered 400: no", isLost: true)] && wait > .zero)
        #expect(machine.losses == [.refused: 2])
        #expect(machine.begin(at: Self.start) == [3])
        let told2 = end(&machine, .refused("it answered 400: no")).0
        #expect(told2.isEmpty)
    }

    @Test func partialSuccessIsToldOnceAndCounted() {
        var machine = machine(batch: 2)
        machine.add(Array(1...6))
        _ = machine.begin(at: Self.start)
        let told3 = end(&machine, .taken(rejected: 1, message: "odd")).0
        #expect(told3 == [.partial(rejected: 1, message: "odd")])
        _ = machine.begin(at: Self.start)
        let told4 = end(&machine, .taken(rejected: 2, message: "odd")).0
        #expect(told4.isEmpty)
        #expect(machine.losses == [.refused: 3] && machine.exported == 1)
        // A collector may say anything.
        _ = machine.begin(at: Self.start)
        _ = end(&machine, .taken(rejected: .max, message: ""))
        #expect(machine.losses == [.refused: 5])
    }

    @Test func whatACollectorSays() {
        func outcome(_ status: Int, _ body: [UInt8] = [], wait: Duration? = nil) -> OTLPAnswer.Outcome {
            OTLPAnswer.answered(status: status, retryAfter: wait, body: body).outcome
        }
        #expect(outcome(200) == Self.taken)
        // partial_success {rejected_spans: 3, error_message: "no"}
        #expect(outcome(200, [0x0A, 0x06, 0x08, 0x03, 0x12, 0x02, 0x6E, 0x6F]) == .taken(rejected: 3, message: "no"))
        #expect(
            outcome(200, Array(#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}}"#.utf8))
                == .taken(rejected: 3, message: "no"))
        #expect(
            outcome(200, Array(#"{"partialSuccess":{"rejectedDataPoints":4}}"#.utf8))
                == .taken(rejected: 4, message: ""))
        #expect(outcome(429, wait: .seconds(3)) == .later("it answered 429", after: .seconds(3)))
        for status in [502, 503, 504] { #expect(outcome(status) == .later("it answered \(status)", after: nil)) }
        // google.rpc.Status {code: 3, message: "no"}
        #expect(outcome(400, [0x08, 0x03, 0x12, 0x02, 0x6E, 0x6F]) == .refused("it answered 400: no"))
        #expect(outcome(404, Array(#"{"message":"no\nplace"}"#.utf8)) == .refused("it answered 404: no place"))
        for status in [301, 401, 500, 501] { #expect(outcome(status) == .refused("it answered \(status)")) }
    }

    /// Nothing that a collector answers brings the program down.
    @Test func garbageIsNoAnswer() async {
        var random = RandomSource(for: "answers of a collector")
        for round in 0..<20_000 {
            if round % 100 == 0 { await Task.yield() }
            var body = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            if Bool.random(using: &random) { body.insert(0x0A, at: 0) }
            _ = OTLPAnswer.answered(status: 200, retryAfter: nil, body: body).outcome
            _ = OTLPAnswer.answered(status: 400, retryAfter: nil, body: body).outcome
        }
    }
}
