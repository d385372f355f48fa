import Foundation
import TestKit
import Testing

/// Traces that were kept are examples of what was measured.
@Suite(.lanes) struct ExemplarTests {
    private static let openMetrics = "application/openmetrics-text;version=1.0.0"

    @Test func whatWasKeptIsAnExampleAndNothingElse() async throws {
        let traced = try await TracedFleet(
            sampling: "{wait: 3s, policies: [{type: status_code, status_codes: [ERROR]}]}", metrics: true)
        let run = try await traced.fleet.startRun()
        let signals = try await SignalAddress(of: run)
        for number in 1...20 {
            try await traced.place(
                "o\(number)", amount: number == 7 ? -7 : 1, traceParent: TracedFleet.traceParent(number))
        }
        let kept = "# {trace_id=\"\(TracedFleet.trace(7))\",span_id=\""
        let histograms = [
            "flotilla_relay_latency_seconds_bucket{service=\"orders\",",
            "flotilla_delivery_latency_seconds_bucket{subscription=\"reports.sales\",",
            "flotilla_delivery_latency_seconds_bucket{subscription=\"billing.push\",",
            "flotilla_push_duration_seconds_bucket{subscription=\"billing.push\",",
        ]
        let lines = try await eventually("each has an example") { () -> [Substring]? in
            let lines = try await signals.get("/metrics", accept: Self.openMetrics).body.split(separator: "\n")
            let isThere = histograms.allSatisfy { name in lines.contains { $0.hasPrefix(name) && $0.contains(kept) } }
            return isThere ? lines : nil
        }
        // Of the traces that were dropped there is none.
        let examples = lines.filter { $0.contains(" # {") }
        #expect(examples.allSatisfy { $0.contains("_bucket{") && $0.contains(kept) }, "\(examples)")
        for line in examples {
            // What lasted so long is in that bucket.
            let found = try #require(line.firstMatch(of: #/le="([^"]+)"\} \d+ # \{[^}]*\} ([^ ]+) [^ ]+$/#), "\(line)")
            let bound: Double? = found.1 == "+Inf" ? .infinity : Double(found.1)
            let (most, value) = (try #require(bound), try #require(Double(found.2)))
            #expect(value <= most, "\(line)")
        }
        #expect(try await !signals.get("/metrics").body.contains("trace_id"))
        if let prometheus = try PrometheusServer(scraping: String(signals.base.dropFirst("http://".count))) {
            try await eventually("Prometheus has it") {
                await prometheus.exemplars(of: "flotilla_relay_latency_seconds_bucket")?
                    .contains(TracedFleet.trace(7)) == true
            }
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        guard let decoder = OTLPDecoder() else { return try await traced.stop() }
        let told = try traced.told(decoder, "/v1/metrics").filter { $0["name"] as? String == "flotilla.relay.latency" }
            .flatMap { $0["exemplars"] as? [[String: Any]] ?? [] }
        #expect(!told.isEmpty && told.allSatisfy { $0["trace"] as? String == TracedFleet.trace(7) }, "\(told)")
        try await traced.stop()
    }
}
