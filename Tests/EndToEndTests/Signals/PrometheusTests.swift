import Foundation
import TestKit
import Testing

/// What Prometheus' own programs say of the signals.
@Suite(.serialized, .lanes) struct PrometheusTests {
    /// Carries a good event, one that is parked, and pushes to a receiver that is not there.
    private func carrying() async throws -> (FleetDirectory, Program, SignalAddress) {
        let port = try LoopbackPort.free()
        let fleet = try FleetDirectory(
            ServingTests.yaml() + """

                  billing:
                    store: sqlite:billing.db
                    push:
                      shop.Sold: {to: "http://127.0.0.1:\(port)/events?token=hidden"}
                """)
        #expect(try await fleet.flotilla("apply").ended(0))
        let run = try await fleet.startRun()
        let signals = try await SignalAddress(of: run)
        try await fleet.store("shop.db").publish(
            OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 1}"),
            OutboxRow(key: "bad", type: "Sold", payload: "{\"amount\": -1}"))
        try await eventually("both are taken, and one cannot be pushed") {
            let told = try await signals.get("/metrics")
            return told.body.contains("outcome=\"postponed\"} ")
                && told.body.contains("flotilla_sqlite_file_size_bytes")
                && told.value("flotilla_delivery_batch_size_sum{subscription=\"shop.sales\",stream=\"shop-shop\"}") == 2
        }
        return (fleet, run, signals)
    }

    @Test func promtoolFindsNothingWrong() async throws {
        guard Command("promtool") != nil, let shell = Command("sh") else { return }
        let (fleet, run, signals) = try await carrying()
        try fleet.write(try await signals.get("/metrics").body, to: "metrics.txt")
        let (status, output) = try shell.run(["-c", "promtool check metrics < \(fleet.file("metrics.txt"))"])
        #expect(status == 0 && output.isEmpty, "\(status): \(output)")
        run.kill()
    }

    @Test func aRealPrometheusScrapesIt() async throws {
        let (fleet, run, signals) = try await carrying()
        let address = String(signals.base.dropFirst("http://".count))
        guard let prometheus = try PrometheusServer(scraping: address) else { return }
        try await eventually("Prometheus has scraped") { await prometheus.value(of: "up{job=\"flotilla\"}") == "1" }
        try await eventually("it has what was told") {
            await prometheus.value(of: "flotilla_delivery_batch_size_sum{subscription=\"shop.sales\"}") == "2"
        }
        let latency = await prometheus.value(
            of: "histogram_quantile(0.99, flotilla_delivery_latency_seconds_bucket{subscription=\"shop.sales\"})")
        #expect(latency.flatMap(Double.init).map { $0 > 0 } == true, "\(latency ?? "nothing")")
        #expect(await prometheus.value(of: "flotilla_build_info") == "1")
        // A Prometheus that is gone, or comes again, is nothing to the fleet.
        prometheus.kill()
        let shop = try fleet.store("shop.db")
        try await shop.publish(OutboxRow(key: "K", type: "Sold", payload: "{\"amount\": 2}"))
        try await eventually("the event is carried") { try await shop.integer("SELECT count(*) FROM sales") == 2 }
        #expect(try await signals.get("/healthz").status == 200)
        guard let next = try PrometheusServer(scraping: address) else { return }
        try await eventually("the next one has what was told") {
            await next.value(of: "flotilla_delivery_batch_size_sum{subscription=\"shop.sales\"}") == "3"
        }
        run.send(SIGTERM)
        #expect(try await run.end() == .code(0))
        try await eventually("Prometheus has seen the end") {
            await next.value(of: "up{job=\"flotilla\"}") == "0"
        }
    }
}
