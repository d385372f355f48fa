import FleetCore
import FleetFile
import Foundation
import Testing

@Suite struct StoreTests {
    private static func fleet(_ store: String) -> String { "fleet: f\nservices: {a: {store: \(store)}}" }

    @Test(arguments: [
        ("‸customers.db", "\"customers.db\" names no kind of store; write sqlite:PATH"),
        ("‸sqllite:a.db", "no connector for \"sqllite:a.db\"; did you mean sqlite:?"),
        ("‸mysql:x", "no connector for \"mysql:x\"; it has connectors for sqlite:"),
        ("‸\"postgres://h/db\"", "no connector for \"postgres://h/db\"; build it with --traits Postgres"),
        ("‸\"sqlite:\"", "names no file"), ("‸\"sqlite::memory:\"", "would be lost with the process"),
        ("‸\"sqlite://a.db\"", "is ambiguous"), ("‸\"sqlite:///srv/a.db\"", "is ambiguous"),
        ("‸sqlite:file:a.db", "is a URL within a URL"), ("‸\"sqlite:a.db?mode=ro\"", "has parameters"),
        ("‸sqlite:data/", "is a directory"), ("‸sqlite:/", "is a directory"), ("‸sqlite:/usr", "is a directory"),
        ("‸\"sqlite:~/a.db\"", "begins with ~, which is not replaced here; write ${HOME}"),
        ("‸\"sqlite:a\\0.db\"", "contains a control character"), ("‸~", "has no value"), ("‸[x]", "must be a text"),
        ("{url: sqlite:a.db, ‸schema: a}", "a SQLite store has no \"schema\""), ("‸{schema: a}", "has no \"url\""),
        (
            "{url: sqlite:a.db, ‸owner: a}",
            "unknown key \"owner\" in the store of service \"a\"; its keys are url, schema"
        ),
        ("‸sqlite:.flotilla/a.db", "lies in the state directory"),
        ("‸sqlite:x/../.flotilla", "lies in the state directory"),
    ])
    func stores(store: String, part: String) {
        Marked(Self.fleet(store), part).check()
    }

    @Test(arguments: [
        ("‸\"postgres://h/db\"", "is a URL"), ("‸\"nats:x\"", "is a URL"), ("‸~", "has no value"),
        ("‸\"~/x\"", "begins with ~"),
    ])
    func states(state: String, part: String) {
        Marked("fleet: f\nstate: \(state)\nservices: {a: {store: sqlite:a.db}}", part).check()
    }

    private static let schemes: Set<String> = ["sqlite", "postgres", "postgresql"]

    @Test(
        arguments: [
            ("postgres://me@h/db", nil, "/fleets/northwind/.flotilla"),
            ("{url: \"postgres://me@h/db\", schema: own, directory: s}", "own", "/fleets/northwind/s"),
        ] as [(String, String?, String)])
    func stateInAStore(state: String, schema: String?, directory: String) throws {
        let text = "fleet: f\nstate: \(state)\nservices: {a: {store: sqlite:a.db}}"
        let found = try #require(read(text, storeSchemes: Self.schemes).definition).state
        #expect(found.store?.text == "postgres://me@h/db")
        #expect(found.store?.schema == schema)
        #expect(found.directory == directory)
    }

    @Test(arguments: [
        ("{schema: own}", "has no \"url\""), ("{url: .flotilla}", "is a URL, and the state is kept"),
        (
            "{url: \"sqlite:s.db\"}",
            "is a URL, and the state is kept in a directory, or behind a URL of postgres, postgresql"
        ),
        ("{url: \"postgres://h/db\", shema: a}", "unknown key \"shema\" in \"state\"; did you mean \"schema\"?"),
        ("{url: \"postgres://h/db\", schema: \"1 x\"}", "is no name for a schema"),
        ("{url: \"postgres://h/db\", directory: ~/x}", "begins with ~"),
        ("{url: \"postgres://other@h/db\", schema: public}", "is that of the fleet's own state"),
    ])
    func wrongStatesInAStore(state: String, part: String) {
        let text = "fleet: f\nstate: \(state)\nservices: {a: {store: \"postgres://me@h/db\"}}"
        let problems = read(text, storeSchemes: Self.schemes).problems
        #expect(problems.count == 1 && problems[0].description.contains(part), "\(problems)")
    }

    /// A message says what it is, not whose.
    @Test func noTwoServicesReadTheMessagesOfOneDatabase() throws {
        func fleet(_ second: String) -> [Problem] {
            read(
                """
                fleet: f
                services:
                  a: {store: {url: "postgres://me@h/db", schema: a}, publishes: [A], outbox: {capture: message}}
                  b: {store: {url: "postgres://\(second)", schema: b}, publishes: [B], outbox: {capture: message}}
                """, storeSchemes: Self.schemes
            ).problems
        }
        let problems = fleet("other@h/db")
        #expect(
            problems.count == 1 && problems[0].description.contains("every message of their database"), "\(problems)")
        #expect(fleet("me@h/another").isEmpty)
    }

    @Test func retainedLogIsBounded() throws {
        func outbox(_ keys: String) -> FleetFileResult {
            read(
                "fleet: f\nservices: {a: {store: \"postgres://h/db\", publishes: [A], outbox: {\(keys)}}}",
                storeSchemes: Self.schemes)
        }
        let found = try #require(outbox("capture: log, max_retained: 3GiB").definition)
        #expect(found.services[0].outbox.maximumRetainedLog == .gibibytes(3))
        #expect(outbox("capture: log").definition?.services[0].outbox.maximumRetainedLog == .gibibytes(10))
        for (keys, part) in [
            ("capture: log, max_retained: 3", "is no size"), ("max_retained: 3GiB", "no log is retained"),
        ] {
            let problems = outbox(keys).problems
            #expect(problems.count == 1 && problems[0].description.contains(part), "\(problems)")
        }
    }

    @Test(arguments: ["sqlite:a.db", "sqlite:./x/..//a.db", "sqlite:/fleets/northwind/a.db", "{url: sqlite:a.db}"])
    func noTwoServicesShareAStore(second: String) {
        let marked = second.hasPrefix("{") ? "{url: ‸sqlite:a.db}" : "‸" + second
        Marked(
            "fleet: f\nservices:\n  a: {store: sqlite:a.db}\n  b: {store: \(marked)}",
            "service \"b\" has the store of service \"a\" (line 3)"
        ).check()
    }

    @Test func linksDoNotHideASharedStore() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("flotilla-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func link(_ name: String, to target: String) throws {
            let path = directory.appendingPathComponent(name).path
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
        }
        try link("dangling.db", to: "a.db")
        try link("here", to: ".")
        try link("loop", to: "loop")
        try FileManager.default.createDirectory(
            at: directory.appendingPathComponent("state"), withIntermediateDirectories: true)
        try link("hidden", to: "state")
        let text = """
            fleet: f
            state: state
            services:
              a: {store: sqlite:a.db}
              b: {store: sqlite:dangling.db}
              c: {store: sqlite:here/a.db}
              d: {store: sqlite:loop/d.db}
              e: {store: sqlite:hidden/e.db}
            """
        let problems = read(text, path: directory.appendingPathComponent("fleet.yaml").path).problems
        #expect(problems.map(\.location.line) == [5, 6, 8], "\(problems)")
        #expect(problems.allSatisfy { $0.location.column == 14 })
    }

    @Test(arguments: [
        ("postgres://u:p@h/db", "postgres://***@h/db"), ("postgres://h/db", "postgres://h/db"),
        ("postgres://u:p@h/db?sslmode=require", "postgres://***@h/db?…"),
        ("postgres://h/db?password=topp@secretss", "postgres://***"), ("postgres://u:a#b@h/db", "postgres://***"),
        ("postgres://u:p@h,i:5433/db", "postgres://***@h,i:5433/db"),
    ])
    func storesAreShownWithoutSecrets(url: String, shown: String) {
        let found = read(Self.fleet("\"\(url)\""), storeSchemes: ["postgres"]).definition?.services.first?.store
        #expect(found?.description == shown)
    }

    @Test func secretsAreNeverPrinted() {
        let secret = "hunter2"
        let urls = [
            "postgres://orders:\(secret)@h/db", "postgres://orders:p@\(secret)@h/db?x=1",
            "postgres://h/db?password=\(secret)",
            "nats://\(secret)@h", "host=h password=\(secret)", "mysql:u:\(secret)@h", "//u:\(secret)@h",
            "sqlite://u:\(secret)@h", "postgres://h/db?password=topp@\(secret)", "postgres://h/db#x@\(secret)",
            "postgres://u:a?b@\(secret)@h/db", "postgres://u:p@h/db?sslpassword=a&x=b@\(secret)",
            "host=h password=a@\(secret)", "host=h Password = 'a@\(secret)'",
        ]
        for url in urls {
            let places = [
                "fleet: \"\(url)\"", "fleet: f\nbroker: \"\(url)\"", "fleet: f\nbroker: {url: \"\(url)\"}",
                "fleet: f\nstate: \"\(url)\"", "fleet: f\nversion: \"\(url)\"", "fleet: f\n\"\(url)\": x",
                "fleet: f\nservices: {\"\(url)\": {}}", "fleet: f\nservices: {a: {store: \"\(url)\"}}",
                "fleet: f\nservices: {a: {store: {url: \"\(url)\", schema: x}}}",
                "fleet: f\nservices: {a: {store: x, outbox: {table: \"\(url)\", keep: \"\(url)\"}}}",
                "fleet: f\nservices: {a: {store: x, outbox: {capture: \"\(url)\"}}}",
                "fleet: f\nservices: {a: {store: x, publishes: [\"\(url)\", \"\(url)\"]}}",
                "fleet: f\nservices: {a: {store: \"${X:-\(url)}\"}}", "fleet: f\nservices: {a: {store: \"${\(url)}\"}}",
                "fleet: f\nservices: {a: {store: x, views: {v: {schema: S, when: {\"\(url)\": S}}}}}",
            ]
            for text in places {
                let problems = read(text).problems
                #expect(!problems.isEmpty)
                for problem in problems { #expect(!problem.description.contains(secret), "\(text)") }
            }
            let server = read(Self.fleet("\"\(url)\""), storeSchemes: ["postgres", "nats", "mysql"])
            for problem in server.problems { #expect(!problem.description.contains(secret)) }
            for service in server.definition?.services ?? [] { #expect(!"\(service.store)".contains(secret)) }
        }
    }
}
