import FleetCore
import Signals
import Testing

/// After https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/specs/om/open_metrics_spec/.
@Suite struct ExpositionTests {
    /// A registry whose clock stands still.
    private let registry = SignalRegistry(
        clock: FleetClock(now: { Timestamp(microseconds: 1_520_872_607_123_000) }, sleep: { _ in }))

    @Test func aCounter() {
        let metric = Metric("foo", .counter, .seconds, ["entity", "replica"], "Some text and \n some \" escaping")
        registry.gauge(metric).series("controller", "1").set(17.5)
        #expect(
            registry.text() == """
                # HELP foo_seconds_total Some text and \\n some " escaping
                # TYPE foo_seconds_total counter
                foo_seconds_total{entity="controller",replica="1"} 17.5

                """)
        #expect(
            registry.text(.openMetrics) == """
                # HELP foo_seconds Some text and \\n some \\" escaping
                # TYPE foo_seconds counter
                # UNIT foo_seconds seconds
                foo_seconds_total{entity="controller",replica="1"} 17.5
                # EOF

                """)
    }

    /// What somebody else counts began somewhere else: to say that it began here would be a leap from 0.
    @Test func whenACounterBeganIsToldOfOnesOwnAlone() {
        let own = Metric("test.own", .counter, .events, ["service"], "Own.")
        registry.counter(own).series("shop").add(3)
        #expect(registry.text(.openMetrics).contains("test_own_created{service=\"shop\"} 1520872607.123\n"))
        registry.gauge(Metric("test.foreign", .counter, .events, [], "Foreign.")).series().set(1_000_000)
        #expect(registry.text(.openMetrics).contains("test_foreign_total 1000000\n"))
        #expect(!registry.text(.openMetrics).contains("test_foreign_created"))
    }

    @Test func aGaugeAndAnInformation() {
        registry.gauge(Metric("process.uptime", .gauge, .seconds, [], "Up.")).series().set(3)
        registry.gauge(Metric("flotilla.build", .info, .none, ["version"], "Built.")).series("0.1.0").set(1)
        registry.gauge(Metric("cache.hit", .gauge, .ratio, [], "Hits.")).series().set(0.25)
        #expect(
            registry.text() == """
                # HELP cache_hit_ratio Hits.
                # TYPE cache_hit_ratio gauge
                cache_hit_ratio 0.25
                # HELP flotilla_build_info Built.
                # TYPE flotilla_build_info gauge
                flotilla_build_info{version="0.1.0"} 1
                # HELP process_uptime_seconds Up.
                # TYPE process_uptime_seconds gauge
                process_uptime_seconds 3

                """)
        #expect(
            registry.text(.openMetrics).contains(
                "# TYPE flotilla_build info\nflotilla_build_info{version=\"0.1.0\"} 1\n"))
    }

    @Test func aHistogram() {
        let metric = Metric(
            "foo.latency", .histogram, .seconds, ["path"], "Latency.", bounds: [10_000, 100_000, 1_000_000])
        let histogram = registry.histogram(metric).series("/")
        for _ in 0..<17 { histogram.record(.milliseconds(50)) }
        histogram.record(.seconds(30))
        #expect(
            registry.text() == """
                # HELP foo_latency_seconds Latency.
                # TYPE foo_latency_seconds histogram
                foo_latency_seconds_bucket{path="/",le="0.01"} 0
                foo_latency_seconds_bucket{path="/",le="0.1"} 17
                foo_latency_seconds_bucket{path="/",le="1"} 17
                foo_latency_seconds_bucket{path="/",le="+Inf"} 18
                foo_latency_seconds_sum{path="/"} 30.85
                foo_latency_seconds_count{path="/"} 18

                """)
        let open = registry.text(.openMetrics)
        #expect(open.contains("foo_latency_seconds_bucket{path=\"/\",le=\"1.0\"} 17\n"))
        #expect(open.contains("foo_latency_seconds_created{path=\"/\"} 1520872607.123\n"))
        #expect(open.hasSuffix("# EOF\n"))
    }

    /// At most one of a bucket, the last one, and in OpenMetrics alone.
    @Test func exemplarsOfAHistogram() throws {
        let metric = Metric("foo.latency", .histogram, .seconds, ["path"], "Latency.", bounds: [10_000, 100_000])
        let histogram = registry.histogram(metric).series("/")
        let at = Timestamp(microseconds: 1_520_872_606_500_000)
        let older = try #require(TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        let context = try #require(TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        for time in [Duration.milliseconds(20), .milliseconds(100), .seconds(3)] { histogram.record(time) }
        histogram.exemplify(.milliseconds(20), at: at, by: older)
        // A bound belongs to its bucket.
        histogram.exemplify(.milliseconds(100), at: at, by: context)
        histogram.exemplify(.seconds(3), at: at, by: context)
        let exemplar = "# {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\",span_id=\"00f067aa0ba902b7\"}"
        let open = registry.text(.openMetrics)
        #expect(
            open == """
                # HELP foo_latency_seconds Latency.
                # TYPE foo_latency_seconds histogram
                # UNIT foo_latency_seconds seconds
                foo_latency_seconds_bucket{path="/",le="0.01"} 0
                foo_latency_seconds_bucket{path="/",le="0.1"} 2 \(exemplar) 0.1 1520872606.5
                foo_latency_seconds_bucket{path="/",le="+Inf"} 3 \(exemplar) 3 1520872606.5
                foo_latency_seconds_sum{path="/"} 3.12
                foo_latency_seconds_count{path="/"} 3
                foo_latency_seconds_created{path="/"} 1520872607.123
                # EOF

                """)
        // Names and values of the labels of one.
        let labels = try #require(exemplar.firstMatch(of: #/\{(.*)\}/#)).1
        #expect(labels.filter { !"=\",".contains($0) }.count <= 128)
        #expect(!registry.text().contains("trace_id"))
    }

    @Test func whateverALabelHolds() {
        let metric = Metric("test.events", .counter, .events, ["key"], "Events.")
        let invalid = String(decoding: [0x61, 0xFF, 0xC3, 0x28], as: UTF8.self)
        for value in ["a\"b", "a\\b", "a\nb", "", "Ünïcödé 🚢", invalid] { registry.counter(metric).series(value).add() }
        let text = registry.text()
        for written in ["a\\\"b", "a\\\\b", "a\\nb", "", "Ünïcödé 🚢", "a\u{FFFD}\u{FFFD}("] {
            #expect(text.contains("test_events_total{key=\"\(written)\"} 1\n"), "\(written) is not in \(text)")
        }
        #expect(text.split(separator: "\n").count == 8)
        // A label's value is no place for long texts.
        registry.counter(metric).series(String(repeating: "x", count: 100_000)).add()
        #expect(registry.text().utf8.count < text.utf8.count + 400)
    }

    @Test func anOptionalLabelWithoutAValueIsNotThere() {
        let metric = Metric(
            "test.tries", .counter, .none, ["place", "error.type"], "Tries.", optional: ["error.type"])
        registry.counter(metric).series("", "").add()
        registry.counter(metric).series("here", "").add(2)
        registry.counter(metric).series("here", "full").add(3)
        let lines = registry.text().split(separator: "\n").dropFirst(2)
        #expect(
            lines == [
                "test_tries_total{place=\"\"} 1", "test_tries_total{place=\"here\"} 2",
                "test_tries_total{place=\"here\",error_type=\"full\"} 3",
            ])
        #expect(metric.labels(of: ["here", ""]).map(\.name) == ["place"])
    }

    /// One character may be of any number of bytes.
    @Test(arguments: ["x", "ü", "🚢", "e" + String(repeating: "\u{301}", count: 1000)])
    func aLabelsValueIsCutAt256Bytes(_ character: String) throws {
        let metric = Metric("test.events", .counter, .events, ["key"], "Events.")
        registry.counter(metric).series(String(repeating: character, count: 1000)).add()
        let line = try #require(registry.text().split(separator: "\n").last)
        let value = line.dropFirst("test_events_total{key=\"".count).dropLast("\"} 1".count)
        #expect(value.utf8.count <= 256 && value.utf8.count > 240 && value.hasSuffix("…"), "\(value.utf8.count)")
        let whole = String(repeating: "y", count: 256)
        registry.counter(metric).series(whole).add()
        #expect(registry.text().contains("\"\(whole)\""))
    }

    @Test func numbersThatAreNone() {
        let gauge = registry.gauge(Metric("test.number", .gauge, .none, [], "A number.")).series()
        gauge.set(.infinity)
        #expect(registry.text().contains("test_number +Inf\n"))
        gauge.set(-.infinity)
        #expect(registry.text().contains("test_number -Inf\n"))
        gauge.set(1e300)
        #expect(registry.text().contains("test_number 1e+300\n"))
        // Whoever tells a number may tell any: the least of 64 bits has no positive counterpart.
        gauge.set(Double(Int64.min))
        #expect(registry.text().contains("test_number -9.223372036854776e+18\n"))
        gauge.set(-9_007_199_254_740_991)
        #expect(registry.text().contains("test_number -9007199254740991\n"))
    }

    @Test(
        arguments: [
            (nil, .prometheus), ("", .prometheus), ("*/*", .prometheus), ("text/html", .prometheus),
            ("text/plain;version=0.0.4", .prometheus), ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics),
            ("application/openmetrics-text; version=2.0.0", .prometheus),
            // What Prometheus 2.42 and 3 send.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                    + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                .openMetrics
            ),
            ("application/openmetrics-text;q=0.2, text/plain;q=0.9", .prometheus),
            ("application/openmetrics-text;q=0", .prometheus),
        ] as [(String?, Exposition)])
    func theFormThatIsAskedFor(_ accept: String?, _ form: Exposition) {
        #expect(Exposition.wanted(accept: accept) == form)
    }
}
