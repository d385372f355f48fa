import FleetCore
import Foundation
import Testing
import Traces

/// Decisions agree with those of another implementation of the same policies (Tests/Fixtures/sampling/reference.py) over a
/// recorded set of traces.
@Suite struct AgreementTests {
    struct Recorded: Decodable {
        struct Arrival: Decodable {
            var trace: String
            var start: Int64
            var end: Int64
            var status: String
            var attributes: [String: Value]
            var at: Int64
        }

        /// Of an attribute.
        struct Value: Decodable {
            let value: SpanValue

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let flag = try? container.decode(Bool.self) {
                    value = .flag(flag)
                } else if let number = try? container.decode(Int64.self) {
                    value = .integer(number)
                } else {
                    value = .text(try container.decode(String.self))
                }
            }
        }

        struct Case: Decodable {
            var name: String
            var policies: [Policy]
            /// For each arrival 1 where it is kept.
            var kept: String
        }

        var wait: Int64
        /// What is said of all spans.
        var resource: [String: Value]
        var arrivals: [Arrival]
        var cases: [Case]
    }

    /// A policy, as the processor's configuration has it.
    struct Policy: Decodable {
        struct Rate: Decodable { var spansPerSecond: Int }

        var type: String
        var thresholdMs: Int64?
        var upperThresholdMs: Int64?
        var statusCodes: [String]?
        var key: String?
        var values: [String]?
        var enabledRegexMatching: Bool?
        var minValue: Int64?
        var maxValue: Int64?
        var value: Bool?
        var invertMatch: Bool?
        var minSpans: Int?
        var maxSpans: Int?
        var spansPerSecond: Int?
        var samplingPercentage: Double?
        var hashSalt: String?
        var andSubPolicy: [Policy]?
        var dropSubPolicy: [Policy]?
        var compositeSubPolicy: [Policy]?
        var rateAllocation: [Rate]?
        var maxTotalSpansPerSecond: Int?

        private var test: AttributeTest? {
            switch type {
            case "numeric_attribute": .integers((minValue ?? .min)...(maxValue ?? .max))
            case "boolean_attribute": value.map { .flag($0) }
            default:
                enabledRegexMatching == true
                    ? (try? TextPatterns(values ?? [])).map { AttributeTest.patterns($0) }
                    : AttributeTest.texts(Set(values ?? []))
            }
        }

        var policy: SamplingPolicy? {
            switch type {
            case "always_sample": .always
            case "latency":
                thresholdMs.map {
                    .latency(atLeast: .milliseconds($0), upTo: upperThresholdMs.map { .milliseconds($0) })
                }
            case "status_code":
                statusCodes.map { .status(Set($0.compactMap { SamplingPolicy.Status(rawValue: $0.lowercased()) })) }
            case "string_attribute", "numeric_attribute", "boolean_attribute":
                key.flatMap { key in test.map { .attribute(key, $0, isInverted: invertMatch ?? false) } }
            case "span_count": .spanCount((minSpans ?? 1)...(maxSpans ?? .max))
            case "rate_limiting": spansPerSecond.map { .rate(spans: $0) }
            case "probabilistic":
                samplingPercentage.map { .share($0 / 100, salt: hashSalt ?? SamplingPolicy.usualSalt) }
            case "and": andSubPolicy.map { .and($0.compactMap(\.policy)) }
            case "drop": dropSubPolicy.map { .drop($0.compactMap(\.policy)) }
            case "composite":
                .composite(
                    limit: maxTotalSpansPerSecond ?? 0,
                    zip(compositeSubPolicy ?? [], rateAllocation ?? []).compactMap { part, rate in
                        part.policy.map { .init($0, spans: rate.spansPerSecond) }
                    })
            default: nil
            }
        }
    }

    static let recorded: Recorded? = {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/sampling/recorded.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(Recorded.self, from: Data(contentsOf: path))
    }()

    @Test func decisionsAgreeWithTheReference() throws {
        let recorded = try #require(Self.recorded)
        #expect(recorded.cases.count >= 29 && recorded.arrivals.count > 500)
        let spans = try recorded.arrivals.enumerated().map { index, arrival in
            let context = try #require(TraceContext("00-\(arrival.trace)-\(String(format: "%016x", index + 1))-01"))
            let status: Span.Status =
                switch arrival.status {
                case "ERROR": .error("")
                case "OK": .ok
                default: .unset
                }
            return Span(
                Given.kind, context, parent: nil, from: Timestamp(microseconds: arrival.start),
                to: Timestamp(microseconds: arrival.end),
                attributes: arrival.attributes.map { SpanAttribute($0.key, $0.value.value) }, status: status)
        }
        for example in recorded.cases {
            let policies = example.policies.compactMap(\.policy)
            #expect(policies.count == example.policies.count, "\(example.name)")
            var sampler = TailSampler(
                .init(wait: .microseconds(recorded.wait), traces: 10_000, remembered: 10_000, policies: policies),
                resource: recorded.resource.map { SpanAttribute($0.key, $0.value.value) })
            var kept: [Span] = []
            func decide(until time: Int64) {
                while let due = sampler.nextDecision, due.microseconds <= time { kept += sampler.decide(at: due) }
            }
            for (arrival, span) in zip(recorded.arrivals, spans) {
                decide(until: arrival.at)
                kept += sampler.add([span], at: Timestamp(microseconds: arrival.at))
            }
            decide(until: .max)
            let numbers = Set(kept.map { Int($0.context.span.value) - 1 })
            let decisions = String(spans.indices.map { numbers.contains($0) ? "1" : "0" })
            #expect(decisions == example.kept, "\(example.name)")
        }
    }
}
