import Foundation
import GRDB
import HTTPReceiver
import Synchronization
import TestKit
import Testing

/// A collector that is in trouble, or lies, never stops the carrying of events, and is told of once.
@Suite(.lanes) struct CollectorTroubleTests {
    private func carry(_ traced: TracedFleet, _ orders: ClosedRange<Int>) async throws {
        for number in orders { try await traced.place("o\(number)", traceParent: TracedFleet.traceParent(number)) }
        let sales = try traced.fleet.store("reports.db")
        try await eventually("all are carried") {
            try await sales.integer("SELECT count(*) FROM sales") == orders.upperBound
        }
    }

    private func lines(_ run: Program, _ part: String) -> [String] {
        run.errors.split(separator: "\n").map(String.init).filter { $0.contains(part) }
    }

    /// Its requests are given up after ten seconds: the end does not wait for that. Where the machine stands still an
    /// end may take as long all the same, but not each of them.
    @Test func oneThatHangsStopsNothing() async throws {
        for _ in 1...5 {
            let took = try await timeToEndBesideOneThatHangs()
            if took < .seconds(9) { return }
        }
        Issue.record("no end took less than nine seconds")
    }

    private func timeToEndBesideOneThatHangs() async throws -> Duration {
        let traced = try await TracedFleet(collecting: { _ in .hang })
        let run = try await traced.fleet.startRun()
        try await carry(traced, 1...20)
        try await eventually("it hangs") { traced.collector.count > 0 }
        try await carry(traced, 21...40)
        let begun = ContinuousClock.now
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        let took = ContinuousClock.now - begun
        // What could not be delivered is told, in one line.
        #expect(lines(run, "not exported:").count == 1, "\(run.errors)")
        try await traced.stop()
        return took
    }

    @Test func oneThatIsNotThereIsToldOnce() async throws {
        let traced = try await TracedFleet()
        try await traced.collector.stop()
        let run = try await traced.fleet.startRun()
        try await carry(traced, 1...20)
        try await eventually("that is told") { lines(run, "traces are not exported").count == 1 }
        try await carry(traced, 21...40)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        #expect(lines(run, "traces are not exported").count == 1, "\(run.errors)")
        #expect(lines(run, "metrics are not exported").count == 1, "\(run.errors)")
        let told = lines(run, "traces are not exported")[0]
        #expect(told.contains("it cannot be reached (Connection refused); events are carried"), "\(told)")
        #expect(!run.errors.contains("t0ps3cret"))
        try await traced.receiver.stop()
    }

    @Test func oneThatAsksToBeLeftAloneIsLeftAlone() async throws {
        let times = Mutex<[ContinuousClock.Instant]>([])
        let traced = try await TracedFleet(collecting: { request in
            guard request.path == "/v1/traces" else { return .answer(200) }
            let count = times.withLock { times in
                times.append(.now)
                return times.count
            }
            return count == 1 ? .answer(429, headers: [("Retry-After", "3")]) : .answer(200)
        })
        let run = try await traced.fleet.startRun()
        try await carry(traced, 1...5)
        try await eventually("it is asked again") { times.withLock { $0.count } >= 2 }
        let (first, second) = times.withLock { ($0[0], $0[1]) }
        #expect(second - first >= .seconds(3))
        try await eventually("the end of the trouble is told") { lines(run, "traces are exported again").count == 1 }
        #expect(lines(run, "it answered 429").count == 1, "\(run.errors)")
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        // The same spans, a second time.
        let spans = try traced.told(decoder).map(ToldSpan.init)
        #expect(Set(spans.map(\.trace)).count == 5)
        try await traced.stop()
    }

    @Test(arguments: ["400", "garbage", "close", "partial"])
    func whateverItAnswersEventsAreCarried(_ answer: String) async throws {
        let traced = try await TracedFleet(
            encoding: "json",
            collecting: { _ in
                switch answer {
                case "400": .answer(400, body: "{\"message\": \"no such thing\"}")
                case "garbage": .write("\u{0}\u{1}HTTP/9 what\r\n\r\n")
                case "close": .close
                default:
                    .answer(
                        200, body: "{\"partialSuccess\": {\"rejectedSpans\": \"2\", \"errorMessage\": \"too old\"}}")
                }
            })
        let run = try await traced.fleet.startRun()
        try await carry(traced, 1...10)
        try await eventually("the collector is told") { traced.collector.requests.contains { $0.path == "/v1/traces" } }
        let told = answer == "partial" ? "takes traces, and has rejected 2 of them: too old" : "traces are not exported"
        try await eventually("that is told") { lines(run, told).count == 1 }
        try await carry(traced, 11...20)
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        #expect(lines(run, told).count == 1, "\(run.errors)")
        if answer == "400" { #expect(lines(run, told)[0].contains("it answered 400: no such thing")) }
        try await traced.stop()
    }
}
