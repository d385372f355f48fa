import Browser
import Foundation
import TestKit
import Testing

/// A page that stays open: what it makes of what it did not know at first, and how it is held still.
@Suite(.lanes, .enabled(if: Browser.isInstalled)) struct OpenPageTests {
    private static let stores = "document.querySelectorAll('section[aria-label=Stores] tbody tr')"
    private static let hasBudgets = """
        document.querySelector('section[aria-label=Objectives] tbody tr')
          && [...document.querySelectorAll('section[aria-label=Stores] thead th')]
            .some(one => one.textContent === 'Budget left')
        """
    private static let isHeld = "document.getElementById('hold').getAttribute('aria-pressed') === 'true'"

    private func value(_ expression: String, on page: BrowserPage) async throws -> String {
        try await page.value(expression, as: String.self) ?? ""
    }

    // MARK: What was not known

    /// Objectives and a store that the next process has are there without a reload, and who types goes on typing.
    @Test func whatComesLaterIsShown() async throws {
        let shop = try await PageFleet("\"127.0.0.1:\(try LoopbackPort.free())\"")
        let first = try await shop.run()
        let browser = try Browser()
        let (page, late) = (try await BrowserPage(browser), try await BrowserPage(browser))
        try await page.open(first.url)
        try await page.wait("the stores are there", "\(Self.stores).length === 2")
        _ = try await page.value("(window.untouched = true)", as: Bool.self)
        try await page.press("/")
        try await page.type("shop")
        try await page.wait("one store is shown", "\(Self.stores).length === 1")
        try await late.open(first.url + "/#/store/late")
        try await late.wait(
            "it is not there", "document.querySelector('main').innerText.includes('has no store late')")
        _ = try await late.value("(window.untouched = true)", as: Bool.self)
        try await first.stop()
        let yaml = try String(contentsOfFile: shop.fleet.file("fleet.yaml"), encoding: .utf8)
        try shop.fleet.write(
            yaml.replacingOccurrences(
                of: "\nservices:\n",
                with: "\nalerts: {log: true}\nobjectives:\n  shop_up: {store: shop, availability: 99.9%}\nservices:\n")
                + "\n  late:\n    store: sqlite:late.db\n    publishes: [Came]\n")
        let applied = try await shop.fleet.flotilla("apply", environment: PageFleet.environment)
        #expect(applied.ended(0), "\(applied.said)")
        let second = try await shop.run()
        try await page.wait("objectives and budgets are there", "\(Self.hasBudgets) && window.untouched")
        try await page.wait(
            "the filter is as it was",
            """
            document.activeElement.type === 'search' && document.activeElement.value === 'shop'
              && \(Self.stores).length === 1
            """)
        try await late.wait(
            "the store is there",
            """
            document.querySelector('main h1').textContent === 'late'
              && document.querySelector('section[aria-label=Now]') && window.untouched
            """)
        try await second.stop()
    }

    #if Postgres
        /// Whoever opens the page of a standby sees what it knows, and all of the fleet once it has taken over.
        @Test func aStandbysPageFollowsItsTakeover() async throws {
            let server = try await PrivatePostgres.shared()
            let database = try await server.makeDatabase()
            let fleet = try FleetDirectory("state: \"\(server.url(database))\"\n" + ObjectiveFleet.yaml())
            let applied = try await fleet.flotilla("apply")
            #expect(applied.ended(0), "\(applied.said)")
            let holder = try await RunningPage(fleet, "--page", "127.0.0.1:0")
            let standby = try await RunningPage(
                of: try fleet.start("run", "--page", "127.0.0.1:0"), whenItHas: "waiting for fleet")
            let browser = try Browser()
            let (page, store) = (try await BrowserPage(browser), try await BrowserPage(browser))
            try await page.open(standby.url)
            try await page.wait(
                "it says that another carries it",
                "document.querySelector('.notice')?.innerText.includes('does not carry')")
            try await page.expectNoFlaws("a standby")
            try await store.open(standby.url + "/#/store/shop")
            try await store.wait(
                "it knows of no store", "document.querySelector('main').innerText.includes('knows of no store shop')")
            for one in [page, store] { _ = try await one.value("(window.untouched = true)", as: Bool.self) }
            holder.program.kill()
            try await holder.program.end()
            try await page.wait(
                "the fleet is there", "\(Self.hasBudgets) && \(Self.stores).length === 1 && window.untouched")
            try await store.wait(
                "so is the store", "document.querySelector('main h1').textContent === 'shop' && window.untouched")
            for one in [page, store] { #expect(one.complaints.isEmpty, "\(one.complaints)") }
            try await standby.stop()
        }
    #endif

    // MARK: Keys

    /// Who speaks to a computer, or whose hand trembles, does without single keys; that is remembered.
    @Test func singleKeysCanBeTurnedOff() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        let page = try await BrowserPage(Browser())
        try await page.open(run.url)
        try await page.wait("the stores are there", "\(Self.stores).length === 2")
        try await page.press("?")
        try await page.wait(
            "the switch is on, and has the focus",
            """
            document.getElementById('help').open && document.activeElement.id === 'keys-on'
              && document.activeElement.checked
            """)
        try await page.expectNoFlaws("the list of keys")
        try await page.press(" ")
        try await page.wait("it is off", "!document.getElementById('keys-on').checked")
        try await page.press("Escape")
        try await page.wait("the list is closed", "!document.getElementById('help').open")
        func pressAll() async throws {
            // The last shows that all before it were taken.
            for key in ["m", "s", "g", "f", "t", "p", "j", "k", "/", "h", "?"] { try await page.press(key) }
            try await page.wait("? is a key still", "document.getElementById('help').open")
            try await page.press("Escape")
            try await page.wait("so is Escape", "!document.getElementById('help').open")
            #expect(try await value("location.hash", on: page) == "")
            try await page.wait(
                "nothing has the focus, and nothing is held",
                "!document.querySelector('main').contains(document.activeElement) && !(\(Self.isHeld))")
        }
        try await pressAll()
        try await page.open(run.url + "/?again")
        try await page.wait("the stores are there again", "\(Self.stores).length === 2 && location.search === '?again'")
        try await page.wait(
            "it is remembered, and no key is shown",
            """
            !document.getElementById('keys-on').checked
              && document.querySelector('input[type=search]').placeholder === 'Filter'
            """)
        try await pressAll()
        // Where nothing may be remembered, the choice is good for this page.
        _ = try await page.value(
            "(Object.defineProperty(window, 'localStorage', {get() { throw new Error('not allowed'); }}), true)",
            as: Bool.self)
        try await page.press("?")
        try await page.wait("the list is open", "document.activeElement.id === 'keys-on'")
        try await page.press(" ")
        try await page.wait("it is on again", "document.getElementById('keys-on').checked")
        try await page.press("Escape")
        // A browser takes the focus out of it a moment later.
        try await page.wait(
            "the list is left",
            """
            !document.getElementById('help').open && !document.getElementById('help').contains(document.activeElement)
            """)
        try await page.press("m")
        try await page.wait("a key leads on again", "location.hash === '#/map'")
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }

    // MARK: Holding

    /// What is held does not change, says so, and lets the title alone tell how the fleet is; then it goes on.
    @Test func whatIsShownCanBeHeld() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        let browser = try Browser()
        let (page, phone) = (try await BrowserPage(browser), try await BrowserPage(browser, width: 390, height: 844))
        for one in [page, phone] {
            try await one.open(run.url)
            try await one.wait(
                "all is well",
                "\(Self.stores).length === 2 && document.getElementById('health').dataset.level === 'good'")
        }
        try await page.press("h")
        try await phone.click("#hold")
        let shown = "document.getElementById('footer').textContent + document.getElementById('health').textContent"
        var before: [String] = []
        for one in [page, phone] {
            try await one.wait(
                "it is held",
                """
                \(Self.isHeld) && document.getElementById('live-text').textContent.startsWith('held since ')
                  && document.getElementById('said').textContent.includes('held')
                """)
            try await one.expectNoFlaws("held")
            before.append(try await value(shown, on: one))
        }
        try await shop.shop.publish(PageFleet.sold("b", 1000))
        for (one, before) in zip([page, phone], before) {
            try await one.wait("the title follows", "document.title.startsWith('▲')")
            #expect(try await value(shown, on: one) == before)
        }
        // Pages that ask by themselves ask for nothing: the sagas' would each five seconds.
        try await page.press("g")
        try await page.wait("the page is drawn", "document.querySelector('main h1')?.textContent === 'Sagas'")
        let asked = "performance.getEntriesByType('resource').filter(one => one.name.includes('/api/sagas')).length"
        try await page.wait("its rows were asked for", "\(asked) === 2")
        _ = try await page.value("(window.begun = Date.now(), true)", as: Bool.self)
        try await page.wait("its time has come and gone", "Date.now() - window.begun > 7000")
        #expect(try await page.value(asked, as: Int.self) == 2)
        try await page.press("h")
        try await page.wait("it asks again", "\(asked) > 2")
        try await phone.click("#hold")
        for one in [page, phone] {
            try await one.wait(
                "it goes on",
                """
                !(\(Self.isHeld)) && document.getElementById('live-text').textContent === 'live'
                  && document.getElementById('health').dataset.level === 'warning'
                """)
            #expect(one.complaints.isEmpty, "\(one.complaints)")
        }
        // A process that does not answer is told whether what is shown is held or not.
        try await page.press("h")
        run.program.kill()
        try await run.program.end()
        try await page.wait(
            "nothing is known",
            "document.body.classList.contains('lost') && document.getElementById('health').textContent.startsWith('?')")
    }

    /// Of what something is full is said where it is shown: not to those alone who have a pointer.
    @Test func whatSaturationIsOfIsSaid() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        let page = try await BrowserPage(Browser())
        try await page.open(run.url)
        try await page.wait(
            "it is said",
            """
            \(Self.stores).length === 2
              && [...\(Self.stores)].every(one => one.innerText.includes('waiting for its lock'))
            """)
        try await page.expectNoFlaws("with it")
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }
}
