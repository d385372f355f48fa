import Browser
import Foundation
import GRDB
import TestKit
import Testing

/// The way of an order, on the page: without any collector.
@Suite(.lanes, .enabled(if: Browser.isInstalled)) struct TracePageTests {
    private func fleet(_ telemetry: String = "telemetry: {sampling: {wait: 1s, share: 1, slow: 10m}}\n") async throws
        -> PageFleet
    {
        let fleet = try await PageFleet(also: "\n" + telemetry)
        try await fleet.shop.write { database in
            for (number, amount) in [(1, 10), (2, 500)] {
                try database.execute(
                    sql: """
                        INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, traceparent)
                        VALUES (?, 'order', ?, 'Sold', ?, ?)
                        """,
                    arguments: [
                        UUID().uuidString.lowercased(), "<i>K\(number)</i>", "{\"amount\": \(amount)}",
                        TracedFleet.traceParent(number),
                    ])
            }
        }
        return fleet
    }

    @Test(arguments: [(1280, 800), (390, 844)])
    func fromAStoresLatencyToTheSpanThatFailed(_ width: Int, _ height: Int) async throws {
        let fleet = try await fleet()
        let run = try await RunningPage(fleet.fleet)
        let browser = try Browser()
        let page = try await BrowserPage(browser, width: width, height: height)
        let failed = TracedFleet.trace(2)
        _ = try await eventually("the trace was kept") {
            try run.ask("/api/trace?id=\(failed)").body.contains("apply shop-shop") ? true : nil
        }
        try await page.open(run.url + "/#/store/shop/latency")
        let panel = "document.querySelector('section[aria-label=\"Slowest traces\"]')"
        try await page.wait("its traces are led to", "document.activeElement === \(panel) && !\(panel).hidden")
        try await page.wait("both are there", "\(panel).querySelectorAll('tbody tr').length === 2")
        try await page.wait(
            "the one that failed is bad", "\(panel).querySelector('tbody tr[data-level=bad] .why')?.textContent !== ''")
        try await page.click("section[aria-label=\"Slowest traces\"] tbody tr[data-level=bad] th a")
        try await page.wait(
            "its way is told",
            "document.querySelectorAll('section[aria-label=Spans] tbody tr').length >= 3"
                + " && document.querySelector('main h1').textContent === '\(failed)'")
        // From the first span to what it led to, and which of these it was that failed.
        let names = try await page.value(
            "[...document.querySelectorAll('section[aria-label=Spans] tbody th')].map(one => one.textContent).join()",
            as: String.self)
        #expect(names?.hasPrefix("append shop-shop,apply shop-shop") == true, "\(names ?? "")")
        try await page.click("section[aria-label=Spans] tbody tr[data-level=bad] button")
        try await page.wait(
            "all is said of it",
            "document.querySelector('section[aria-label=Span]')?.textContent.includes('shop.sales')"
                + " && document.activeElement === document.querySelector('section[aria-label=Span]')")
        let text = try await page.value("document.querySelector('main').textContent", as: String.self)
        // Neither keys nor what a store says of its data.
        #expect(text?.contains("K2") == false && text?.contains("allowed") == false, "\(text ?? "")")
        let wide = try await page.value(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth", as: Int.self)
        #expect((wide ?? 1) <= 0, "\(wide ?? -1) wider than \(width)")
        try await page.expectNoFlaws("a trace")
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }

    @Test func theyAreFoundByWhatTheyHaveToDoWith() async throws {
        let fleet = try await fleet()
        let run = try await RunningPage(fleet.fleet)
        func traces(_ query: String) throws -> [[String: Any]] {
            let answer = try run.ask("/api/traces?\(query)")
            let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
            return object?["traces"] as? [[String: Any]] ?? []
        }
        _ = try await eventually("both were kept") { try traces("of=billing.totals").count == 2 ? true : nil }
        #expect(try traces("kind=failed").map { $0["id"] as? String } == [TracedFleet.trace(2)])
        #expect(try traces("of=shop.sales&kind=other").map { $0["id"] as? String } == [TracedFleet.trace(1)])
        #expect(try traces("of=nobody").isEmpty && traces("limit=1").count == 1)
        #expect(try traces("of=billing").first?["services"] as? [String] == ["billing", "shop"])
        #expect(try run.ask("/api/trace?id=xyz").status == 400)
        #expect(try run.ask("/api/trace?id=\(TracedFleet.trace(7))").status == 404)
        // The parked event says where it is told how it came to that.
        let parked = try run.ask("/api/parked").body
        #expect(parked.contains("\"trace\":\"\(TracedFleet.trace(2))\""), "\(parked)")
        // From there by the keyboard.
        let browser = try Browser()
        let page = try await BrowserPage(browser, width: 1280, height: 800)
        try await page.open(run.url + "/#/parked")
        try await page.wait("it is there", "document.querySelector('a[href*=\"/trace/\"]')")
        try await page.press("t")
        try await page.wait("traces", "document.querySelectorAll('main tbody tr').length === 2")
        _ = try await page.value(
            """
            (() => { const choice = document.querySelector('select[aria-label=Which]'); choice.value = 'failed';
              choice.dispatchEvent(new Event('change')); return true; })()
            """, as: Bool.self)
        try await page.wait("one of them", "document.querySelectorAll('main tbody tr').length === 1")
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }

    /// What stood there when the process ended does not look as if it held.
    @Test func aPageWhoseProcessIsGoneSaysSo() async throws {
        let fleet = try await fleet("")
        let run = try await RunningPage(fleet.fleet)
        let browser = try Browser()
        let page = try await BrowserPage(browser, width: 1280, height: 800)
        try await page.open(run.url + "/#/parked")
        try await page.wait("an event is parked", "document.querySelectorAll('main tbody tr').length === 1")
        try await page.wait("it is named in the head", "document.getElementById('health').textContent.includes('shop')")
        run.program.send(SIGKILL)
        try await page.wait(
            "it says so",
            "document.getElementById('health').textContent.includes('nothing is known since')"
                + " && document.title.startsWith('?') && document.body.classList.contains('lost')")
        // What was parked is not gone because nobody answers.
        try await page.wait("rows stay", "document.querySelectorAll('main tbody tr').length === 1")
    }

    @Test func withoutTelemetryThePageSaysHowToGetThem() async throws {
        let fleet = try await fleet("")
        let run = try await RunningPage(fleet.fleet)
        let browser = try Browser()
        let page = try await BrowserPage(browser, width: 1280, height: 800)
        try await page.open(run.url + "/#/traces")
        try await page.wait(
            "how",
            "document.querySelector('main').innerText.includes('telemetry: {}')"
                + " && document.querySelector('main .scroll').hidden")
        try await run.stop()
    }
}
