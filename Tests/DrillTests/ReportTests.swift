import DrillJudge
import DrillReport
import FleetCore
import TestKit
import Testing

@Suite struct ReportTests {
    private var drill: HealthyDrill {
        var drill = HealthyDrill(seed: 7)
        drill.history.take(
            HistoryEntry(
                at: 500,
                .sampled([
                    LagSample(name: "orders", kind: .stream, pending: 12, seconds: 0.5, retained: 5_000_000),
                    LagSample(name: "copies.ledger from x-orders", kind: .view, pending: nil, seconds: nil),
                ])))
        drill.history.take(HistoryEntry(at: 600, .noted("run <1> did something")))
        return drill
    }

    @Test func thePageNeedsNothingButItself() {
        let page = PageReport(drill.history, drill.judged()).page
        for outside in ["http:", "https:", "src=", "href=", "@import", "url("] {
            #expect(!page.contains(outside), "\(outside)")
        }
        for needed in [
            "<svg", "prefers-color-scheme: dark", "name=\"viewport\"", "crash of a store", "orders into the broker",
        ] {
            #expect(page.contains(needed), "\(needed)")
        }
        #expect(page.contains("run &lt;1&gt;") && !page.contains("run <1>"))
    }

    @Test func bothTellWhatWasFound() throws {
        var drill = drill
        let event = try drill.transaction(of: "stock", .committed).events[0]
        drill.change(view: 0) { $0.removeAll { $0.event == event.id } }
        let judgement = drill.judged()
        for report in [TextReport(drill.history, judgement).text, PageReport(drill.history, judgement).page] {
            #expect(report.contains("\(event.id)") && report.contains("never reached view copies.ledger"))
            #expect(report.contains("FINDING"))
        }
    }

    @Test func aDrillOfWhichNothingIsKnownIsTold() {
        let nothing = PageReport(History(), Judgement.nothing)
        #expect(nothing.page.contains("every promise was kept"))
    }
}

extension Judgement {
    fileprivate static var nothing: Judgement { Judge.judge(History(), Observations()) }
}
