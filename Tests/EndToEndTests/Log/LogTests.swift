import Foundation
import GRDB
import HTTPReceiver
import Synchronization
import TestKit
import Testing

/// What the program's log says, on its own and where it is exported.
@Suite(.lanes) struct LogTests {
    private struct Line {
        let all: [String: String]
        var message: String { all["message"] ?? "" }
        var trace: String? { all["trace_id"] }

        init?(_ line: Substring) {
            guard let all = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String] else {
                return nil
            }
            self.all = all
        }
    }

    private func lines(_ run: Program) -> [Line] { run.logLines.compactMap(Line.init) }

    /// A line about an event of a trace says which trace, and which span where there is one.
    @Test func aLineAboutAnEventSaysWhichTraceItBelongsTo() async throws {
        let traced = try await TracedFleet(
            receiving: { request in .answer(request.path == "/pay" ? 422 : request.body.contains("o1") ? 410 : 500) })
        let run = try await traced.fleet.startRun("--log-format", "json")
        try await traced.place("o1", amount: -1, traceParent: TracedFleet.traceParent(1))
        try await traced.place("u1", type: "Unheard", traceParent: TracedFleet.traceParent(2))
        func found(_ part: String) -> Line? { lines(run).first { $0.message.contains(part) } }
        for (part, number, place) in [
            ("parked at reports.sales: ", 1, "reports.sales"), ("parked at billing.push: ", 1, "billing.push"),
            ("parked at orders outbox: ", 2, "orders outbox"),
        ] {
            let line = try await eventually("\(part) is told") { found(part) }
            #expect(line.trace == TracedFleet.trace(number) && line.all["span_id"] != nil, "\(line.all)")
            #expect(line.all["place"] == place && line.all["stream"] == "traced-orders", "\(line.all)")
            #expect(line.all["event"]?.count == 36 && line.all["level"] == "warning", "\(line.all)")
            // What the store said of it stays with the parked event, and its key too.
            #expect(!line.message.contains("constraint") && line.all["key"] == nil, "\(line.all)")
        }
        let saga = try await eventually("the saga's end is told") { found("rejected") ?? found("compensated") }
        #expect(saga.trace == TracedFleet.trace(1), "\(saga.all)")
        // An endpoint in trouble is told with one of the events that met it.
        for number in 3...5 { try await traced.place("o\(number)", traceParent: TracedFleet.traceParent(number)) }
        let waits = try await eventually("the push waits") { found("billing.push from orders waits") }
        #expect((3...5).map(TracedFleet.trace).contains(waits.trace ?? ""), "\(waits.all)")
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let logs = try traced.told(decoder, "/v1/logs")
        let exported = try #require(logs.first { ($0["body"] as? String)?.contains("parked at reports.sales") == true })
        #expect(exported["trace"] as? String == TracedFleet.trace(1))
        // The span of the push's line is one that was exported.
        let pushed = try #require(found("parked at billing.push: "))
        #expect(pushed.trace == TracedFleet.trace(1))
        let spans = Set(try traced.told(decoder).map(ToldSpan.init).map(\.id))
        #expect(spans.contains(waits.all["span_id"] ?? ""))
        try await traced.stop()
    }

    /// A saga that waits for an operator is told with its trace.
    @Test func aSagaThatIsParkedSaysWhichTraceItBelongsTo() async throws {
        let traced = try await TracedFleet.refusingPayment()
        let run = try await traced.fleet.startRun("--log-format", "json")
        try await traced.place("o1", traceParent: TracedFleet.traceParent(1))
        let line = try await eventually("it is told") { lines(run).first { $0.message.contains("is parked at pay") } }
        #expect(line.trace == TracedFleet.trace(1) && line.all["span_id"] != nil, "\(line.all)")
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try await traced.stop()
    }

    /// A store that comes and goes is told once, and at the end how often it went; so is what is exported.
    @Test func aStoreThatComesAndGoesIsToldOnce() async throws {
        let traced = try await TracedFleet()
        let run = try await traced.fleet.startRun()
        let files = ["reports.db", "reports.db-wal", "reports.db-shm"]
        func move(_ from: String, _ to: String) throws {
            for file in files where FileManager.default.fileExists(atPath: traced.fleet.file(from + file)) {
                try FileManager.default.moveItem(
                    atPath: traced.fleet.file(from + file), toPath: traced.fleet.file(to + file))
            }
        }
        // What the run says of itself to others, it has logged, or counted.
        func waits() -> Bool {
            let record = FileManager.default.contents(atPath: traced.fleet.file(".flotilla/run.json")) ?? Data()
            return String(decoding: record, as: UTF8.self).contains("reports.db")
        }
        let rounds = 5
        for round in 1...rounds {
            try move("", "away-")
            try await traced.place("o\(round)")
            try await eventually("it waits, in round \(round)") { waits() }
            try move("away-", "")
            try await eventually("it goes on, in round \(round)") {
                let sales = try await traced.fleet.store("reports.db").integer("SELECT count(*) FROM sales")
                return sales == round && !waits()
            }
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        // That it is gone is said in two ways, by whoever finds it gone: each is told once, and at the end how often it came again.
        let told = run.logLines.filter { $0.contains("reports.sales from orders waits") }
        let (first, again) = (
            told.filter { !$0.contains(" more in the last minute)") },
            told.filter { $0.contains(" more in the last minute)") }
        )
        #expect(Set(first.map { $0.dropFirst(24) }).count == first.count && first.count <= 2, "\(run.errors)")
        let repeats = again.compactMap { $0.firstMatch(of: #/\((\d+) times? more/#).flatMap { Int($0.1) } }
        #expect(first.count + repeats.reduce(0, +) >= rounds && !again.isEmpty, "\(run.errors)")
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let exported = try traced.told(decoder, "/v1/logs").filter {
            ($0["body"] as? String)?.hasPrefix("reports.sales from orders waits") == true
        }
        let counts = exported.compactMap { ($0["attributes"] as? [String: Any])?["repeated"] as? Int }
        #expect(exported.count == told.count && counts.sorted() == repeats.sorted(), "\(exported)")
        try await traced.stop()
    }

    /// What an event calls itself makes no line of its own, and tells a terminal nothing.
    @Test func whatAnEventSaysStaysOnOneLine() async throws {
        let traced = try await TracedFleet()
        let type = "Bad\n2026-01-01T00:00:00Z info all is well\u{1B}[2J\u{9B}31m\rX"
        try await traced.place("o1", type: type)
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        #expect(ended.ended(3), "\(ended.said)")
        #expect(ended.errors.contains("all is well"), "\(ended.errors)")
        let lines = ended.errors.split(separator: "\n", omittingEmptySubsequences: true)
        #expect(!lines.contains { $0.contains("info all is well") && !$0.contains("is parked") }, "\(ended.errors)")
        let control = ended.errors.unicodeScalars.filter { $0.properties.generalCategory == .control && $0 != "\n" }
        #expect(control.isEmpty, "\(control)")
        try await traced.stop()
    }

    /// Of many events that are parked for one reason, one is named, and the others are counted.
    @Test func manyParkedEventsAreOneLine() async throws {
        let traced = try await TracedFleet()
        for number in 1...30 {
            try await traced.place("o\(number)", amount: -1, traceParent: TracedFleet.traceParent(number))
        }
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        #expect(ended.ended(3), "\(ended.said)")
        let told = ended.errors.split(separator: "\n").filter { $0.contains("an event is parked at reports.sales") }
        #expect(told.count == 2, "\(ended.errors)")
        #expect(told.first?.contains("trace_id=4bf92f3577b34da6a3ce929d") == true, "\(told)")
        #expect(told.last?.contains("(29 times more in the last minute)") == true, "\(told)")
        #expect(told.last?.contains("trace_id") == false, "\(told)")
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let exported = try traced.told(decoder, "/v1/logs").filter {
            ($0["body"] as? String)?.contains("an event is parked at reports.sales") == true
        }
        #expect(exported.count == 2, "\(exported)")
        try await traced.stop()
    }
}
