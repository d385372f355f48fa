import Browser
import Foundation
import TestKit
import Testing

/// The operators' page in a real browser.
@Suite(.lanes, .enabled(if: Browser.isInstalled)) struct PageTests {
    private static let rowsAreThere = "document.querySelectorAll('section[aria-label=Stores] tbody tr').length === 2"

    /// A desktop, a tablet, a phone: every page is there, nothing is wider than the screen, nobody complains.
    @Test(arguments: [(1280, 800), (820, 1180), (390, 844)])
    func itIsThereAtEverySize(_ width: Int, _ height: Int) async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        try await shop.shop.publish(PageFleet.sold("a", 1), PageFleet.sold("b", 1000))
        let browser = try Browser()
        let page = try await BrowserPage(browser, width: width, height: height, isDark: width == 820)
        try await page.open(run.url)
        try await page.wait("the stores are there", Self.rowsAreThere)
        let addresses = [
            "#/", "#/map", "#/streams", "#/parked", "#/store/shop", "#/stream/shop-shop",
            "#/reader/billing.totals/shop-shop", "#/sagas", "#/flows", "#/nonsense",
        ]
        for address in addresses {
            _ = try await page.value("(location.hash = '\(address)', true)", as: Bool.self)
            try await page.wait(
                "\(address) has a heading", "location.hash === '\(address)' && document.querySelector('main h1')")
            try await page.expectNoFlaws("\(address) at \(width)")
            #expect(try await page.screenshot().count > 5000)
        }
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }

    @Test func keysLeadThroughIt() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url)
        try await page.wait("the stores are there", Self.rowsAreThere)
        // The first thing that Tab finds leads past the navigation, and is seen.
        try await page.press("Tab")
        try await page.wait("the way past the navigation has the focus", "document.activeElement.className === 'skip'")
        for (key, hash) in [("m", "#/map"), ("p", "#/parked"), ("s", "#/streams"), ("o", "#/")] {
            try await page.press(key)
            try await page.wait("\(key) leads to \(hash)", "location.hash === '\(hash)'")
            try await page.wait("\(hash) is drawn", "document.querySelector('nav a[aria-current]')?.hash === '\(hash)'")
        }
        try await page.press("j")
        try await page.press("j")
        try await page.wait(
            "the second row has the focus",
            "document.activeElement.closest('tr')?.rowIndex === 2 && document.activeElement.matches(':focus-visible')")
        try await page.press("k")
        try await page.press("Enter")
        try await page.wait("the store's page is open", "location.hash.startsWith('#/store/')")
        try await page.press("?")
        try await page.wait("the keys are listed", "document.getElementById('help').open")
        try await page.press("Escape")
        try await page.wait("the list is closed", "!document.getElementById('help').open")
        try await page.press("o")
        try await page.wait("the stores are there", Self.rowsAreThere)
        try await page.press("/")
        try await page.wait("the filter has the focus", "document.activeElement.type === 'search'")
        try await page.type("bill")
        try await page.wait(
            "one store is shown", "document.querySelectorAll('section[aria-label=Stores] tbody tr').length === 1")
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }

    /// What is told of changes is told to those as well who do not see them.
    @Test func aChangeIsReadAloud() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url)
        try await page.wait("all is well", "document.getElementById('health').dataset.level === 'good'")
        try await shop.shop.publish(PageFleet.sold("b", 1000))
        try await page.wait(
            "it is said", "document.querySelector('[aria-live=polite]').textContent.includes('The fleet is now')")
        try await run.stop()
    }

    /// From the first control to the last and around by Tab alone, and the overview's numbers lead to what they are about.
    @Test func everythingIsReachedByTab() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        try await shop.shop.publish(PageFleet.sold("a", 1))
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url)
        try await page.wait("a latency is there", "document.querySelector('section[aria-label=Stores] td.n a')")
        let count =
            try await page.value(
                "[...document.querySelectorAll('a[href], button, input, select, [tabindex=\"0\"]')].filter(one => one.checkVisibility() && !one.closest('dialog')).length",
                as: Int.self) ?? 0
        _ = try await page.value(
            "(window.reached = new Set(), addEventListener('focusin', event => window.reached.add(event.target)), true)",
            as: Bool.self)
        for _ in 0..<count + 3 { try await page.press("Tab") }
        try await page.wait("all were reached", "window.reached.size >= \(count)")
        #expect(count >= 12)
        _ = try await page.value(
            "(document.querySelector('section[aria-label=Stores] td.n a').click(), true)", as: Bool.self)
        try await page.wait(
            "p99 leads to what takes the time",
            "location.hash.endsWith('/latency') && document.activeElement.getAttribute('aria-label') === 'History'")
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }

    /// What somebody notes is seen on the time axis; without a history nobody takes it.
    @Test func whatIsNotedIsOnTheTimeAxis() async throws {
        let shop = try await PageFleet()
        let early = try await shop.fleet.flotilla("note", "too early", environment: PageFleet.environment)
        #expect(early.ended(69) || early.ended(1), "\(early.said)")
        #expect(early.errors.contains("keeps no history here"), "\(early.said)")
        let run = try await shop.run()
        let noted = try await shop.fleet.flotilla(
            "note", "orders", "1.4.2", "is <b>deployed</b>", environment: PageFleet.environment)
        #expect(noted.ended(0), "\(noted.said)")
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url)
        try await page.wait(
            "it is seen", "document.querySelector('.moments').textContent.includes('orders 1.4.2 is <b>deployed</b>')")
        try await page.wait(
            "so is who carries", "document.querySelector('.moments').textContent.includes('with flotilla ')")
        #expect(try await page.value("document.querySelectorAll('.axis-strip .mark').length", as: Int.self) == 2)
        #expect(try await shop.fleet.flotilla("note", " ", environment: PageFleet.environment).ended(1))
        try await run.stop()
    }

    @Test func parkedEventsAreRetriedAndDiscarded() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        // The first is mended and tried again, with the one behind it; the other is dropped.
        try await shop.shop.publish(
            PageFleet.sold("good", 1000), PageFleet.sold("good", 2), PageFleet.sold("lost", 2000))
        try await eventually("they are parked") { try await shop.parked() == 3 }
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url + "/#/parked")
        try await page.wait("three are shown", "document.querySelectorAll('main tbody tr').length === 3")
        try await page.wait("their number is shown", "document.getElementById('nav-parked').textContent === '2'")
        func row(_ key: String, _ what: String) -> String { "tr[data-key='\(key)'] button[data-do=\(what)]" }
        let mark = """
            for (const row of document.querySelectorAll('main tbody tr')) row.dataset.key = row.cells[2].textContent;
            """
        _ = try await page.value("(() => { \(mark) return true })()", as: Bool.self)

        // Who is asked, and says no, has done nothing.
        try await page.click(row("lost", "discard"))
        try await page.wait("it asks", "document.getElementById('ask').open")
        try await page.click("#ask button[value=no]")
        try await page.wait("it is closed", "!document.getElementById('ask').open")
        #expect(try await shop.parked() == 3)

        try await page.click(row("lost", "discard"))
        try await page.wait("it asks", "document.getElementById('ask').open")
        try await page.click("#ask-yes")
        try await eventually("it is discarded") { try await shop.parked() == 2 }
        try await page.wait(
            "it says so", "document.querySelector('main [role=status]').textContent.includes('discarded')")

        // What is not mended stays, and says why.
        try await page.click(row("good", "retry"))
        try await page.click("#ask-yes")
        try await page.wait(
            "it says why", "document.querySelector('main [role=status]').textContent.includes('stays parked: ')")
        try await shop.raiseLimit()
        try await page.click(row("good", "retry"))
        try await page.click("#ask-yes")
        try await eventually("both take effect") { try await shop.sales() == 2 }
        try await page.wait(
            "nothing is left", "document.querySelector('main').innerText.includes('Nothing is parked.')")
        try await page.wait("no number is shown", "document.getElementById('nav-parked').hidden")
        #expect(try await shop.parked() == 0)
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        // Who was asked for it, is logged.
        #expect(run.program.errors.contains("discarded a parked event, asked for on the page"), "\(run.program.errors)")
        try await run.stop()
    }

    /// Whoever has the page open may act on it also where another process serves it since.
    @Test func anOpenPageGoesOnWithTheNextProcess() async throws {
        let shop = try await PageFleet("\"127.0.0.1:\(try LoopbackPort.free())\"")
        let first = try await shop.run()
        try await shop.shop.publish(PageFleet.sold("lost", 2000))
        try await eventually("it is parked") { try await shop.parked() == 1 }
        let page = try await BrowserPage(Browser())
        try await page.open(first.url + "/#/parked")
        try await page.wait("it is shown", "document.querySelectorAll('main tbody tr').length === 1")
        try await first.stop()
        try await page.wait("nothing is known", "document.body.classList.contains('lost')")
        let second = try await shop.run()
        #expect(second.url == first.url)
        try await page.wait("it is known again", "!document.body.classList.contains('lost')")
        try await page.click("main tbody button[data-do=discard]")
        try await page.wait("it asks", "document.getElementById('ask').open")
        try await page.click("#ask-yes")
        try await eventually("it is discarded") { try await shop.parked() == 0 }
        try await second.stop()
    }

    /// Whatever stands in events and errors is shown as it stands there.
    @Test func whatEventsSayStaysText() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        let evil = "<img src=x onerror=\"window.broken=1\"><script>window.broken=2</script>'\"&amp;\u{202E}"
        try await shop.shop.publish(PageFleet.sold(evil, 1000))
        try await eventually("it is parked") { try await shop.parked() == 1 }
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url + "/#/parked")
        try await page.wait("it is shown", "document.querySelectorAll('main tbody tr').length === 1")
        let text = try await page.value("document.querySelector('main tbody').innerText", as: String.self) ?? ""
        #expect(text.contains("<img src=x") && text.contains("<b>allowed</b>"), "\(text)")
        try await page.click("button[data-do=retry]")
        try await page.wait("it asks", "document.getElementById('ask').open")
        try await page.click("#ask-yes")
        try await page.wait("it says why", "document.querySelector('main [role=status]').textContent.includes('<b>')")
        for hash in ["#/", "#/streams", "#/store/\(evil)", "#/reader/shop.sales/shop-shop"] {
            let quoted = String(decoding: try JSONEncoder().encode(hash), as: UTF8.self)
            _ = try await page.value("(location.hash = \(quoted), true)", as: Bool.self)
            try await page.wait("\(hash) is drawn", "document.querySelector('main h1')")
            let made = try await page.value(
                "window.broken || document.querySelectorAll('main img, main script, main b i').length", as: Int.self)
            #expect(made == 0, "\(hash)")
        }
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }

    /// New numbers come by themselves, also from the process that comes after.
    @Test func itLivesWithoutReload() async throws {
        let port = try LoopbackPort.free()
        let shop = try await PageFleet("\"127.0.0.1:\(port)\"")
        let run = try await shop.run()
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url + "/#/streams")
        let records = "document.querySelector('main tbody tr')?.cells[6].textContent"
        try await page.wait("the stream is empty", "\(records) === '0'")
        _ = try await page.value("(window.untouched = true)", as: Bool.self)
        try await shop.shop.publish(PageFleet.sold("a", 1), PageFleet.sold("b", 2))
        try await page.wait("the two are shown", "\(records) === '2' && window.untouched")
        let before = try await eventually("there is a history") { try points(run).isEmpty ? nil : points(run) }
        run.program.kill()
        try await run.program.end()
        try await page.wait("it says that nobody answers", "document.getElementById('live').dataset.state === 'lost'")
        let next = try await shop.run()
        try await shop.shop.publish(PageFleet.sold("c", 3))
        try await page.wait(
            "it goes on",
            "document.getElementById('live').dataset.state === 'live' && \(records) === '3' && window.untouched")
        // What happened before is still known.
        let overview = try next.ask("/api/overview").body
        #expect(overview.components(separatedBy: "carries the fleet").count >= 3, "\(overview)")
        // A point of the new process may stand in the place of one of the same ten seconds.
        let after = try Set(points(next).map { $0 / 10 })
        #expect(after.isSuperset(of: before.map { $0 / 10 }), "\(before)")
        try await next.stop()
    }

    private struct Series: Decodable { var at: [Int] }

    /// The moments of which the history of a store has a point.
    private func points(_ run: RunningPage) throws -> [Int] {
        try JSONDecoder().decode(Series.self, from: Data(run.ask("/api/history?of=store%20shop").body.utf8)).at
    }

    /// `run --page` serves it whatever the file says, on this machine.
    @Test func theOptionServesItAsWell() async throws {
        let fleet = try FleetDirectory(ServingTests.yaml())
        #expect(try await fleet.flotilla("apply").ended(0))
        let refused = try await fleet.flotilla("run", "--page", "0.0.0.0:7070")
        #expect(refused.ended(1) && refused.errors.contains("is not on the loopback interface"), "\(refused.said)")
        let nonsense = try await fleet.flotilla("run", "--page", "nowhere")
        #expect(nonsense.ended(1) && nonsense.errors.contains("is no address to listen at"), "\(nonsense.said)")
        let run = try await RunningPage(fleet, "--page", "127.0.0.1:0")
        #expect(try run.ask("/api/overview").body.contains("\"fleet\":\"shop\""))
        try await run.stop()
    }
}
