import FleetCore
import Logging
import OTLP
import Signals
import Synchronization
import TestKit
import Testing
import Traces

/// What is exported is read by OpenTelemetry's own Python package, in both forms.
@Suite struct DecodingTests {
    private func registry() -> SignalRegistry {
        let registry = SignalRegistry()
        registry.counter(Metric("flotilla.capture.events", .counter, .events, ["service"], "Rows.")).series("a\"b").add(
            41)
        registry.gauge(Metric("flotilla.outbox.age", .gauge, .seconds, ["service"], "Age.")).series("shop").set(1.5)
        let histogram = registry.histogram(
            Metric("flotilla.relay.latency", .histogram, .seconds, ["service"], "Latency.", bounds: [1000, 1_000_000])
        ).series("shop")
        for time in [Duration.microseconds(10), .milliseconds(20), .milliseconds(30), .seconds(2)] {
            histogram.record(time)
        }
        histogram.exemplify(
            .milliseconds(20), at: Timestamp(microseconds: 1_790_000_000_000_000), by: Samples.context)
        return registry
    }

    private func export(_ encoding: OTLPEncoding) async -> [Collector.Request] {
        let collector = Collector()
        let exporter = Samples.exporter(collector, encoding: encoding, registry: registry())
        exporter.export([Samples.span(10), Samples.span(11, status: .error("refused")), Samples.span(12, status: .ok)])
        let metadata = [
            "fleet": "shop", "stream": "shop-orders", "trace_id": "\(Samples.context.trace)",
            "span_id": "\(Samples.context.span)",
        ]
        exporter.export(OTLPLogRecord(at: .now(), level: .warning, "a line", metadata: metadata))
        exporter.export(
            OTLPLogRecord(at: .now(), level: .error, "another", metadata: ["trace_id": "no trace"], repeated: 3))
        exporter.finish(within: .seconds(300))
        await exporter.run()
        return collector.received
    }

    @Test(arguments: OTLPEncoding.allCases)
    func theOfficialPackageReadsEverything(_ encoding: OTLPEncoding) async throws {
        let requests = await export(encoding)
        #expect(requests.count == 3)
        #expect(requests.allSatisfy { $0.contentType == encoding.contentType })
        guard let decoder = OTLPDecoder() else { return }
        let told = try decoder.decode(requests.map { ($0.signal.path, $0.contentType, $0.body) })
        func lines(_ signal: String) -> [[String: Any]] { told.filter { $0["signal"] as? String == signal } }

        let spans = lines("traces")
        #expect(spans.count == 3)
        let span = try #require(spans.first)
        #expect(span["trace"] as? String == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(span["span"] as? String == "000000000000000a")
        #expect(span["parent"] as? String == "00f067aa0ba902b7")
        #expect(span["name"] as? String == "append shop-orders" && span["kind"] as? Int == 4)
        #expect(span["start"] as? Int == 1_790_000_000_123_456_000 && span["end"] as? Int == 1_790_000_000_128_456_000)
        #expect(span["flags"] as? Int == 1 && span["scope"] as? String == "flotilla")
        let attributes = try #require(span["attributes"] as? [String: Any])
        #expect(attributes["messaging.system"] as? String == "nats" && attributes["server.port"] as? Int == -4222)
        #expect(attributes["messaging.message.id"] as? String == "\(EventID(high: 1, low: 2))")
        #expect(attributes["share"] as? Double == 0.25 && attributes["isGood"] as? Bool == true)
        #expect(attributes["text"] as? String == "quotes \" \\ and\nnewlines, \u{1} and é")
        let resource = try #require(span["resource"] as? [String: Any])
        #expect(resource["service.name"] as? String == "flotilla" && resource["process.pid"] as? Int == 7)
        #expect(spans.map { $0["status"] as? Int } == [0, 2, 1])
        #expect(spans[1]["message"] as? String == "refused")

        let metrics = lines("metrics")
        #expect(metrics.count == 3)
        let counter = try #require(metrics.first { $0["name"] as? String == "flotilla.capture.events" })
        #expect(counter["value"] as? Int == 41 && counter["monotonic"] as? Bool == true)
        #expect(counter["temporality"] as? Int == 2 && counter["unit"] as? String == "{event}")
        #expect((counter["attributes"] as? [String: Any])?["service"] as? String == "a\"b")
        #expect(try #require(counter["start"] as? Int) > 1_700_000_000_000_000_000)
        let gauge = try #require(metrics.first { $0["name"] as? String == "flotilla.outbox.age" })
        #expect(gauge["value"] as? Double == 1.5 && gauge["kind"] as? String == "gauge")
        let histogram = try #require(metrics.first { $0["name"] as? String == "flotilla.relay.latency" })
        #expect(histogram["count"] as? Int == 4 && histogram["counts"] as? [Int] == [1, 2, 1])
        #expect(histogram["bounds"] as? [Double] == [0.001, 1] && histogram["sum"] as? Double == 2.05001)

        let exemplars = try #require(histogram["exemplars"] as? [[String: Any]])
        #expect(exemplars.count == 1 && exemplars[0]["value"] as? Double == 0.02)
        #expect(exemplars[0]["trace"] as? String == "\(Samples.context.trace)")
        #expect(exemplars[0]["span"] as? String == "\(Samples.context.span)")
        #expect(exemplars[0]["time"] as? Int == 1_790_000_000_000_000_000)

        let logs = lines("logs")
        #expect(logs.map { $0["body"] as? String } == ["a line", "another"])
        #expect(logs.map { $0["severity"] as? Int } == [13, 17] && logs[0]["level"] as? String == "WARNING")
        #expect(logs[0]["trace"] as? String == "\(Samples.context.trace)")
        #expect(logs[0]["span"] as? String == "\(Samples.context.span)" && logs[1]["trace"] as? String == "")
        let said = try #require(logs[0]["attributes"] as? [String: Any])
        #expect(said["fleet"] as? String == "shop" && said["stream"] as? String == "shop-orders" && said.count == 2)
        #expect((logs[1]["attributes"] as? [String: Any])?["repeated"] as? Int == 3)
    }

    /// What somebody else counts began nobody knows when; and nothing begins after it was read, also where the clock was put back.
    @Test func whenSeriesBegan() async throws {
        let clock = Mutex(Timestamp(microseconds: 1_790_000_000_000_000))
        let registry = SignalRegistry(clock: FleetClock(now: { clock.withLock { $0 } }, sleep: { _ in }))
        registry.counter(Metric("test.own", .counter, .events, [], "Own.")).series().add()
        registry.gauge(Metric("test.foreign", .counter, .events, [], "Foreign.")).series().set(1_000_000)
        clock.withLock { $0 = $0.advanced(by: .seconds(-3600)) }
        let collector = Collector()
        let exporter = Samples.exporter(
            collector, encoding: .json, registry: registry,
            clock: FleetClock(now: { clock.withLock { $0 } }, sleep: { _ in }))
        exporter.finish(within: .seconds(300))
        await exporter.run()
        let metrics = String(
            decoding: try #require(collector.received.first { $0.signal == .metrics }).body, as: UTF8.self)
        let starts = metrics.matches(of: #/"startTimeUnixNano":"(\d+)"/#).map { String($0.1) }
        #expect(starts == ["1789996400000000000"], "\(metrics)")
        #expect(metrics.contains("\"timeUnixNano\":\"1789996400000000000\""))
    }

    /// What adds up over processes, and goes down as well, is a sum that is not monotonic.
    @Test func whatAddsUpIsASum() async throws {
        let registry = SignalRegistry()
        let threads = Metric("process.thread.count", .gauge, .things("thread"), [], "Threads.", isSum: true)
        registry.gauge(threads).series().set(7)
        let collector = Collector()
        let exporter = Samples.exporter(collector, encoding: .json, registry: registry)
        exporter.finish(within: .seconds(300))
        await exporter.run()
        let metrics = String(
            decoding: try #require(collector.received.first { $0.signal == .metrics }).body, as: UTF8.self)
        #expect(metrics.contains("\"sum\":{\"dataPoints\":[{"), "\(metrics)")
        #expect(metrics.contains("\"asDouble\":7") && metrics.contains("\"aggregationTemporality\":2"))
        #expect(!metrics.contains("\"isMonotonic\":true") && !metrics.contains("\"gauge\""), "\(metrics)")
    }

    /// Without the package: what OTLP's JSON says of names, ids, enums and numbers of 64 bits.
    @Test func theFormOfJSON() async throws {
        let requests = await export(.json)
        let traces = String(decoding: try #require(requests.first { $0.signal == .traces }).body, as: UTF8.self)
        #expect(traces.contains("\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\""))
        #expect(traces.contains("\"spanId\":\"000000000000000a\",\"parentSpanId\":\"00f067aa0ba902b7\""))
        #expect(traces.contains("\"kind\":4,\"startTimeUnixNano\":\"1790000000123456000\""))
        #expect(traces.contains("{\"key\":\"server.port\",\"value\":{\"intValue\":\"-4222\"}}"))
        #expect(traces.contains("\"status\":{\"message\":\"refused\",\"code\":2}"))
        let metrics = String(decoding: try #require(requests.first { $0.signal == .metrics }).body, as: UTF8.self)
        #expect(metrics.contains("\"asInt\":\"41\"") && metrics.contains("\"asDouble\":1.5"))
        #expect(metrics.contains("\"bucketCounts\":[\"1\",\"2\",\"1\"],\"explicitBounds\":[0.001,1.0]"))
        #expect(metrics.contains("\"aggregationTemporality\":2,\"isMonotonic\":true"))
        #expect(
            metrics.contains(
                "\"exemplars\":[{\"timeUnixNano\":\"1790000000000000000\",\"asDouble\":0.02,"
                    + "\"spanId\":\"\(Samples.context.span)\",\"traceId\":\"\(Samples.context.trace)\"}]"))
        try JSONDocument.validate(Array(traces.utf8))
        try JSONDocument.validate(Array(metrics.utf8))
    }
}
