internal import FleetCore
internal import Objectives

/// Reads one document of OpenSLO. What is missing or of another kind is told as what Flotilla cannot do with it; nothing of it
/// is an error, as it need not be for Flotilla.
struct OpenSLOKeys {
    let values: ValueReader

    func read(_ root: YAMLNode) -> [Objective] {
        let kind = text(root, "kind") ?? "nothing"
        let version = text(root, "apiVersion") ?? "no version"
        guard version == OpenSLO.version else {
            tell(root, "a document of \(Shown.quoted(version)) is left out", "write apiVersion: \(OpenSLO.version)")
            return []
        }
        guard kind == "SLO" else {
            tell(root, "a document of kind \(Shown.quoted(kind)) is left out: only SLO has a counterpart")
            return []
        }
        guard let spec = child(root, "spec"), let name = name(root) else { return [] }
        remark(spec, name)
        guard let window = window(spec, name), let (subject, measure, threshold) = indicator(root, spec, name) else {
            return []
        }
        let goals = items(child(spec, "objectives"))
        if goals.isEmpty { tell(spec, "\(Shown.quoted(name)) has no \"objectives\", and is left out") }
        let objectives = goals.enumerated().compactMap { index, goal -> Objective? in
            for key in ["op", "value"] where child(goal, key) != nil {
                tell(
                    goal,
                    "\"\(key)\" of \(Shown.quoted(name)) has no counterpart: \(OpenSLO.Annotation.threshold.rawValue) says it"
                )
            }
            guard let target = target(goal) else {
                tell(goal, "an objective of \(Shown.quoted(name)) has no target between 0 and 1, and is left out")
                return nil
            }
            return Objective(
                name: goals.count == 1 ? name : "\(name)_\(index + 1)", subject: subject, measure: measure,
                threshold: threshold, target: target, window: window)
        }
        if let first = objectives.first { tellUnread(root, spec, name, first) }
        return objectives
    }

    /// Says which keys are not read, each once.
    /// - Parameter objective: one that the document gives: what says the same again is nothing new.
    private func tellUnread(_ root: YAMLNode, _ spec: YAMLNode, _ name: String, _ objective: Objective) {
        var told: Set<String> = []
        func look(_ node: YAMLNode?, _ path: String, _ known: [String]) {
            guard case .mapping(let entries)? = node?.content else { return }
            for entry in entries {
                guard case .scalar(let scalar) = entry.key.content, !known.contains(scalar.text),
                    told.insert(path + scalar.text).inserted
                else { continue }
                tell(
                    entry.key,
                    "\(Shown.quoted(path + scalar.text)) of \(Shown.quoted(name)) has no counterpart, and is left out")
            }
        }
        let metadata = child(root, "metadata")
        let annotations = metadata.flatMap { child($0, "annotations") }
        look(root, "", ["apiVersion", "kind", "metadata", "spec"])
        let isShown = metadata.flatMap { text($0, "displayName") } == name
        look(metadata, "metadata.", ["name", "annotations"] + (isShown ? ["displayName"] : []))
        look(annotations, "metadata.annotations.", OpenSLO.Annotation.allCases.map(\.rawValue))
        var known = ["indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives", "alertPolicies"]
        let fleet = annotations.flatMap { text($0, OpenSLO.Annotation.fleet.rawValue) }
        if fleet != nil, fleet == text(spec, "service") { known.append("service") }
        if text(spec, "description") == OpenSLO.description(of: objective) { known.append("description") }
        look(spec, "spec.", known)
        for window in items(child(spec, "timeWindow")) {
            look(window, "spec.timeWindow.", ["duration", "isRolling", "calendar"])
        }
        for goal in items(child(spec, "objectives")) {
            let isNamed = text(goal, "displayName") == name
            look(
                goal, "spec.objectives.",
                ["target", "targetPercent", "op", "value"] + (isNamed ? ["displayName"] : []))
        }
    }

    /// Says what is there and has no counterpart.
    private func remark(_ spec: YAMLNode, _ name: String) {
        if let method = text(spec, "budgetingMethod"), method != "Occurrences" {
            tell(
                child(spec, "budgetingMethod") ?? spec,
                "\(Shown.quoted(name)) is budgeted by \(Shown.quoted(method)); Flotilla counts occurrences")
        }
        if let policies = child(spec, "alertPolicies") {
            tell(
                policies,
                "alert policies of \(Shown.quoted(name)) are left out: Flotilla has its own four for each objective")
        }
    }

    private func name(_ root: YAMLNode) -> String? {
        guard let metadata = child(root, "metadata") else {
            tell(root, "an SLO without \"metadata\" is left out")
            return nil
        }
        let given = text(metadata, "name")
        for candidate in [text(metadata, "displayName"), given].compactMap(\.self) where ObjectiveName.allows(candidate)
        {
            return candidate
        }
        tell(metadata, "an SLO has no name that an objective may have, and is left out", "use \(ObjectiveName.rule)")
        return nil
    }

    private func window(_ spec: YAMLNode, _ name: String) -> Duration? {
        let windows = items(child(spec, "timeWindow"))
        guard let window = windows.first else { return Objective.usualWindow }
        if windows.count > 1 {
            tell(windows[1], "\(Shown.quoted(name)) has \(windows.count) windows; the first is taken")
        }
        if child(window, "calendar") != nil || text(window, "isRolling")?.lowercased() == "false" {
            tell(window, "\(Shown.quoted(name)) has a window by the calendar; here it is one that moves with time")
        }
        guard let text = text(window, "duration") else { return Objective.usualWindow }
        if let duration = Self.duration(text), Objective.windows.contains(duration) { return duration }
        tell(window, "\(Shown.quoted(name)) is left out: its window \(Shown.quoted(text)) is none from 1d to 90d")
        return nil
    }

    /// OpenSLO has weeks, months, quarters and years as well.
    private static func duration(_ text: String) -> Duration? {
        if let duration = Duration(unitText: text) { return duration }
        let days: [Character: Int64] = ["w": 7, "M": 30, "Q": 90]
        guard let unit = text.last, let length = days[unit], let count = Int64(text.dropLast()),
            (1...1000).contains(count)
        else { return nil }
        return .seconds(count * length * 86_400)
    }

    /// What Flotilla is told of the indicator by annotations.
    private func indicator(
        _ root: YAMLNode, _ spec: YAMLNode, _ name: String
    ) -> (ObjectiveSubject, ObjectiveMeasure, Duration?)? {
        let annotations = child(root, "metadata").flatMap { child($0, "annotations") }
        func annotation(_ key: OpenSLO.Annotation) -> String? { annotations.flatMap { text($0, key.rawValue) } }
        let words = annotation(.subject)?.split(separator: " ", maxSplits: 1).map(String.init) ?? []
        let place = child(spec, "indicator") ?? child(spec, "indicatorRef") ?? spec
        guard words.count == 2, words[1].utf8.allSatisfy(Self.isOfName),
            let kind = ObjectiveSubject.Kind(rawValue: words[0]),
            let measure = annotation(.measure).flatMap(ObjectiveMeasure.init(rawValue:)),
            kind.measures.contains(measure)
        else {
            let keys = [OpenSLO.Annotation.subject, .measure, .threshold].map(\.rawValue).joined(separator: ", ")
            tell(
                place, "\(Shown.quoted(name)) is left out: its indicator is a query, and Flotilla measures by itself",
                "say what it is by the annotations \(keys): \"view orders.order_lines\", freshness, 2s")
            return nil
        }
        let threshold = annotation(.threshold).flatMap { Duration(unitText: $0) }
        guard (threshold != nil) == measure.hasThreshold else {
            let need = measure.hasThreshold ? "needs" : "has no"
            tell(
                place,
                "\(Shown.quoted(name)) is left out: \(measure.rawValue) \(need) \(OpenSLO.Annotation.threshold.rawValue)"
            )
            return nil
        }
        return (ObjectiveSubject(kind, words[1]), measure, threshold)
    }

    /// Whether names of services, views and sagas may have it.
    private static func isOfName(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || "._-".utf8.contains(byte)
    }

    private func target(_ goal: YAMLNode) -> Double? {
        if let percent = text(goal, "targetPercent") {
            return Percentage(number: percent[...])?.share.within
        }
        return text(goal, "target").flatMap(Double.init)?.within
    }

    // MARK: Nodes

    private func tell(_ node: YAMLNode, _ message: String, _ remedy: String = "") {
        values.log.warning(at: node.mark, message, remedy: remedy)
    }

    private func child(_ node: YAMLNode, _ key: String) -> YAMLNode? {
        guard case .mapping(let entries) = node.content else { return nil }
        return entries.first { entry in
            if case .scalar(let scalar) = entry.key.content { scalar.text == key } else { false }
        }?.value
    }

    private func text(_ node: YAMLNode, _ key: String) -> String? {
        guard let child = child(node, key), !child.isEmpty, case .scalar(let scalar) = child.content else { return nil }
        return scalar.text
    }

    private func items(_ node: YAMLNode?) -> [YAMLNode] {
        if case .sequence(let items)? = node?.content { items } else { [] }
    }
}

extension Double {
    /// The number, where it is between 0 and 1.
    fileprivate var within: Double? { self > 0 && self < 1 ? self : nil }
}
