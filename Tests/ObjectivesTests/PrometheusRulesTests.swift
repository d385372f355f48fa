import FleetCore
import Foundation
import Objectives
import TestKit
import Testing

/// What Prometheus' own program says of the rules.
@Suite struct PrometheusRulesTests {
    private static let fleet = FleetName(unchecked: "northwind")
    private static let objectives = [
        Objective(
            name: "orders_fresh", subject: ObjectiveSubject(.view, "orders.order_lines"), measure: .freshness,
            threshold: .seconds(2), target: 0.999),
        Objective(
            name: "store_up", subject: ObjectiveSubject(.store, "orders"), measure: .availability, target: 0.9995,
            window: .seconds(7 * 86_400)),
        Objective(
            name: "pushes", subject: ObjectiveSubject(.push, "billing"), measure: .errors, target: 0.99,
            window: .seconds(86_400)),
    ]

    @Test func promtoolFindsNothingWrong() throws {
        guard let promtool = Command("promtool") else { return }
        let directory = try TemporaryDirectory()
        for (name, objectives) in [("all", Self.objectives), ("none", [])] {
            let file = directory.file("\(name).yml")
            try PrometheusRules(objectives, fleet: Self.fleet).text.write(
                toFile: file, atomically: true, encoding: .utf8)
            let (status, output) = try promtool.run(["check", "rules", file])
            #expect(status == 0, "\(output)")
            #expect(output.contains(objectives.isEmpty ? "0 rules found" : "rules found"), "\(output)")
        }
    }

    /// Series of two days: good, then an hour in which one of fifty is bad, then good again.
    @Test func thePageFiresAndEnds() throws {
        guard let promtool = Command("promtool") else { return }
        let directory = try TemporaryDirectory()
        try PrometheusRules([Self.objectives[0]], fleet: Self.fleet).text.write(
            toFile: directory.file("rules.yml"), atomically: true, encoding: .utf8)
        let labels = "{fleet=\"northwind\",objective=\"orders_fresh\",subject=\"view orders.order_lines\"}"
        func alert(_ window: String, _ severity: String, _ rate: String) -> String {
            """
                      - exp_labels:
                          severity: \(severity)
                          window: \(window)
                          fleet: northwind
                          objective: orders_fresh
                          subject: view orders.order_lines
                        exp_annotations:
                          summary: "Objective orders_fresh (freshness of view orders.order_lines) of fleet northwind burns its error budget more than \(rate) times as fast as it may."
            """
        }
        // 1000 events a minute; from the 24th to the 25th hour 20 of them are bad: a burn rate of 20.
        let tests = """
            rule_files: [rules.yml]
            evaluation_interval: 1m
            tests:
              - interval: 1m
                input_series:
                  - series: 'flotilla_objective_events_total\(labels)'
                    values: '0+1000x2880'
                  - series: 'flotilla_objective_bad_events_total\(labels)'
                    values: '0+0x1440 20+20x59 1200+0x1380'
                alert_rule_test:
                  - eval_time: 23h
                    alertname: FlotillaObjectiveBurnsTooFast
                    exp_alerts: []
                  - eval_time: 24h50m
                    alertname: FlotillaObjectiveBurnsTooFast
                    exp_alerts:
            \(alert("1h", "page", "14.4"))
                  - eval_time: 25h45m
                    alertname: FlotillaObjectiveBurnsTooFast
                    exp_alerts: []
                promql_expr_test:
                  - expr: flotilla:objective_budget_left:ratio > bool 0.1
                    eval_time: 47h
                    exp_samples:
                      - labels: '{fleet="northwind",objective="orders_fresh"}'
                        value: 1
            """
        let file = directory.file("tests.yml")
        try tests.write(toFile: file, atomically: true, encoding: .utf8)
        let (status, output) = try promtool.run(["test", "rules", file])
        #expect(status == 0, "\(output)")
    }
}
