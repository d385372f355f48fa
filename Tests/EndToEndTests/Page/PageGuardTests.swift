import Browser
import Foundation
import TestKit
import Testing

/// Who may see the page, and act on it.
@Suite(.lanes) struct PageGuardTests {
    private static let discard = "/api/parked/discard"

    /// Another site's page in an operator's browser may ask, and changes nothing.
    @Test func anotherSiteChangesNothing() async throws {
        let shop = try await PageFleet(also: "\nmetrics: {listen: \"127.0.0.1:0\"}\n")
        let run = try await shop.run()
        try await shop.shop.publish(PageFleet.sold("a", 1000))
        try await eventually("it is parked") { try await shop.parked() == 1 }
        let id = try await shop.shop.texts("SELECT event_id FROM flotilla_parked")[0]
        let body = "{\"id\":\"\(id)\",\"place\":\"shop.sales\"}"
        let token = try run.pageToken()
        let field = "x-flotilla-page: \(token)"
        let own = "origin: \(run.url)"
        let refused: [[String]] = [
            [], ["-H", own], ["-H", field], ["-H", field, "-H", "origin: https://evil.example"],
            ["-H", field, "-H", "origin: null"], ["-H", field, "-H", own, "-H", "sec-fetch-site: cross-site"],
            ["-H", field, "-H", own, "-H", "sec-fetch-site: same-site"],
            ["-H", "x-flotilla-page: \(String(token.reversed()))", "-H", own],
            ["-H", own, "-H", "sec-fetch-site: same-origin", "-H", "x-flotilla-page: "],
        ]
        for options in refused {
            let answer = try run.ask(Self.discard, ["-d", body] + options)
            #expect(answer.status == 403, "\(options): \(answer)")
        }
        let signals = RunningPage(program: run.program, url: try await SignalAddress(of: run.program).base)
        #expect(try signals.ask("/metrics").status == 200)
        // Another name for this machine's address, as an attacker's server of names tells it.
        for host in ["evil.example", "evil.example:7070", "127.0.0.1.evil.example", "[::2]"] {
            #expect(try run.ask("/api/overview", ["-H", "host: \(host)"]).status == 421, "\(host)")
            #expect(try run.ask("/", ["-H", "host: \(host)"]).status == 421, "\(host)")
            for path in ["/metrics", "/readyz"] {
                #expect(try signals.ask(path, ["-H", "host: \(host)"]).status == 421, "\(path) \(host)")
            }
        }
        if Browser.isInstalled {
            // A page of another site, which says nothing against it by itself.
            let other = try await SignalAddress(of: run.program).base.replacingOccurrences(
                of: "127.0.0.1", with: "localhost")
            let browser = try Browser()
            let page = try await BrowserPage(browser)
            try await page.open(other + "/healthz")
            let escaped = String(decoding: try JSONEncoder().encode(body), as: UTF8.self)
            let sent = try await page.value(
                "fetch('\(run.url)\(Self.discard)', {method: 'POST', mode: 'no-cors', body: \(escaped)}).then(answer => answer.type, error => String(error))",
                as: String.self)
            // It was asked, and the other page learns nothing of the answer.
            #expect(sent == "opaque" || sent?.contains("TypeError") == true, "\(sent ?? "")")
            let read = try await page.value(
                "fetch('\(run.url)/api/overview').then(() => 'read', () => 'refused')", as: String.self)
            #expect(read == "refused")
        }
        #expect(try await shop.parked() == 1)
        // The page itself may.
        let answer = try run.ask(
            Self.discard, ["-d", body, "-H", field, "-H", own, "-H", "sec-fetch-site: same-origin"])
        #expect(answer.status == 200, "\(answer)")
        #expect(try await shop.parked() == 0)
        try await run.stop()
    }

    /// That it ends is the last that a process notes, and no trouble.
    @Test func theHistoryOutlivesTheProcess() async throws {
        let shop = try await PageFleet()
        for round in 1...3 {
            let run = try await shop.run()
            try await eventually("its beginning is noted") {
                try run.ask("/api/overview").body.contains("\"process \(run.program.processID) ")
            }
            try await run.stop()
            #expect(!run.program.errors.contains("history"), "\(run.program.errors)")
            let next = try await shop.run()
            try await eventually("the end is among what happened") {
                try next.ask("/api/overview").body.components(separatedBy: "\"kind\":\"stop\"").count - 1 == round
            }
            next.program.kill()
            _ = try await next.program.end()
        }
    }

    @Test func nothingComesFromElsewhere() async throws {
        let shop = try await PageFleet()
        let run = try await shop.run()
        for path in ["/", "/page.js", "/page.css", "/icon.svg", "/api/overview"] {
            let answer = try run.ask(path)
            #expect(answer.status == 200)
            for field in [
                "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'",
                "x-content-type-options: nosniff", "x-frame-options: deny", "referrer-policy: same-origin",
                "cache-control: no-store",
            ] { #expect(answer.head.contains(field), "\(path) has no \(field): \(answer.head)") }
            let strange = answer.body.matches(of: #/https?:\/\/[^\s"'<)]+/#).map { String($0.0) }
                .filter { !$0.hasPrefix("http://www.w3.org/") }
            #expect(strange.isEmpty, "\(path): \(strange)")
        }
        #expect(try run.ask("/api/history").status == 400)
        #expect(try run.ask("/../../etc/passwd", "--path-as-is").status == 404)
        #expect(try run.ask("/api/parked/retry", "-d", String(repeating: "x", count: 70_000)).status == 413)
        #expect(try run.ask("/", "-X", "DELETE").status == 405)
        #expect(try run.ask("/healthz").body == "{\"healthy\":true}\n")
        try await run.stop()
    }

    /// Where a token is declared, nothing is told to whoever does not have it; and it is told to nobody.
    @Test(arguments: [false, true])
    func theTokenIsAskedFor(_ isSecure: Bool) async throws {
        let directory = try TemporaryDirectory()
        var tls = ""
        if isSecure {
            let pair = try TestCertificates(directory: directory.path).server("page", alternativeName: "IP:127.0.0.1")
            tls = ", tls: {certificate: \"\(pair.certificate)\", key: \"\(pair.key)\"}"
        }
        let shop = try await PageFleet("{listen: \"127.0.0.1:0\", token: \"${PAGE_TOKEN}\"\(tls)}")
        let run = try await shop.run()
        #expect(run.url.hasPrefix(isSecure ? "https:" : "http:"))
        for path in ["/api/overview", "/api/stream", "/api/parked", "/api/history?of=x", "/readyz", "/api/nothing"] {
            #expect(try run.ask(path).status == 401, "\(path)")
            #expect(try run.ask(path, "-H", "authorization: Bearer wrong").status == 401, "\(path)")
            #expect(try run.ask(path, "-H", "cookie: flotilla_session_0=\(PageFleet.token)").status == 401, "\(path)")
            #expect(try run.ask("\(path)?token=\(PageFleet.token)").status == 401, "\(path)")
        }
        let front = try run.ask("/")
        #expect(front.status == 401 && front.body.contains("Sign in") && !front.body.contains("shop"), "\(front)")
        let bearer = "authorization: Bearer \(PageFleet.token)"
        #expect(try run.ask("/api/overview", "-H", bearer).status == 200)
        #expect(try run.ask("/healthz").status == 200)
        // A program with the token may act without having read the page.
        #expect(
            try run.ask("/api/parked/retry", "-H", bearer, "-d", "{\"id\":\"x\",\"place\":\"shop.sales\"}").status
                == 200)
        #expect(try run.ask("/api/parked/retry", "-d", "{}").status == 401)
        if Browser.isInstalled { try await signIn(run, isSecure) }
        if isSecure {
            // Whoever does not speak TLS is not answered.
            #expect(throws: (any Error).self) {
                try RunningPage.plain(run.url.replacingOccurrences(of: "https", with: "http"))
            }
        }
        try await run.stop()
        #expect(!run.program.errors.contains(PageFleet.token) && !run.program.output.contains(PageFleet.token))
        #expect(run.program.errors.contains("tried to sign in to the page with a wrong token") || !Browser.isInstalled)
    }

    private func signIn(_ run: RunningPage, _ isSecure: Bool) async throws {
        let browser = try Browser()
        let page = try await BrowserPage(browser)
        try await page.open(run.url)
        try await page.click("#token")
        try await page.type("wrong-wrong-wrong-wrong")
        try await page.press("Enter")
        try await page.wait("it says so", "document.body.innerText.includes('That is not the token.')")
        // That the browser tells of the answer 401 was expected.
        page.forgetComplaints()
        try await page.click("#token")
        try await page.type(PageFleet.token)
        try await page.press("Enter")
        try await page.wait(
            "the stores are there", "document.querySelectorAll('section[aria-label=Stores] tbody tr').length === 2")
        #expect(try await page.value("document.cookie", as: String.self) == "")
        #expect(try await page.value("location.href", as: String.self) == run.url + "/")
        #expect(page.complaints.isEmpty, "\(page.complaints)")
        try await page.click("#sign-out")
        try await page.wait("it asks again", "document.querySelector('#token')")
        #expect(try await page.value("fetch('/api/overview').then(answer => answer.status)", as: Int.self) == 401)
    }

    @Test func metricsTakeTheTokenToo() async throws {
        let shop = try await PageFleet(also: "\nmetrics: {listen: \"127.0.0.1:0\", token: \"${PAGE_TOKEN}\"}\n")
        let run = try await shop.run()
        let base = try await SignalAddress(of: run.program).base
        guard let curl = Command("curl") else { return }
        func status(_ options: String...) throws -> String {
            try curl.run(["-s", "-o", "/dev/null", "-w", "%{http_code}"] + options).output
        }
        #expect(try status("\(base)/metrics") == "401")
        #expect(try status("\(base)/readyz") == "401")
        #expect(try status("-H", "authorization: Bearer wrong", "\(base)/metrics") == "401")
        #expect(try status("-H", "authorization: Bearer \(PageFleet.token)", "\(base)/metrics") == "200")
        #expect(try status("\(base)/healthz") == "200")
        try await run.stop()
    }
}

extension RunningPage {
    static func plain(_ url: String) throws {
        guard let curl = Command("curl") else { throw Trouble("curl is not installed") }
        let (status, output) = try curl.run(["-s", "--max-time", "180", url])
        guard status == 0 else { throw Trouble("curl: \(status) \(output)") }
    }
}
