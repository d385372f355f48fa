internal import FleetCore
internal import Objectives
internal import SagaModel

/// Reads `objectives`: how well parts of the fleet must do.
struct ObjectivesKeys {
    let values: ValueReader
    let publishers: Publishers
    let services: [ServiceDefinition]
    let sagas: [SagaDeclaration]
    let isToRun: Bool

    /// More than these cannot be watched once a second.
    private static let limit = 1_000

    /// - Returns: also the names of those that are left out.
    func read(_ field: NamedValue) -> (objectives: [Objective], leftOut: Set<String>) {
        let remedy = "write a mapping of names to objectives"
        let entries = values.entries(field.value, "\"objectives\"", remedy: remedy) ?? []
        if entries.isEmpty, case .mapping = field.value.content {
            let remedy = "add NAME: {store: SERVICE, availability: 99.9%}, or remove it"
            values.log.error(at: field.value.mark, "\"objectives\" is empty", remedy: remedy)
        }
        if entries.count > Self.limit {
            let message = "\"objectives\" has \(entries.count) entries, and at most \(Self.limit) are watched"
            values.log.error(at: field.mark, message, remedy: "keep those that somebody acts on")
        }
        let objectives = entries.compactMap(objective)
        return (objectives, isToRun ? Set(entries.map(\.name)).subtracting(objectives.map(\.name)) : [])
    }

    private func objective(_ entry: NamedValue) -> Objective? {
        let owner = "objective \(entry.shown)"
        let name: ObjectiveName? = values.name(entry.name, shown: entry.shown, at: entry.mark, "an objective")
        let kinds = ObjectiveSubject.Kind.allCases.map(\.rawValue)
        let measures = ObjectiveMeasure.allCases.map(\.rawValue)
        guard let fields = values.fields(entry.value, owner, known: kinds + measures + ["target", "window"]) else {
            return nil
        }
        let subjectField = one(of: kinds, in: fields, entry, "\(owner) does not say what it is about", "subject")
        let measureField = one(of: measures, in: fields, entry, "\(owner) does not say what is measured", "measure")
        let subject =
            isToRun
            ? values.log.forgiving("the objective is left out") { subjectField.flatMap(self.subject) }
            : subjectField.flatMap(self.subject)
        let window = fields["window"].flatMap(window)
        guard let measureField, let measure = ObjectiveMeasure(rawValue: measureField.name) else { return nil }
        let goal = goal(measure, measureField, fields["target"], entry, owner)
        if let field = subjectField, let kind = ObjectiveSubject.Kind(rawValue: field.name),
            !kind.measures.contains(measure)
        {
            let known = kind.measures.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
            let message = "\(measureField.shown) is not measured of a \(kind.rawValue)"
            values.log.error(at: measureField.mark, message, remedy: "write \(known)")
            return nil
        }
        guard let name, let subject, let goal else { return nil }
        return Objective(
            name: name.text, subject: subject, measure: measure, threshold: goal.threshold, target: goal.target,
            window: window ?? Objective.usualWindow)
    }

    /// The one of some keys that is given.
    private func one(
        of keys: [String], in fields: [String: NamedValue], _ entry: NamedValue, _ missing: String, _ what: String
    ) -> NamedValue? {
        let given = keys.compactMap { fields[$0] }.sorted {
            ($0.mark.line, $0.mark.column) < ($1.mark.line, $1.mark.column)
        }
        guard let first = given.first else {
            let known = keys.map { "\"\($0)\"" }.joined(separator: ", ")
            values.log.error(at: entry.value.mark, missing, remedy: "add one of \(known)")
            return nil
        }
        for other in given.dropFirst() {
            let message = "objective \(entry.shown) has two \(what)s: \(first.shown) and \(other.shown)"
            values.log.error(at: other.mark, message, remedy: "write an objective for each")
        }
        return first
    }

    // MARK: Goals

    private func goal(
        _ measure: ObjectiveMeasure, _ field: NamedValue, _ target: NamedValue?, _ entry: NamedValue, _ owner: String
    ) -> (threshold: Duration?, target: Double)? {
        if measure.hasThreshold {
            let threshold = threshold(field)
            guard let target else {
                let remedy = "add target: 99.9%, the share that must be in time"
                values.log.error(at: entry.value.mark, "\(owner) has no \"target\"", remedy: remedy)
                return nil
            }
            guard let share = share(target), let threshold else { return nil }
            return (threshold, share)
        }
        if let target {
            let message = "\"target\" of \(owner) says what \(field.shown) says already"
            values.log.error(at: target.mark, message, remedy: "remove one of the two")
        }
        guard let share = share(field) else { return nil }
        return (nil, measure == .errors ? 1 - share : share)
    }

    private func threshold(_ field: NamedValue) -> Duration? {
        guard let threshold = values.duration(field) else { return nil }
        if (Duration.milliseconds(1)...Duration.seconds(7 * 86_400)).contains(threshold) { return threshold }
        let message = "\(field.shown) is no time that can be kept"
        values.log.error(at: field.value.mark, message, remedy: "write a time from 1ms to 7d")
        return nil
    }

    private func window(_ field: NamedValue) -> Duration? {
        guard let window = values.duration(field) else { return nil }
        if Objective.windows.contains(window) { return window }
        let message = "\(field.shown) is no window for an error budget"
        values.log.error(at: field.value.mark, message, remedy: "write a time from 1d to 90d; 30d is usual")
        return nil
    }

    /// A share between 0 and 1, both excluded, written in percent.
    private func share(_ field: NamedValue) -> Double? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        let isAllowance = field.name == ObjectiveMeasure.errors.rawValue
        let example = isAllowance ? "0.1%" : "99.9%"
        guard let percent = Percentage(read.text) else {
            values.log.error(at: read.mark, "\(read.shown) is no percentage", remedy: "write it like \(example)")
            return nil
        }
        guard percent.value > 0, percent.value < 100 else {
            let message: String
            if percent.value > 100 {
                message = "\(read.shown) is more than all"
            } else if isAllowance == (percent.value == 0) {
                message =
                    "\(read.shown) leaves nothing that may go wrong, so that a single failure would break it for long"
            } else {
                message = "\(read.shown) is kept whatever happens"
            }
            values.log.error(
                at: read.mark, message, remedy: "write a percentage above 0 and below 100, like \(example)")
            return nil
        }
        return percent.share
    }

    // MARK: Subjects

    private func subject(_ field: NamedValue) -> ObjectiveSubject? {
        guard let kind = ObjectiveSubject.Kind(rawValue: field.name),
            let read = values.text(field.value, field.shown)
        else { return nil }
        let found: Bool
        switch kind {
        case .store: found = publishers.service(read) != nil
        case .stream:
            guard let name = publishers.service(read) else { return nil }
            found = services.first { $0.name == name }.map { !$0.publishes.isEmpty } ?? true
            if !found {
                let message = "service \(read.shown) publishes nothing, so it has no stream"
                values.log.error(at: read.mark, message, remedy: "name a service that publishes")
            }
        case .push:
            guard let name = publishers.service(read) else { return nil }
            // What is pushed may be among what could not be read.
            found = services.first { $0.name == name }.map { !$0.push.isEmpty } ?? true || values.log.hasErrors
            if !found {
                let message = "nothing is pushed to service \(read.shown)"
                values.log.error(at: read.mark, message, remedy: "name a service with \"push\"")
            }
        case .view:
            let views = services.flatMap { service in service.views.map { "\(service.name).\($0.name)" } }
            found = isKnown(read, views, "view", "SERVICE.VIEW")
        case .saga: found = isKnown(read, sagas.map(\.definition.name.text), "saga", "a saga of this file")
        }
        return found ? ObjectiveSubject(kind, read.text) : nil
    }

    private func isKnown(_ read: FieldText, _ known: [String], _ what: String, _ form: String) -> Bool {
        if known.contains(read.text) { return true }
        // What it names may be among what could not be read.
        if values.log.hasErrors { return false }
        let nearest = values.log.nearest(to: read.text, in: known).map { "did you mean \"\($0)\"?" }
        let list = known.isEmpty ? "there is none" : "write \(form): \(known.prefix(5).joined(separator: ", "))"
        values.log.error(at: read.mark, "there is no \(what) \(read.shown)", remedy: nearest ?? list)
        return false
    }
}
