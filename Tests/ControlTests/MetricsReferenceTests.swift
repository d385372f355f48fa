import Foundation
import Signals
import Testing

@testable import Control

/// `docs/signals.md` has every metric as it is. `FLOTILLA_WRITE_REFERENCE=1` writes it anew.
@Suite struct MetricsReferenceTests {
    private static let page = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/signals.md")
    private static let begin = "<!-- metrics: begin -->\n"
    private static let end = "<!-- metrics: end -->\n"

    static var table: String {
        var text = "| metric | at `/metrics` | kind | unit | labels | meaning |\n|---|---|---|---|---|---|\n"
        for metric in FleetSignals.metrics.sorted(by: { $0.name < $1.name }) {
            let labels = metric.labels.map { "`\(PrometheusName.label($0))`" }.joined(separator: ", ")
            let unit = metric.unit.text.isEmpty ? "" : "`\(metric.unit.text)`"
            text += "| `\(metric.name)` | `\(PrometheusName(of: metric).sample)` | \(metric.kind.rawValue) | \(unit) "
            text += "| \(labels) | \(metric.meaning) |\n"
        }
        return text
    }

    @Test func theReferenceHasEveryMetricAsItIs() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let begin = try #require(text.range(of: Self.begin))
        let end = try #require(text.range(of: Self.end, range: begin.upperBound..<text.endIndex))
        let told = String(text[begin.upperBound..<end.lowerBound])
        if ProcessInfo.processInfo.environment["FLOTILLA_WRITE_REFERENCE"] != nil, told != Self.table {
            let new = text[..<begin.upperBound] + Self.table + text[end.lowerBound...]
            try new.write(to: Self.page, atomically: true, encoding: .utf8)
            return
        }
        #expect(told == Self.table)
    }

    @Test func noTwoMetricsMeetInOneName() {
        let metrics = FleetSignals.metrics
        #expect(Set(metrics.map(\.name)).count == metrics.count)
        let samples = metrics.map { PrometheusName(of: $0) }
        #expect(Set(samples.map(\.sample)).count == metrics.count)
        #expect(Set(samples.map(\.family)).count == metrics.count)
        for metric in metrics {
            #expect(metric.meaning.hasSuffix(".") && !metric.meaning.contains("|"), "\(metric.name)")
        }
    }
}
