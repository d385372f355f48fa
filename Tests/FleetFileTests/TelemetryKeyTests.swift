import FleetCore
import FleetFile
import Foundation
import Testing
import Traces

/// `telemetry`: where signals are sent, and which traces are kept.
@Suite struct TelemetryKeyTests {
    private func telemetry(_ text: String) -> TelemetryDefinition? {
        let result = read("fleet: f\ntelemetry: \(text)\nservices: {a: {store: sqlite:a.db}}")
        #expect(result.problems.isEmpty, "\(result.problems)")
        return result.definition?.telemetry
    }

    @Test func withoutItNothingIsSent() {
        #expect(read("fleet: f\nservices: {a: {store: sqlite:a.db}}").definition?.telemetry == nil)
    }

    @Test func theDefaults() throws {
        let read = try #require(telemetry("{otlp: {url: \"http://127.0.0.1:4318/\"}}"))
        let collector = try #require(read.collector)
        #expect(collector.url == "http://127.0.0.1:4318" && collector.encoding == .protobuf)
        #expect(collector.interval == .seconds(15) && collector.signals == [.traces, .metrics, .logs])
        #expect(collector.headers.isEmpty && collector.resource.isEmpty && read.wantsTraces)
        #expect(
            read.sampling
                == TailSampler.Settings(
                    wait: .seconds(30), traces: 50_000, memory: .mebibytes(128), remembered: 100_000,
                    policies: SamplingPolicy.usual(slow: .seconds(1), share: 0.05, limit: 1000)))
    }

    @Test func everything() throws {
        let read = try #require(
            telemetry(
                """
                {otlp: {url: "https://otel.example.com/base", encoding: json, every: 1m, signals: [traces],
                  headers: {Authorization: "Bearer x y"}, resource: {deployment.environment.name: production}},
                  sampling: {wait: 10s, traces: 1000, memory: 16MiB, slow: 250ms, share: 0.5, limit: 20/s}}
                """))
        let collector = try #require(read.collector)
        #expect(collector.url == "https://otel.example.com/base" && collector.encoding == .json)
        #expect(collector.signals == [.traces])
        #expect(collector.interval == .seconds(60) && collector.headers.map(\.name) == ["authorization"])
        #expect(collector.headers[0].value == "Bearer x y" && collector.resource[0].value == "production")
        #expect(
            read.sampling
                == TailSampler.Settings(
                    wait: .seconds(10), traces: 1000, memory: .mebibytes(16), remembered: 2000,
                    policies: SamplingPolicy.usual(slow: .milliseconds(250), share: 0.5, limit: 20)))
    }

    @Test func withoutACollectorTracesAreForThePage() throws {
        let page = "fleet: f\npage: \"127.0.0.1:7070\"\nservices: {a: {store: sqlite:a.db}}\ntelemetry: "
        for text in ["{}", "{sampling: {slow: 2s}}"] {
            let result = read(page + text)
            #expect(result.problems.isEmpty, "\(result.problems)")
            let telemetry = try #require(result.definition?.telemetry)
            #expect(telemetry.collector == nil && telemetry.wantsTraces && telemetry.sampling.wait == .seconds(5))
        }
        #expect(read(page + "{sampling: {wait: 1m}}").definition?.telemetry?.sampling.wait == .seconds(60))
        let metrics = telemetry("{otlp: {url: \"http://127.0.0.1:4318\", signals: [metrics]}}")
        #expect(metrics?.wantsTraces == false)
        Marked(
            "fleet: f\n‸telemetry: {}\nservices: {a: {store: sqlite:a.db}}",
            "traces are made for nobody; add otlp: {url: \"http://127.0.0.1:4318\"}, or page:"
        ).check()
    }

    @Test func policiesAsTheProcessorHasThem() throws {
        let patterns = try TextPatterns(["^v"])
        let read = try #require(
            telemetry(
                """
                {otlp: {url: "http://127.0.0.1:4318"}, sampling: {policies: [
                  {name: all, type: always_sample}, {type: latency, threshold: 1s, upper: 2s},
                  {type: status_code, status_codes: [ERROR, unset]},
                  {type: string_attribute, key: k, values: [v, w], invert: true},
                  {type: string_attribute, key: k, values: ["^v"], regex: true},
                  {type: numeric_attribute, key: n, min: -5, max: 7}, {type: numeric_attribute, key: n, min: 3},
                  {type: boolean_attribute, key: b, value: false, invert: true},
                  {type: span_count, min: 2, max: 20}, {type: span_count, max: 9}, {type: rate_limiting, spans: 5/s},
                  {type: probabilistic, share: 0.1, salt: s}, {type: and, policies: [{type: always_sample}]},
                  {type: composite, limit: 100/s, policies: [
                    {type: always_sample, allocation: 0.75}, {type: latency, threshold: 1s, allocation: 0.25}]},
                  {type: drop, policies: [{type: latency, threshold: 1ms}]}]}}
                """))
        let wanted: [SamplingPolicy] = [
            .always, .latency(atLeast: .seconds(1), upTo: .seconds(2)), .status([.error, .unset]),
            .attribute("k", .texts(["v", "w"]), isInverted: true),
            .attribute("k", .patterns(patterns), isInverted: false),
            .attribute("n", .integers(-5...7), isInverted: false),
            .attribute("n", .integers(3...Int64.max), isInverted: false),
            .attribute("b", .flag(false), isInverted: true), .spanCount(2...20), .spanCount(1...9), .rate(spans: 5),
            .share(0.1, salt: "s"), .and([.always]),
            .composite(
                limit: 100, [.init(.always, spans: 75), .init(.latency(atLeast: .seconds(1), upTo: nil), spans: 25)]),
            .drop([.latency(atLeast: .milliseconds(1), upTo: nil)]),
        ]
        #expect(read.sampling.policies == wanted)
    }

    @Test(arguments: [
        ("{‸oltp: {url: \"http://a\"}}", "did you mean \"otlp\"?"),
        ("{otlp: ‸{encoding: json}}", "\"otlp\" has no \"url\""),
        ("{otlp: {url: ‸\"127.0.0.1:4318\"}}", "\"url\" is no URL of http or https; write http://HOST:PORT"),
        ("{otlp: {url: ‸\"http://u:p@a\"}}", "\"url\" has a user or a password"),
        ("{otlp: {url: ‸\"http://a:1/?key=x\"}}", "\"url\" has a query"),
        ("{otlp: {url: ‸\"http://a:4318/v1/traces\"}}", "is added for each signal; write it without /v1/traces"),
        (
            "{otlp: {url: ‸\"http://a:4318/base/v1/metrics/\"}}",
            "is added for each signal; write it without /v1/metrics"
        ),
        ("{otlp: {url: \"http://a\", encoding: ‸protobof}}", "did you mean \"protobuf\"?"),
        ("{otlp: {url: \"http://a\", signals: [traces, ‸metrix]}}", "did you mean \"metrics\"?"),
        ("{otlp: {url: \"http://a\", signals: ‸[]}}", "\"signals\" is empty"),
        ("{otlp: {url: \"http://a\", every: ‸10ms}}", "\"every\" is out of bounds; write between 1s and 1h"),
        ("{otlp: {url: \"https://a\", headers: {‸Content-Type: x}}}", "\"Content-Type\" is no name of a header"),
        ("{otlp: {url: \"https://a\", headers: {‸\"a b\": x}}}", "\"a b\" is no name of a header"),
        (
            "{otlp: {url: \"https://a\", headers: {k: ‸\"se\\ncret\"}}}",
            "the value of \"k\" has a character that no header has"
        ),
        ("{otlp: {url: \"http://a\", ‸tls: {ca: no.pem}}}", "\"tls\" is for https"),
        ("{otlp: {url: \"http://a\"}, sampling: {share: ‸5}}", "which is no share; write between 0 and 1"),
        ("{otlp: {url: \"http://a\"}, sampling: {limit: ‸100}}", "is no number of spans a second"),
        ("{otlp: {url: \"http://a\"}, sampling: {wait: ‸2h}}", "\"wait\" is out of bounds"),
        ("{otlp: {url: \"http://a\"}, sampling: {traces: ‸0}}", "write a whole number from 1 to 1000000"),
        (
            "{otlp: {url: \"http://a\"}, sampling: {‸share: 0.1, policies: [{type: always_sample}]}}",
            "\"policies\" replaces them"
        ),
        ("{otlp: {url: \"http://a\"}, sampling: {policies: [‸{name: x}]}}", "a policy has no \"type\""),
        ("{otlp: {url: \"http://a\"}, sampling: {policies: [{type: ‸latancy}]}}", "did you mean \"latency\"?"),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [{type: always_sample, ‸share: 0.1}]}}",
            "\"share\" is no key of a policy of the type always_sample"
        ),
        ("{otlp: {url: \"http://a\"}, sampling: {policies: [‸{type: latency}]}}", "has no \"threshold\""),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [{type: status_code, status_codes: [‸BAD]}]}}",
            "is no status"
        ),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [{type: ‸ottl_condition}]}}",
            "OpenTelemetry's tail sampling has \"ottl_condition\", and Flotilla has not; the types are always_sample, "
        ),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [{type: ‸trace_state}]}}",
            "OpenTelemetry's tail sampling has \"trace_state\""
        ),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [{type: ‸bytes_limiting}]}}",
            "OpenTelemetry's tail sampling has \"bytes_limiting\""
        ),
        (
            """
            {otlp: {url: "http://a"}, sampling: {policies: \
            [{type: string_attribute, key: k, regex: true, values: [a, ‸"(b"]}]}}
            """,
            "\"(b\" is no regular expression"
        ),
        (
            """
            {otlp: {url: "http://a"}, sampling: {policies: \
            [{type: string_attribute, key: k, regex: ‸maybe, values: [a]}]}}
            """,
            "write true or false"
        ),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [‸{type: numeric_attribute, key: k}]}}",
            "has neither \"min\" nor \"max\""
        ),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [{type: numeric_attribute, key: k, min: ‸1.5}]}}",
            "write a whole number"
        ),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [{type: span_count, min: ‸0}]}}",
            "write a whole number from 1"
        ),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [{type: span_count, min: 3, max: ‸2}]}}",
            "\"max\" is less than \"min\""
        ),
        (
            "{otlp: {url: \"http://a\"}, sampling: {policies: [‸{type: boolean_attribute, key: k}]}}",
            "has no \"value\""
        ),
    ])
    func whatIsWrong(_ text: String, _ message: String) {
        let marked = "fleet: f\ntelemetry: \(text)\nservices: {a: {store: sqlite:a.db}}"
        if text.contains("tls") {
            // The file is not there, either.
            let problems = read(marked.replacing("‸", with: "")).problems
            #expect(problems.contains { $0.description.contains(message) })
        } else {
            Marked(marked, message).check()
        }
    }

    private static let objectives = """

        objectives:
          fresh: {view: a.seen, freshness: 500ms, target: 99%}
          fresher: {view: a.seen, freshness: 200ms, target: 90%}
          right: {view: a.seen, errors: 1%}
          relayed: {stream: a, latency: 2s, target: 99%}
          stored: {store: a, latency: 1ms, target: 99%}
        """
    private static let observed = """
        services:
          a:
            store: sqlite:a.db
            publishes: [E]
            views:
              seen: {schema: "CREATE TABLE seen (id TEXT);", when: {a.E: "INSERT INTO seen VALUES (:id)"}}
        """

    /// Of the usual policies, one keeps what took longer than an objective says; policies of the file's own say all.
    @Test func objectivesSayWhatIsLate() throws {
        func sampling(_ text: String, _ objectives: String = Self.objectives) throws -> TailSampler.Settings {
            let result = read(
                "fleet: f\npage: \"127.0.0.1:7070\"\ntelemetry: {sampling: \(text)}\n" + Self.observed + objectives)
            #expect(result.problems.isEmpty, "\(result.problems)")
            let fleet = try #require(result.definition)
            return try #require(fleet.telemetry).sampling(for: fleet.objectives)
        }
        let settings = try sampling("{slow: 3s, share: 0.5, limit: 7/s, wait: 9s}")
        #expect(settings.wait == .seconds(9))
        #expect(
            settings.policies
                == SamplingPolicy.usual(
                    slow: .seconds(3), share: 0.5, limit: 7,
                    late: ["view a.seen": .milliseconds(200), "stream a": .seconds(2)]))
        let without = try sampling("{slow: 3s, share: 0.5, limit: 7/s, wait: 9s}", "")
        #expect(without.policies == SamplingPolicy.usual(slow: .seconds(3), share: 0.5, limit: 7))
        #expect(try sampling("{policies: [{type: always_sample}]}").policies == [.always])
    }

    @Test func aSecretInAHeaderIsNeverQuoted() {
        let result = read(
            "fleet: f\ntelemetry: {otlp: {url: \"https://a\", headers: {k: \"${SECRET}\"}}}\nservices: {a: {store: sqlite:a.db}}",
            environment: ["SECRET": "hunter2\u{1}"])
        #expect(!result.problems.isEmpty && !"\(result.problems)".contains("hunter2"))
    }

    @Test func headersWithoutTLSAreWarnedOf() {
        let result = read(
            "fleet: f\ntelemetry: {otlp: {url: \"http://example.com:4318\", headers: {k: v}}}\nservices: {a: {store: sqlite:a.db}}"
        )
        #expect(result.problems.map(\.severity) == [.warning])
        #expect(result.definition?.telemetry?.collector?.headers.count == 1)
    }

    @Test func theExampleOfTheDocumentationIsRight() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let page = try String(contentsOf: root.appendingPathComponent("docs/traces.md"), encoding: .utf8)
        let start = try #require(page.range(of: "```yaml\n"))
        let end = try #require(page.range(of: "```\n", range: start.upperBound..<page.endIndex))
        let lines = page[start.upperBound..<end.lowerBound].split(separator: "\n").map { "  \($0)" }
        let result = read(
            "fleet: f\ntelemetry:\n  otlp: {url: \"http://127.0.0.1:4318\"}\n" + lines.joined(separator: "\n")
                + "\nservices: {a: {store: sqlite:a.db}}")
        #expect(result.problems.isEmpty, "\(result.problems)")
        #expect(result.definition?.telemetry?.sampling.policies.count == 4)
    }
}
