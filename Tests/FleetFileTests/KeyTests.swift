import FleetCore
import FleetFile
import Foundation
import Testing

@Suite struct KeyTests {
    @Test(arguments: [
        Marked("‸services: {a: {store: sqlite:a.db}}", "the fleet file has no \"fleet\""),
        Marked("‸fleet: f", "the fleet file has no \"services\""),
        Marked("fleet: f\nservices: {a: ‸{}}", "service \"a\" has no \"store\"; add store: sqlite:a.db"),
        Marked("fleet: f\nservices: ‸{}", "\"services\" is empty"),
        Marked("fleet: f\nservices:‸\n", "\"services\" has no value"),
        Marked("fleet: f\nservices: ‸[a, b]", "\"services\" must be a mapping, but is a list"),
        Marked("fleet: f\nservices: {a: ‸sqlite:a.db}", "service \"a\" must be a mapping, but is a text"),
        Marked("fleet: ‸[f]\nservices: {a: {store: sqlite:a.db}}", "\"fleet\" must be a text, but is a list"),
        Marked("fleet: ‸~\nservices: {a: {store: sqlite:a.db}}", "\"fleet\" has no value"),
        Marked("fleet: ‸''\nservices: {a: {store: sqlite:a.db}}", "\"fleet\" is empty"),
        Marked(
            "version: ‸2\nfleet: f\nservices: {a: {store: sqlite:a.db}}", "reads version 1 of the fleet file, not \"2\""
        ),
    ])
    func whatIsMissing(file: Marked) { file.check() }

    @Test(arguments: [
        Marked(
            "‸flet: f\nservices: {a: {store: sqlite:a.db}}",
            "unknown key \"flet\" in the fleet file; did you mean \"fleet\"?"),
        Marked("fleet: f\n‸owner: me\nservices: {a: {store: sqlite:a.db}}", "its keys are version, fleet, broker"),
        Marked("fleet: f\nservices: {a: {‸sotre: ‸a.db}}", "did you mean \"store\"?", "names no kind of store"),
        Marked(
            "fleet: f\nservices: {a: {store: sqlite:a.db, publishes: [A], outbox: {‸tabel: x}}}",
            "did you mean \"table\"?"),
        Marked(
            "fleet: f\nbroker: {‸retian: {age: ‸1y}}\nservices: {a: {store: sqlite:a.db}}",
            "did you mean \"retain\"?", "\"1y\" is no length of time"),
        Marked(
            """
            fleet: f
            services:
              a:
                store: sqlite:a.db
                publishes: [A]
                views: {v: {‸scheme: CREATE, when: {a.A: SELECT 1}}}
            """,
            "unknown key \"scheme\" in view \"v\" of service \"a\"; did you mean \"schema\"?"),
    ])
    func unknownKeys(file: Marked) { file.check() }

    @Test(arguments: [
        Marked(
            "fleet: f\nbroker: ‸embeded\nservices: {a: {store: sqlite:a.db}}",
            "this build has no broker \"embeded\"; did you mean \"embedded\"?"),
        Marked(
            "fleet: f\nbroker: {engine: ‸nats, url: x, limit: ‸0B}\nservices: {a: {store: sqlite:a.db}}",
            "no broker \"nats\"; build it with --traits NATS", "\"0B\" is no size"),
        Marked(
            "fleet: f\nbroker: {‸url: \"nats://h\"}\nservices: {a: {store: sqlite:a.db}}",
            "the embedded broker has no \"url\""),
        Marked(
            "fleet: f\nbroker: {retain: {age: ‸90, size: ‸8GB}}\nservices: {a: {store: sqlite:a.db}}",
            "\"90\" is no length of time; write a whole number with its unit", "\"8GB\" is no size"),
        Marked(
            "fleet: f\nbroker: {retain: {size: 8GiB}, limit: ‸4GiB}\nservices: {a: {store: sqlite:a.db}}",
            "\"limit\" is less than the size to retain"),
        Marked(
            "fleet: f\nbroker: ‸[embedded]\nservices: {a: {store: sqlite:a.db}}",
            "\"broker\" must be a text, but is a list"),
    ])
    func brokers(file: Marked) { file.check() }

    @Test(arguments: [
        ("table: ‸my-table", "\"my-table\" is no name for a table; use letters"),
        ("keep: ‸0", "\"0\" is no length of time"),
        ("keep: ‸-1s", "\"-1s\" is no length of time"), ("max_event: ‸1MB", "\"1MB\" is no size"),
        ("max_event: ‸9999999999TiB", "is no size"), ("capture: ‸pol", "did you mean \"poll\"?"),
        ("capture: ‸log", "a SQLite store has no capture mode \"log\"; use poll"),
        ("capture: ‸telepathy", "\"telepathy\" is no capture mode; use poll"),
    ])
    func outboxes(setting: String, part: String) {
        Marked("fleet: f\nservices: {a: {store: sqlite:a.db, publishes: [A], outbox: {\(setting)}}}", part).check()
    }

    @Test(arguments: [
        ("topic: ‸'a.{aggregattype}'", "\"a.{aggregattype}\" is no topic: it has no placeholder"),
        ("topic: ‸'{'", "a { is not closed; close it with }"), ("topic: ‸''", "\"topic\" is empty"),
        ("topic: ‸{aggregatetype}", "is a mapping; put it into quotes"),
        ("topic: ‸'outbox.event.${routedByValue}'", "is a placeholder of Debezium's; write {aggregatetype}"),
        ("topic: ‸a b", "\"a b\" is no topic: it has white space"), ("topic: ‸[a]", "must be a text, but is a list"),
        ("format: ‸debezum", "\"debezum\" is no format; did you mean \"debezium\"?"),
        ("format: ‸avro", "\"avro\" is no format; use cloudevents or debezium"),
        ("format:‸ ", "\"format\" has no value"), ("‸topics: a", "did you mean \"topic\"?"),
    ])
    func topicsAndFormats(setting: String, part: String) {
        Marked("fleet: f\nservices:\n  a:\n    store: sqlite:a.db\n    publishes: [A]\n    \(setting)\n", part).check()
    }

    @Test(arguments: [
        ("limit: ‸fast", "must be a mapping, but is a text"), ("limit: ‸{}", "is empty; write rate: 500/s"),
        ("limit: {‸rat: ‸1}", "did you mean \"rate\"? + \"1\" is no rate of events"),
        ("limit: {rate: ‸500}", "\"500\" is no rate of events; write a whole number above 0 and /s, /m or /h"),
        ("limit: {rate: ‸0/s}", "is no rate of events"), ("limit: {rate: ‸2000000/s}", "at most 1000000/s"),
        ("limit: {rate: ‸[1/s]}", "\"rate\" must be a text, but is a list"),
        ("limit: {in_flight: ‸0}", "\"0\" is no number of events in flight; write a whole number from 1 to 4096"),
        ("limit: {in_flight: ‸4097}", "is no number of events in flight"),
        ("limit: {in_flight: ‸'+5'}", "is no number of events in flight"),
        ("limit: {in_flight: ‸}", "\"in_flight\" has no value"),
    ])
    func limits(setting: String, parts: String) {
        let file = """
            fleet: f
            services:
              a:
                store: sqlite:a.db
                publishes: [A]
                views: {v: {schema: S, when: {a.A: S}, \(setting)}}
            """
        let words = parts.components(separatedBy: " + ")
        let marked = words.count == 2 ? Marked(file, words[0], words[1]) : Marked(file, parts)
        marked.check()
    }

    @Test(arguments: [
        ("consumers: ‸[a.A]", "must be a mapping, but is a list"),
        ("consumers: {c: ‸a.A}", "must be a list, but is a text"),
        ("consumers: {c: ‸[]}", "is empty; list an event"), ("consumers: {‸C: [a.A]}", "is no name for a consumer"),
        ("consumers: {c: [‸A]}", "names no service; write a.A"), ("consumers: {c: [‸b.A]}", "there is no service"),
        ("consumers: {c: [a.A, ‸a.B]}", "does not publish"),
        ("consumers: {‸v: [a.A]}", "has something else that is called"),
        ("consumers: {‸push: [a.A]}", "has something else that is called"),
    ])
    func consumers(setting: String, part: String) {
        Marked(
            """
            fleet: f
            services:
              a:
                store: sqlite:a.db
                publishes: [A]
                views: {v: {schema: S, when: {a.A: S}}}
                \(setting)
            """, part
        ).check()
    }

    @Test func aLimitIsRead() throws {
        let text = """
            fleet: f
            services:
              a:
                store: sqlite:a.db
                publishes: [A]
                views:
                  v: {schema: S, when: {a.A: S}, limit: {rate: 30/m, in_flight: 12}}
                  w: {schema: S, when: {a.A: S}}
            """
        let views = try #require(read(text).definition?.services[0].views)
        #expect(views[0].limit.rate == EventRate(30, per: .minute) && views[0].limit.inFlight == 12)
        #expect(views[1].limit == SubscriptionLimit())
    }

    @Test func whatAVariableStandsForDoesNotShow() {
        Marked(
            "fleet: f\nservices: {a: {store: sqlite:a.db, publishes: [A], topic: ‸'${TOPIC}'}}",
            "\"${TOPIC}\" is no topic;", environment: ["TOPIC": "secret topic"]
        ).check()
    }

    @Test(arguments: ["topic: t", "format: debezium"]) func aTopicWithoutEventsIsAWarning(_ setting: String) {
        let key = setting.prefix { $0 != ":" }
        let file = Marked(
            "fleet: f\nservices: {a: {store: sqlite:a.db, ‸\(setting)}}", "warning: service \"a\" has a \(key), but")
        file.check()
        #expect(read(file.text).definition != nil)
    }

    @Test func anOutboxWithoutEventsIsAWarning() {
        let file = Marked(
            "fleet: f\nservices: {a: {store: sqlite:a.db, ‸outbox: {keep: 1s}}}", "warning: service \"a\" has an outbox"
        )
        file.check()
        #expect(read(file.text).definition != nil)
    }

    @Test(arguments: [
        Marked(
            "fleet: ‸12\nservices: {a: {store: sqlite:a.db}}",
            "\"12\" is no name for a fleet; use a lower-case letter, then"),
        Marked(
            "fleet: ‸North_Wind\nservices: {‸Orders: {store: sqlite:a.db}}",
            "\"North_Wind\" is no name for a fleet", "\"Orders\" is no name for a service; use a lower-case letter"),
        Marked(
            "fleet: f\nservices: {a: {store: sqlite:a.db, publishes: [‸1st, ‸\"a b\", A.b-c_d]}}",
            "\"1st\" is no name for an event", "\"a b\" is no name for an event; use a letter"),
        Marked(
            "fleet: f\nservices: {a: {store: sqlite:a.db, publishes: [A], views: {‸1: {schema: S, when: {a.A: S}}}}}",
            "\"1\" is no name for a view"),
    ])
    func names(file: Marked) { file.check() }

    @Test func allProblemsComeInOneGo() {
        Marked(
            """
            fleet: ‸Northwind
            broker: ‸kafka
            state: ‸"postgres://h/state"
            ‸servces: {}
            services:
              customers:
                ‸stor: ‸"mysql:x"
                publishes: [CustomerRegistered, ‸CustomerRegistered]
              orders:
                store: ‸${NOWHERE}
                publishes: ‸OrderPlaced
                views:
                  lines:
                    schema:‸
                    when:
                      ‸customer.CustomerRegistered: SELECT 1
                      ‸customers.CustomerRegisterd: SELECT 1
            """,
            "\"Northwind\" is no name", "no broker \"kafka\"", "is a URL", "did you mean \"services\"?",
            "did you mean \"store\"?", "no connector for \"mysql:x\"", "is published twice", "NOWHERE is not set",
            "\"publishes\" must be a list", "has no value", "did you mean \"customers\"?",
            "did you mean \"CustomerRegistered\"?"
        ).check()
    }
}
