import FleetFile
import Testing
import Wire

@Suite struct PushKeyTests {
    private static func fleet(_ push: String, views: String = "") -> String {
        """
        fleet: f
        services:
          inventory:
            store: sqlite:inventory.db
            publishes: [StockReserved]
          silent:
            store: sqlite:silent.db\(views)
            push:
              \(push)
        """
    }

    private static func entry(_ rest: String) -> String { "inventory.StockReserved: {\(rest)}" }

    @Test func whatIsNotSaidHasItsDefault() throws {
        let result = read(Self.fleet(Self.entry("to: \"http://127.0.0.1:8081/events\"")))
        #expect(result.problems.isEmpty)
        let push = try #require(result.definition?.services.last?.push.first)
        #expect("\(push.service).\(push.type)" == "inventory.StockReserved")
        let expected = PushEndpointDefinition(url: "http://127.0.0.1:8081/events", name: "http://127.0.0.1:8081/events")
        #expect(push.endpoint == expected)
        #expect(push.location == Place(file: Marked.path, line: 9, column: 7))
    }

    @Test func everythingCanBeSaid() throws {
        let text = Self.fleet(
            Self.entry(
                "to: \"https://[::1]:8443/in?token=abc\", secret: \"${S}\", timeout: 250ms, in_flight: 4, attempts: 3,"
                    + " private: forbid"))
        let result = read(text, environment: ["S": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
        #expect(result.problems.isEmpty)
        let endpoint = try #require(result.definition?.services.last?.push.first?.endpoint)
        #expect(endpoint.url == "https://[::1]:8443/in?token=abc")
        #expect(endpoint.name == "https://[::1]:8443/in?…")
        #expect(endpoint.secret?.key.count == 24)
        #expect(endpoint.timeout == .milliseconds(250))
        #expect(endpoint.inFlightLimit == 4)
        #expect(endpoint.attempts == 3)
        #expect(!endpoint.allowsPrivateAddresses)
    }

    @Test func whatAVariableGaveOfAURLIsNotShown() throws {
        let text = Self.fleet(Self.entry("to: \"https://hooks.example/${PATH_OF_HOOK}\""))
        let result = read(text, environment: ["PATH_OF_HOOK": "T000/B000/hidden"])
        #expect(result.definition?.services.last?.push.first?.endpoint.name == "https://hooks.example/…")
    }

    @Test(arguments: [
        ("‸timeout: 1s", "has no \"to\""), ("to: ‸\"ftp://h/\"", "is no URL of http or https"),
        ("to: ‸h", "is no URL of http or https"), ("to: ‸\"http:h\"", "is no URL of http or https"),
        ("to: ‸\"http:///x\"", "names no host"), ("to: ‸\"http://:80/\"", "names no host"),
        ("to: ‸\"http://h:0/\"", "no port between"), ("to: ‸\"http://h:99999/\"", "no port between"),
        ("to: ‸\"http://h:x/\"", "no port between"), ("to: ‸\"http://[::1/\"", "not closed"),
        ("to: ‸\"http://h/a b\"", "no URL has"), ("to: ‸\"http://h/#a\"", "has a fragment"),
        ("to: \"http://h/\", ‸too: 1", "unknown key \"too\""),
        ("to: \"http://h/\", timeout: ‸0s", "write between 1ms and 10m"),
        ("to: \"http://h/\", timeout: ‸11m", "write between 1ms and 10m"),
        ("to: \"http://h/\", timeout: ‸soon", "is no length of time"),
        ("to: \"http://h/\", in_flight: ‸0", "write a whole number from 1 to 1024"),
        ("to: \"http://h/\", in_flight: ‸many", "write a whole number from 1 to 1024"),
        ("to: \"http://h/\", attempts: ‸0", "write a whole number from 1 to 1000"),
        ("to: \"http://h/\", private: ‸forbit", "did you mean \"forbid\"?"),
        ("to: \"http://h/\", private: ‸no", "write allow or forbid"),
        ("to: \"https://h/\", tls: ‸{}", "\"tls\" has no \"ca\""),
        ("to: \"https://h/\", tls: {ca: ‸/nowhere/ca.pem}", "cannot be read"),
        ("to: \"https://h/\", tls: {ca: ‸/etc/passwd}", "holds no certificate"),
        ("to: \"https://h/\", tls: {ca: ‸\"~/ca.pem\"}", "begins with ~"),
        ("to: \"http://h/\", secret: ‸\"\"", "\"secret\" is empty"),
    ])
    func problems(_ rest: String, _ part: String) {
        // Where a key is missing, the mapping is to blame.
        let text = rest.hasPrefix("‸") ? "inventory.StockReserved: ‸{\(rest.dropFirst())}" : Self.entry(rest)
        Marked(Self.fleet(text), part).check()
    }

    @Test(arguments: [
        "to: ‸\"http://user:hidden@h/\"", "to: \"http://h/\", secret: ‸\"whsec_%hidden%\"",
        "to: ‸\"http://h/hidden path\"",
    ])
    func secretsAreNotQuoted(_ rest: String) {
        let marked = Marked(Self.fleet(Self.entry(rest)), "")
        marked.check()
        for problem in read(marked.text).problems { #expect(!"\(problem)".contains("hidden"), "\(problem)") }
    }

    @Test func aShortSecretIsWarnedOf() {
        let result = read(Self.fleet(Self.entry("to: \"http://h/\", secret: hidden")))
        #expect(result.definition != nil)
        #expect(result.problems.map(\.severity) == [.warning])
        #expect(result.problems.allSatisfy { !"\($0)".contains("hidden") })
    }

    @Test(arguments: [
        ("‸StockReserved: {to: \"http://h/\"}", "write inventory.StockReserved"),
        ("‸inventory.StockReservd: {to: \"http://h/\"}", "did you mean \"StockReserved\"?"),
        ("‸silent.Said: {to: \"http://h/\"}", "publishes nothing"),
        ("inventory.StockReserved: ‸http://h/", "must be a mapping"),
        ("‸{}", "\"push\" of service \"silent\" is empty"),
        ("‸[a]", "must be a mapping, but is a list"),
    ])
    func eventsAreCheckedAsViewsAre(_ push: String, _ part: String) {
        Marked(Self.fleet(push), part).check()
    }

    @Test func aViewMayNotHaveItsName() {
        let views = "\n    views:\n      ‸push: {schema: CREATE TABLE t (x), when: {inventory.StockReserved: SELECT 1}}"
        Marked(
            Self.fleet(Self.entry("to: \"http://h/\""), views: views), "give the view another name"
        ).check()
    }

    @Test func tlsIsForHTTPS() {
        let text = Self.entry("to: \"http://h/\", ‸tls: {ca: ‸/nowhere/ca.pem}")
        Marked(Self.fleet(text), "is for https", "cannot be read").check()
    }
}
