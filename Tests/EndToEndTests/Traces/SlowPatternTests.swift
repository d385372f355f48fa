import Foundation
import GRDB
import HTTPReceiver
import TestKit
import Testing

/// A regular expression of a sampling policy may take for ever on a text that nearly fits.
@Suite(.lanes) struct SlowPatternTests {
    @Test func nothingButSamplingWaitsForIt() async throws {
        let traced = try await TracedFleet(
            sampling: """
                {wait: 2s, policies: [{type: string_attribute, key: url.full, values: ["(((.+)+)+)+!"], regex: true}]}
                """, metrics: true)
        let run = try await traced.fleet.startRun()
        let signals = try await SignalAddress(of: run)
        try await traced.place("o0", traceParent: TracedFleet.traceParent(0))
        try await eventually("it is told that it takes long") {
            run.errors.contains("it takes long to decide which traces are kept")
        }
        for number in 1...20 {
            try await traced.place("o\(number)", traceParent: TracedFleet.traceParent(number))
        }
        let sales = try traced.fleet.store("reports.db")
        try await eventually("all are carried") { try await sales.integer("SELECT count(*) FROM sales") == 21 }
        try await eventually("all are pushed") {
            traced.receiver.requests.filter { $0.path.hasPrefix("/events") }.count >= 21
        }
        let told = try await signals.get("/metrics")
        #expect(told.status == 200)
        #expect(told.value("flotilla_traces_decided_total{decision=\"kept\"}") ?? 0 == 0, "\(told.body)")
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        #expect(run.errors.contains("on the last traces nobody has decided in time"), "\(run.errors)")
        #expect(run.logLines.filter { $0.contains("it takes long to decide") }.count == 1, "\(run.errors)")
        try await traced.stop()
    }
}
