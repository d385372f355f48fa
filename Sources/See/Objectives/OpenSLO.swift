public import FleetCore

/// Objectives in the form that people exchange: OpenSLO, `openslo/v1`.
public enum OpenSLO {
    public static let version = "openslo/v1"
    /// Annotations that say in Flotilla's words what an indicator is: a query says it to Prometheus alone.
    public enum Annotation: String, CaseIterable, Sendable {
        case subject = "flotilla/subject"
        case measure = "flotilla/measure"
        case threshold = "flotilla/threshold"
        /// Whose objective it is: what `service` says as well.
        case fleet = "flotilla/fleet"
    }

    /// What an exported objective is about, for people.
    public static func description(of objective: Objective) -> String {
        let within = objective.threshold.map { " within \(ObjectiveText.duration($0.inSeconds))" } ?? ""
        return "\(objective.measure.rawValue) of \(objective.subject)\(within)"
    }

    /// One document for each, with queries for Prometheus.
    public static func text(_ objectives: [Objective], fleet: FleetName) -> String {
        objectives.map { document($0, fleet) }.joined(separator: "---\n")
    }

    private static func document(_ objective: Objective, _ fleet: FleetName) -> String {
        let threshold = objective.threshold.map { ObjectiveText.duration($0.inSeconds) }
        let selector = "{fleet=\"\(fleet)\",objective=\"\(objective.name)\"}"
        var lines = [
            "apiVersion: \(version)", "kind: SLO", "metadata:", "  name: \(name(objective.name))",
            "  displayName: \(objective.name)", "  annotations:",
            "    \(Annotation.subject.rawValue): \(objective.subject)",
            "    \(Annotation.measure.rawValue): \(objective.measure.rawValue)",
        ]
        if let threshold { lines.append("    \(Annotation.threshold.rawValue): \(threshold)") }
        lines += [
            "    \(Annotation.fleet.rawValue): \(fleet)", "spec:", "  description: \(description(of: objective))",
            "  service: \(fleet)", "  indicator:", "    metadata:", "      name: \(name(objective.name))", "    spec:",
            "      ratioMetric:", "        counter: true",
        ]
        for (part, metric) in [("bad", PrometheusRules.bad), ("total", PrometheusRules.all)] {
            lines += [
                "        \(part):", "          metricSource:", "            type: Prometheus", "            spec:",
                "              query: '\(metric)\(selector)'",
            ]
        }
        lines += [
            "  timeWindow:", "    - duration: \(ObjectiveText.duration(objective.window.inSeconds))",
            "      isRolling: true", "  budgetingMethod: Occurrences", "  objectives:",
            "    - displayName: \(objective.name)", "      target: \(objective.target)",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// A name as OpenSLO wants it: RFC 1123.
    private static func name(_ name: String) -> String {
        var text = String(name.map { $0 == "_" ? "-" : $0 })
        while text.hasSuffix("-") { text.removeLast() }
        return text
    }
}

/// Objectives as a fleet file has them.
public enum ObjectivesYAML {
    public static func text(_ objectives: [Objective]) -> String {
        if objectives.isEmpty { return "objectives: {}\n" }
        return "objectives:\n" + objectives.map { "  \($0.name): {\(fields($0))}\n" }.joined()
    }

    private static func fields(_ objective: Objective) -> String {
        var fields = ["\(objective.subject.kind.rawValue): \(objective.subject.name)"]
        let share = objective.measure == .errors ? objective.budget : objective.target
        if let threshold = objective.threshold {
            fields.append("\(objective.measure.rawValue): \(ObjectiveText.duration(threshold.inSeconds))")
            fields.append("target: \(ObjectiveText.written(share))")
        } else {
            fields.append("\(objective.measure.rawValue): \(ObjectiveText.written(share))")
        }
        if objective.window != Objective.usualWindow {
            fields.append("window: \(ObjectiveText.duration(objective.window.inSeconds))")
        }
        return fields.joined(separator: ", ")
    }
}
