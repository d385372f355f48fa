import Browser
import Foundation
import HTTPReceiver
import TestKit
import Testing

/// Sagas and flows on the page, of fleets that have them: at three sizes, in light and dark, with nobody complaining.
@Suite(.lanes, .enabled(if: Browser.isInstalled)) struct CoordinationPageTests {
    private static let sizes = [(1280, 800, false), (820, 1180, true), (390, 844, false)]

    /// The page says the same as the command.
    @Test func sagasAreListedAndEachIsShownWhole() async throws {
        let bank = try await BankFleet()
        let run = try await RunningPage(bank.fleet, "--page", "127.0.0.1:0")
        // Of five one is undone.
        try await bank.ask(1...10)
        try await eventually("they have ended") {
            try await bank.statuses() == ["completed": 8, "compensated": 2]
        }
        let browser = try Browser()
        for (width, height, isDark) in Self.sizes {
            let page = try await BrowserPage(browser, width: width, height: height, isDark: isDark)
            try await page.open(run.url)
            try await page.wait("sagas are in the navigation", "!document.getElementById('nav-sagas').hidden")
            try await page.click("#nav-sagas")
            let rows = "document.querySelectorAll('section[aria-label=Sagas] tbody tr').length"
            try await page.wait("all are listed", "\(rows) === 10")
            try await page.expectNoFlaws("#/sagas at \(width)")
            // The counts are those of the fleet.
            let counts =
                "[...document.querySelectorAll('section[aria-label=\"By name\"] tbody td')].map(cell => cell.textContent)"
            try await page.wait("they are counted", "\(counts).includes('8') && \(counts).includes('2')")
            _ = try await page.value(
                """
                (() => { const choice = document.querySelector('section[aria-label=Sagas] select');
                  choice.value = 'compensated'; choice.dispatchEvent(new Event('change')); return true })()
                """, as: Bool.self)
            try await page.wait("those that were undone are listed", "\(rows) === 2")
            try await page.click("section[aria-label=Sagas] tbody th a")
            try await page.wait(
                "the saga is shown",
                "location.hash.startsWith('#/saga/') && document.querySelectorAll('section[aria-label=Steps] tbody tr').length === 2"
            )
            let text = try await page.value("document.querySelector('main').innerText", as: String.self) ?? ""
            for part in ["withdraw", "deposit", "compensated", "transfer/"] {
                #expect(text.contains(part), "\(part) at \(width): \(text)")
            }
            try await page.expectNoFlaws("a saga at \(width)")
            #expect(try await page.screenshot().count > 5000)
            // The keys lead there too, and the row's link has the focus.
            try await page.press("g")
            try await page.wait("g leads to sagas", "location.hash === '#/sagas' && \(rows) === 10")
            try await page.press("j")
            try await page.press("j")
            try await page.press("Enter")
            try await page.wait("Enter opens one", "location.hash.startsWith('#/saga/')")
            try await page.go(to: "#/sagas/transfer", "\(rows) === 10")
            #expect(page.complaints.isEmpty, "\(page.complaints)")
            // One that is not there is told, and nothing breaks.
            try await page.go(to: "#/saga/transfer%2Fnobody")
            let gone = try await page.value("document.querySelector('main').innerText", as: String.self) ?? ""
            #expect(gone.contains("Not here") && gone.contains("transfer/nobody"), "\(gone)")
        }
        try await run.stop()
    }

    /// One that waits for an operator is the first thing that is seen.
    @Test func aSagaThatIsParkedIsSeen() async throws {
        let traced = try await TracedFleet.refusingPayment()
        try await traced.place("o1")
        let run = try await RunningPage(traced.fleet, "--page", "127.0.0.1:0")
        let browser = try Browser()
        for (width, height, isDark) in Self.sizes {
            let page = try await BrowserPage(browser, width: width, height: height, isDark: isDark)
            try await page.open(run.url)
            let cell =
                "[...document.querySelectorAll('.strip > div')].find(one => one.textContent.includes('stuck sagas'))"
            try await page.wait("it is counted", "\(cell)?.dataset.level === 'warning'")
            try await page.expectNoFlaws("#/ at \(width)")
            _ = try await page.value("(\(cell).querySelector('a').click(), true)", as: Bool.self)
            try await page.wait(
                "the strip leads to it",
                "location.hash === '#/sagas' && document.querySelector('section[aria-label=Sagas] tbody tr')?.textContent.includes('parked')"
            )
            try await page.click("section[aria-label=Sagas] tbody th a")
            try await page.wait(
                "what to do is told",
                "document.querySelector('main').innerText.includes('flotilla sagas retry fulfil/')")
            try await page.expectNoFlaws("a parked saga at \(width)")
            #expect(page.complaints.isEmpty, "\(page.complaints)")
        }
        try await run.stop()
        try await traced.stop()
    }

    @Test func flowsAreListedAndEachRunIsShownWhole() async throws {
        let shop = try await OrderFleet()
        let run = try await RunningPage(shop.fleet, "--page", "127.0.0.1:0")
        try await shop.place(1)
        try await shop.charge(1)
        try await shop.ship(1)
        try await shop.place(7)
        try await eventually("one has ended, the other is stuck") {
            let accounts = try await shop.accounts()
            return accounts["1"]?.status == "ended" && accounts["7"]?.status == "stuck"
        }
        let browser = try Browser()
        for (width, height, isDark) in Self.sizes {
            let page = try await BrowserPage(browser, width: width, height: height, isDark: isDark)
            try await page.open(run.url)
            try await page.wait("flows are in the navigation", "!document.getElementById('nav-flows').hidden")
            try await page.press("f")
            let rows = "document.querySelectorAll('section[aria-label=Runs] tbody tr').length"
            try await page.wait("both are listed", "\(rows) === 2")
            try await page.expectNoFlaws("#/flows at \(width)")
            _ = try await page.value(
                """
                (() => { const choice = document.querySelector('section[aria-label=Runs] select');
                  choice.value = 'stuck'; choice.dispatchEvent(new Event('change')); return true })()
                """, as: Bool.self)
            try await page.wait("the one that is stuck is listed", "\(rows) === 1")
            try await page.click("section[aria-label=Runs] tbody th a")
            try await page.wait(
                "the run is shown",
                "location.hash === '#/flow/order/7' && document.querySelectorAll('section[aria-label=Steps] tbody tr').length >= 3"
            )
            let text = try await page.value("document.querySelector('main').innerText", as: String.self) ?? ""
            for part in ["stuck", "orders.OrderPlaced", "payments.CardCharged", "not yet", "Findings"] {
                #expect(text.contains(part), "\(part) at \(width): \(text)")
            }
            try await page.expectNoFlaws("a flow's run at \(width)")
            #expect(try await page.screenshot().count > 5000)
            #expect(page.complaints.isEmpty, "\(page.complaints)")
        }
        try await run.stop()
    }
}
