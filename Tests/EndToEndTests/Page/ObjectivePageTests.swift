import Browser
import Foundation
import TestKit
import Testing

/// Objectives of a fleet that burns its budgets, on its page.
@Suite(.lanes, .enabled(if: Browser.isInstalled)) struct ObjectivePageTests {
    private static let rows = "[...document.querySelectorAll('section[aria-label=Objectives] tbody tr')]"

    private func cell(_ name: String) -> String {
        "[...document.querySelectorAll('.strip > div')].find(one => one.textContent.startsWith('\(name)'))"
    }

    @Test func whatBurnsIsSeenFirst() async throws {
        // A machine that has much to do makes no event late here: of two that are in breach another may be the first.
        let fleet = try await ObjectiveFleet(
            ObjectiveFleet.yaml().replacingOccurrences(of: "freshness: 500ms", with: "freshness: 5m"))
        let run = try await RunningPage(fleet.directory, "--page", "127.0.0.1:0")
        try await fleet.sell(20)
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url)
        try await page.wait("the four are there", "\(Self.rows).length === 4")
        try await page.wait(
            "none is in breach", "\(cell("stores in breach"))?.textContent.startsWith('stores in breach0')")
        // An error in ten is ten times what one in a hundred allows; the view stands still besides.
        try await fleet.sell(3, amount: -1)
        let first = "\(Self.rows)[0]"
        try await page.wait(
            "the objective in breach is the first",
            "\(first)?.dataset.level === 'bad' && \(first).querySelector('th span').textContent === 'sales_right'")
        // All lights are there; those that fire say so, and for whom.
        let lights = "[...\(first).querySelectorAll('.lights i')]"
        try await page.wait(
            "its lights are on", "\(lights).length === 4 && \(lights).some(one => one.dataset.burns === 'page')")
        let told =
            try await page.value(
                "\(first).querySelector('.lights').getAttribute('aria-label')", as: String.self) ?? ""
        #expect(told.contains("page, over "), "\(told)")
        // The same as the command says.
        try await eventually("the command says the same") {
            let reading = try await fleet.reading()["sales_right"]
            return reading?.state == "breached" && reading?.burns.contains { $0.firing } == true
        }
        try await page.wait(
            "the head names it",
            "\(cell("stores in breach")).dataset.level === 'bad' && \(cell("stores in breach")).textContent.includes('shop')"
                + " && \(cell("fastest burner")).textContent.includes('sales_right') && \(cell("fastest burner")).textContent.includes('×')"
                + " && \(cell("budget exhausted in")).textContent.includes('spent')")
        try await page.wait(
            "its store's row has the lights too",
            "document.querySelector('section[aria-label=Stores] .lights i[data-burns=page]')")
        try await page.wait(
            "so has the time axis", "document.querySelector('.moments').textContent.includes('objective sales_right')")
        try await page.wait(
            "the head of the page says so",
            "document.getElementById('health').textContent.includes('sales_right in breach')")
        for (width, height, isDark) in [(1280, 800, false), (820, 1180, true), (390, 844, false)] {
            let other = try await BrowserPage(browser, width: width, height: height, isDark: isDark)
            try await other.open(run.url)
            try await other.wait("it is there at \(width)", "\(first)?.dataset.level === 'bad'")
            try await other.expectNoFlaws("at \(width)")
            #expect(try await other.screenshot().count > 5000)
            #expect(other.complaints.isEmpty, "\(other.complaints)")
        }
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }

    /// What burns, and has budget left, says for how long: at the rate at which it burns.
    @Test func howLongABudgetLastsIsTold() async throws {
        let yaml = ObjectiveFleet.yaml().replacing(
            "sales_right: {view: shop.sales, errors: 1%}", with: "sales_right: {view: shop.sales, errors: 40%}")
        let fleet = try await ObjectiveFleet(yaml)
        let run = try await RunningPage(fleet.directory, "--page", "127.0.0.1:0")
        try await fleet.sell(16)
        try await fleet.sell(4, amount: -1)
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url)
        let row = "\(Self.rows).find(one => one.querySelector('th span').textContent === 'sales_right')"
        // A fifth of forty in a hundred: half of the budget is spent, at half its rate; it lasts as long as the window, 30 days.
        try await page.wait("half of it is left", "\(row)?.cells[3].textContent === '50 %'")
        try await page.wait("it lasts for 30 days", "\(row)?.cells[5].textContent === '30 d'")
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await run.stop()
    }
}
