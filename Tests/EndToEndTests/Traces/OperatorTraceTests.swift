import Foundation
import GRDB
import HTTPReceiver
import Synchronization
import TestKit
import Testing

/// What an operator has tried again is told to the collector: the trace that has the error has what became of it.
@Suite(.lanes) struct OperatorTraceTests {
    /// Of fleets' own work only errors are kept here, of what an operator asks for everything.
    private static let sampling = "{wait: 1s, policies: [{type: status_code, status_codes: [ERROR]}]}"

    /// A fleet with an event that is parked in a view, for its amount, and at a push, which is refused until `isWell`.
    private func parked(_ isWell: @escaping @Sendable () -> Bool) async throws -> TracedFleet {
        let traced = try await TracedFleet(
            sampling: Self.sampling, receiving: { .answer($0.path == "/pay" || isWell() ? 200 : 410, body: "{}") })
        try await traced.place("o1", amount: -1, traceParent: TracedFleet.traceParent(1))
        let ended = try await traced.fleet.flotilla("run", "--until-idle")
        #expect(ended.ended(3), "\(ended.said)")
        return traced
    }

    private func expectSpans(_ traced: TracedFleet, after told: Int) throws {
        guard let decoder = OTLPDecoder() else { return }
        let spans = try traced.told(decoder).map(ToldSpan.init)
        let (before, new) = (spans.prefix(told), spans.dropFirst(told))
        #expect(Set(new.map(\.name)) == ["apply traced-orders", "POST"], "\(spans.map(\.name))")
        #expect(new.allSatisfy { $0.trace == TracedFleet.trace(1) && $0.text("flotilla.parked.retry") == "operator" })
        let published = try #require(before.first { $0.name == "append traced-orders" && $0.kind == 4 })
        #expect(new.allSatisfy { $0.parent == published.id && $0.status == 0 })
        let pushed = try #require(new.first { $0.name == "POST" })
        #expect(pushed.attributes["http.response.status_code"] as? Int == 200)
        let request = try #require(traced.receiver.requests.last { $0.path.hasPrefix("/events") })
        #expect(request["traceparent"] == "00-\(TracedFleet.trace(1))-\(pushed.id)-01")
    }

    private func mend(_ traced: TracedFleet) async throws {
        try await traced.fleet.store("reports.db").write {
            try $0.execute(sql: "DROP TABLE sales; CREATE TABLE sales (id TEXT PRIMARY KEY, amount INTEGER)")
        }
    }

    private func told(_ traced: TracedFleet) throws -> Int {
        guard let decoder = OTLPDecoder() else { return 0 }
        return try traced.told(decoder).count
    }

    @Test func theCommandTellsWhatBecameOfIt() async throws {
        let isWell = Mutex(false)
        let traced = try await parked { isWell.withLock { $0 } }
        // What fails again is an error again.
        let first = try told(traced)
        let failed = try await traced.fleet.flotilla("parked", "retry")
        #expect(failed.ended(1), "\(failed.said)")
        if let decoder = OTLPDecoder() {
            let spans = try traced.told(decoder).map(ToldSpan.init).dropFirst(first)
            #expect(spans.count == 2 && spans.allSatisfy { $0.status == 2 }, "\(spans.map(\.name))")
            #expect(spans.contains { $0.attributes["http.response.status_code"] as? Int == 410 })
        }
        isWell.withLock { $0 = true }
        try await mend(traced)
        let before = try told(traced)
        let applied = try await traced.fleet.flotilla("parked", "retry")
        #expect(applied.ended(0) && !applied.said.contains("t0ps3cret"), "\(applied.said)")
        try expectSpans(traced, after: before)
        try await traced.stop()
    }

    /// What leaves an outbox after all is the same span as if it had left at once.
    @Test func anOutboxTellsAsWell() async throws {
        let traced = try await TracedFleet()
        try await traced.place("o1", type: "Late", traceParent: TracedFleet.traceParent(1))
        #expect(try await traced.fleet.flotilla("run", "--until-idle").ended(3))
        let yaml = try String(contentsOfFile: traced.fleet.file("fleet.yaml"), encoding: .utf8)
        try traced.fleet.write(yaml.replacing("[OrderPlaced, Reserve]", with: "[OrderPlaced, Reserve, Late]"))
        let applied = try await traced.fleet.flotilla("apply")
        #expect(applied.ended(0), "\(applied.said)")
        let before = try told(traced)
        let retried = try await traced.fleet.flotilla("parked", "retry")
        #expect(retried.ended(0), "\(retried.said)")
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let spans = try traced.told(decoder).map(ToldSpan.init).dropFirst(before)
        #expect(spans.map(\.name) == ["append traced-orders"] && spans.map(\.status) == [0])
        #expect(spans.first?.parent == "00f067aa0ba902b7" && spans.first?.text("flotilla.parked.retry") == "operator")
        try await traced.stop()
    }

    @Test func thePageTellsAsWell() async throws {
        let isWell = Mutex(false)
        let traced = try await parked { isWell.withLock { $0 } }
        let run = try await RunningPage(traced.fleet, "--page", "127.0.0.1:0")
        isWell.withLock { $0 = true }
        try await mend(traced)
        let before = try told(traced)
        let id = try await traced.fleet.store("reports.db").texts("SELECT event_id FROM flotilla_parked")[0]
        for place in ["reports.sales", "billing.push"] {
            let answer = try run.act("/api/parked/retry", "{\"id\":\"\(id)\",\"place\":\"\(place)\"}")
            #expect(answer.status == 200 && answer.body.contains("\"applied\":1"), "\(answer)")
        }
        try await run.stop()
        try expectSpans(traced, after: before)
        try await traced.stop()
    }

    /// A collector that hangs is no reason for the command to fail, or to take long.
    @Test func aCollectorThatHangsHoldsUpNobody() async throws {
        let traced = try await TracedFleet(collecting: { _ in .hang })
        try await traced.place("o1", amount: -1, traceParent: TracedFleet.traceParent(1))
        #expect(try await traced.fleet.flotilla("run", "--until-idle").ended(3))
        try await mend(traced)
        let begun = ContinuousClock.now
        let retried = try await traced.fleet.flotilla("parked", "retry")
        #expect(retried.ended(0) && retried.errors.contains("not exported"), "\(retried.said)")
        #expect(ContinuousClock.now - begun < .seconds(120))
        try await traced.stop()
    }
}
