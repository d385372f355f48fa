import Browser
import Foundation
import TestKit
import Testing

/// A fleet of 200 services and its page.
@Suite(.lanes, .enabled(if: Browser.isInstalled)) struct ManyServicesTests {
    private static let count = 200

    /// What a process has that is in no file, in megabytes.
    private func memory(of process: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return (line.flatMap { Int($0.filter(\.isNumber)) } ?? .max) / 1024
    }

    @Test(.timeLimit(.minutes(10))) func allAreSeenAtOnce() async throws {
        let fleet = try FleetDirectory(
            LargeFleet.yaml(services: Self.count, metrics: "127.0.0.1:0", page: "127.0.0.1:0"))
        let applied = try await fleet.flotilla("apply")
        try check(applied.ended(0), applied.said)
        let run = try await RunningPage(fleet)
        let signals = try await SignalAddress(of: run.program)
        try await eventually("all were looked at") {
            try await signals.get("/readyz").status == 200
        }
        let browser = try Browser()
        let rows = "document.querySelectorAll('section[aria-label=Stores] tbody tr').length"
        for (width, height, isDark) in [(1280, 800, false), (820, 1180, true), (390, 844, false)] {
            let page = try await BrowserPage(browser, width: width, height: height, isDark: isDark)
            try await page.open(run.url)
            try await page.wait("all are there at \(width)", "\(rows) === \(Self.count)")
            if width == 1280 {
                let bytes =
                    try await page.value(
                        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].filter(one => !one.name.endsWith('/api/stream')).reduce((sum, one) => sum + one.transferSize, 0)",
                        as: Int.self) ?? .max
                #expect(bytes < 300_000, "a browser fetched \(bytes) bytes")
                try await page.press("/")
                try await page.type("service17")
                try await page.wait("eleven are shown", "\(rows) === 11")
                try await page.press("Escape")
                // The next looks change rows in their place.
                _ = try await page.value(
                    "(window.first = document.querySelector('section[aria-label=Stores] tbody tr'), true)",
                    as: Bool.self)
                let before =
                    try await page.value("document.getElementById('footer').textContent", as: String.self) ?? ""
                try await page.wait(
                    "it lives",
                    "document.getElementById('footer').textContent !== '\(before)' && window.first.isConnected")
            }
            for hash in ["#/", "#/map", "#/streams", "#/store/service200"] {
                try await page.go(to: hash)
                try await page.expectNoFlaws("\(hash) at \(width)")
            }
            #expect(page.complaints.isEmpty, "\(page.complaints)")
        }
        // About a thousand connections to SQLite: each takes what it uses.
        let memory = try memory(of: run.program.processID)
        #expect(memory < 200, "\(memory) MB")
        try await run.stop()
    }
}
