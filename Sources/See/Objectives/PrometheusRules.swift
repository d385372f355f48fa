public import FleetCore

/// Recording and alerting rules for a Prometheus that scrapes `/metrics`: what Flotilla says of its objectives itself, said by
/// Prometheus.
public struct PrometheusRules: Sendable {
    public let text: String

    static let bad = "flotilla_objective_bad_events_total"
    static let all = "flotilla_objective_events_total"

    public init(_ objectives: [Objective], fleet: FleetName) {
        var lines = [
            "# Of fleet \(fleet), by `flotilla objectives rules`. Windows are counted from what is scraped: the shortest needs a",
            "# scrape interval of at most a quarter of it.",
        ]
        if objectives.isEmpty {
            lines.append("groups: []")
        } else {
            lines.append("groups:")
            for objective in objectives { lines += Self.group(objective, fleet) }
        }
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func group(_ objective: Objective, _ fleet: FleetName) -> [String] {
        let rules = BurnRule.all(for: objective.window)
        let windows = rules.flatMap { [$0.long, $0.short] } + [objective.window]
        var seen: Set<Duration> = []
        let distinct = windows.filter { seen.insert($0).inserted }.sorted()
        var lines = ["  - name: \(quoted("flotilla objective \(fleet) \(objective.name)"))", "    rules:"]
        for window in distinct { lines += recording(objective, fleet, window) }
        let selector = selector(objective, fleet)
        let budget = "(1 - \(objective.target))"
        lines +=
            [
                "      - record: flotilla:objective_budget_left:ratio",
                "        expr: 1 - \(ratio(objective.window))\(selector) / \(budget)",
            ] + labels(objective, fleet)
        for rule in rules {
            let limit = "\(short(rule.rate)) * \(budget)"
            let what =
                "Objective \(objective.name) (\(objective.measure.rawValue) of \(objective.subject)) of fleet \(fleet)"
            lines += [
                "      - alert: FlotillaObjectiveBurnsTooFast",
                "        expr: |",
                "          \(ratio(rule.long))\(selector) > \(limit)",
                "          and",
                "          \(ratio(rule.short))\(selector) > \(limit)",
                "        labels:",
                "          severity: \(rule.severity.rawValue)",
                "          window: \(name(rule.long))",
                "          subject: \(quoted(objective.subject.description))",
                "        annotations:",
                "          summary: \(quoted("\(what) burns its error budget more than \(short(rule.rate)) times as fast as it may."))",
            ]
        }
        return lines
    }

    private static func recording(_ objective: Objective, _ fleet: FleetName, _ window: Duration) -> [String] {
        func sum(_ metric: String) -> String {
            "sum(rate(\(metric)\(selector(objective, fleet))[\(name(window))]))"
        }
        return [
            "      - record: \(ratio(window))", "        expr: |", "          \(sum(bad))", "          /",
            "          \(sum(all))",
        ] + labels(objective, fleet)
    }

    /// What a recorded series is of.
    private static func labels(_ objective: Objective, _ fleet: FleetName) -> [String] {
        [
            "        labels:", "          fleet: \(quoted(fleet.text))",
            "          objective: \(quoted(objective.name))",
        ]
    }

    /// What is recorded of a window.
    private static func ratio(_ window: Duration) -> String {
        "flotilla:objective_bad_events:ratio_rate\(name(window))"
    }

    private static func name(_ window: Duration) -> String { ObjectiveText.duration(window.inSeconds) }

    private static func selector(_ objective: Objective, _ fleet: FleetName) -> String {
        "{fleet=\(quoted(fleet.text)),objective=\(quoted(objective.name))}"
    }

    private static func short(_ number: Double) -> String {
        number == number.rounded() ? String(Int(number)) : "\(number)"
    }

    /// Names of fleets, objectives and subjects have no character that needs more.
    private static func quoted(_ text: String) -> String { "\"\(text)\"" }
}
