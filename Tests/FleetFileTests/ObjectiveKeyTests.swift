import FleetCore
import FleetFile
import Objectives
import Testing
import Wire

/// `objectives` and `alerts`: how well parts of the fleet must do, and who is told where they do not.
@Suite struct ObjectiveKeyTests {
    @Test func oneOfEachKind() throws {
        let result = read(
            fleet(
                """
                orders_fresh: {view: orders.order_lines, freshness: 2s, target: 99.9%, window: 7d}
                relay_fast: {stream: customers, latency: 500ms, target: 99%}
                store_up: {store: orders, availability: 99.95%}
                lines_right: {view: orders.order_lines, errors: 0.1%}
                """))
        #expect(result.problems.isEmpty, "\(result.problems)")
        let objectives = try #require(result.definition?.objectives)
        #expect(objectives.map(\.name) == ["orders_fresh", "relay_fast", "store_up", "lines_right"])
        #expect(
            objectives.map(\.subject) == [
                ObjectiveSubject(.view, "orders.order_lines"), ObjectiveSubject(.stream, "customers"),
                ObjectiveSubject(.store, "orders"), ObjectiveSubject(.view, "orders.order_lines"),
            ])
        #expect(objectives.map(\.threshold) == [.seconds(2), .milliseconds(500), nil, nil])
        #expect(
            objectives.map(\.window) == [
                .seconds(604_800), .seconds(2_592_000), .seconds(2_592_000), .seconds(2_592_000),
            ])
        for (objective, target) in zip(objectives, [0.999, 0.99, 0.9995, 0.999]) {
            #expect(abs(objective.target - target) < 1e-12)
        }
        #expect(result.definition?.alerts == AlertsDefinition())
    }

    /// What only watches the fleet does not keep it from being carried.
    @Test func whoRunsLeavesOutAnObjectiveOnWhatDoesNotExist() throws {
        let text = fleet(
            """
            a: {store: order, availability: 99%}
            b: {view: orders.order_line, freshness: 2s, target: 99%}
            c: {push: orders, errors: 1%}
            d: {store: orders, availability: 99%}
            """)
        let reader = {
            FleetFileReader(environment: [:], storeSchemes: ["sqlite"], brokerEngines: ["embedded"], isToRun: $0)
        }
        #expect(reader(false).read(text: text, path: "fleet.yaml").definition == nil)
        let result = reader(true).read(text: text, path: "fleet.yaml")
        #expect(result.definition?.objectives.map(\.name) == ["d"], "\(result.problems)")
        #expect(result.problems.allSatisfy { $0.leavesOut && $0.severity == .warning } && result.problems.count == 3)
        #expect(
            result.problems.first?.message == "there is no service \"order\": the objective is left out",
            "\(result.problems)")
        // What is wrong otherwise is wrong.
        let broken = fleet("a: {store: orders, availability: 101%}")
        #expect(reader(true).read(text: broken, path: "fleet.yaml").definition == nil)
    }

    @Test(arguments: [
        Marked(fleet("o: {‸veiw: orders.order_lines, freshness: 2s, target: 99%}"), "did you mean \"view\"?"),
        Marked(fleet("o: ‸{freshness: 2s, target: 99%}"), "\"o\" does not say what it is about; add one of \"store\""),
        Marked(fleet("o: ‸{store: orders}"), "\"o\" does not say what is measured; add one of \"latency\""),
        Marked(
            fleet("o: {store: orders, ‸stream: customers, availability: 99%}"),
            "has two subjects: \"store\" and \"stream\"; write an objective for each"),
        Marked(
            fleet("o: {stream: customers, availability: 99%, ‸errors: 1%}"),
            "has two measures: \"availability\" and \"errors\""),
        Marked(
            fleet("o: {store: orders, ‸freshness: 2s, target: 99%}"),
            "\"freshness\" is not measured of a store; write \"availability\" or \"latency\""),
        Marked(
            fleet("o: {view: ‸orders.order_line, freshness: 2s, target: 99%}"),
            "there is no view \"orders.order_line\"; did you mean \"orders.order_lines\"?"),
        Marked(
            fleet("o: {store: ‸order, availability: 99%}"), "there is no service \"order\"; did you mean \"orders\"?"),
        Marked(fleet("o: {saga: ‸place, errors: 1%}"), "there is no saga \"place\"; there is none"),
        Marked(fleet("o: {push: ‸orders, errors: 1%}"), "nothing is pushed to service \"orders\""),
        Marked(fleet("o: {stream: ‸quiet, latency: 1s, target: 99%}"), "\"quiet\" publishes nothing"),
        Marked(fleet("o: ‸{stream: customers, latency: 1s}"), "has no \"target\"; add target: 99.9%"),
        Marked(fleet("o: {stream: customers, latency: 1s, target: ‸100%}"), "leaves nothing that may go wrong"),
        Marked(fleet("o: {stream: customers, latency: 1s, target: ‸0%}"), "is kept whatever happens"),
        Marked(fleet("o: {stream: customers, latency: 1s, target: ‸101%}"), "is more than all"),
        Marked(fleet("o: {stream: customers, latency: 1s, target: ‸0.999}"), "no percentage; write it like 99.9%"),
        Marked(fleet("o: {stream: customers, latency: 1s, target: ‸-1%}"), "no percentage"),
        Marked(fleet("o: {stream: customers, errors: ‸0%}"), "leaves nothing that may go wrong"),
        Marked(fleet("o: {store: orders, availability: 99%, ‸target: 99%}"), "says what \"availability\" says already"),
        Marked(fleet("o: {stream: customers, latency: ‸0s, target: 99%}"), "write a time from 1ms to 7d"),
        Marked(fleet("o: {stream: customers, latency: ‸fast, target: 99%}"), "is no length of time"),
        Marked(fleet("o: {store: orders, availability: 99%, window: ‸1h}"), "write a time from 1d to 90d"),
        Marked(fleet("‸O: {store: orders, availability: 99%}"), "is no name for an objective"),
        Marked("fleet: f\nobjectives: ‸{}\nservices: {a: {store: sqlite:a.db}}", "\"objectives\" is empty"),
        Marked("fleet: f\nobjectives: ‸yes\nservices: {a: {store: sqlite:a.db}}", "must be a mapping"),
    ])
    func mistakes(file: Marked) { file.check() }

    @Test func whoIsTold() throws {
        let alerts = """
            alerts:
              log: false
              webhook: {url: "https://hooks.example/${HOOK}", secret: "${SECRET}"}
              alertmanager: {url: "http://127.0.0.1:9093"}
            """
        let result = read(
            fleet("o: {store: orders, availability: 99%}") + alerts,
            environment: ["HOOK": "t0ken", "SECRET": "a-secret-that-is-long-enough"])
        #expect(result.problems.isEmpty, "\(result.problems)")
        let read = try #require(result.definition?.alerts)
        #expect(read.log == false)
        #expect(read.webhook?.place.url == "https://hooks.example/t0ken")
        #expect(read.webhook?.place.name == "https://hooks.example/…")
        #expect(read.webhook?.secret?.key == Array("a-secret-that-is-long-enough".utf8))
        #expect(read.alertmanager == AlertPlace(url: "http://127.0.0.1:9093", name: "http://127.0.0.1:9093"))
    }

    @Test(arguments: [
        Marked(told("alerts: {log: ‸on}"), "is neither yes nor no; write true or false"),
        Marked(
            told("alerts: {‸mail: x}"), "unknown key \"mail\" in \"alerts\"; its keys are log, webhook, alertmanager"),
        Marked(told("alerts: {webhook: ‸{}}"), "\"webhook\" has no \"url\"; add url: http://HOST:PORT/PATH"),
        Marked(told("alerts: {webhook: {url: ‸hooks}}"), "\"url\" is no URL of http or https"),
        Marked(
            told("alerts: {alertmanager: {url: ‸\"http://u:p@h\"}}"), "has a user or a password, which are not sent"),
        Marked(
            told("alerts: {alertmanager: {url: ‸\"http://h:9093?tenant=a\"}}"),
            "\"url\" has a query, which has no place in front of /api/v2/alerts"),
        Marked(told("alerts: {webhook: {url: \"http://h\", secret: ‸whsec_*}}"), "\"secret\" is wrong"),
    ])
    func mistakesOfAlerts(file: Marked) { file.check() }

    @Test func alertsWithoutObjectivesAreOfNoUse() {
        let result = read("fleet: f\nalerts: {log: true}\nservices: {a: {store: sqlite:a.db}}")
        #expect(result.definition != nil)
        #expect(result.problems.map(\.severity) == [.warning])
    }
}

private func told(_ alerts: String) -> String { fleet("o: {store: orders, availability: 99%}") + alerts + "\n" }

private func fleet(_ objectives: String) -> String {
    let lines = objectives.split(separator: "\n").map { "  \($0)\n" }.joined()
    return """
        fleet: f
        services:
          customers: {store: sqlite:c.db, publishes: [CustomerRegistered]}
          quiet: {store: sqlite:q.db}
          orders:
            store: sqlite:o.db
            views:
              order_lines:
                schema: CREATE TABLE t (a TEXT)
                when: {customers.CustomerRegistered: INSERT INTO t VALUES (:key)}
        objectives:

        """ + lines
}
