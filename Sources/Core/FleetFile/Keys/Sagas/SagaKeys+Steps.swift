internal import FleetCore
internal import SagaModel

/// The steps of a saga.
extension SagaKeys {
    /// The key that says what an item of a sequence is, and the others that it may have.
    private static let kinds: [(name: String, others: [String])] = [
        ("step", SagaKeys.activities + ["role", "compensate", "timeout", "retry"]),
        ("parallel", ["branches"]), ("for_each", ["in", "limit", "at_once", "steps"]),
        ("choice", ["when", "otherwise"]), ("fail", ["error"]),
    ]

    mutating func sequence(_ node: YAMLNode, _ subject: String, at place: SagaPlace) -> [SagaBlock] {
        mark(place, node.mark)
        let items = need(values.list(node, subject, remedy: "write a list of steps"))
        return (items ?? []).enumerated().compactMap { index, item in
            need(block(item, at: place.child(index)))
        }
    }

    private mutating func block(_ node: YAMLNode, at place: SagaPlace) -> SagaBlock? {
        mark(place, node.mark)
        guard case .mapping(let pairs) = node.content else {
            values.log.error(at: node.mark, "a step must be a mapping, but is \(node.kind)", remedy: "write step: NAME")
            return nil
        }
        let keys = pairs.compactMap { pair in if case .scalar(let key) = pair.key.content { key.text } else { nil } }
        guard let kind = Self.kinds.first(where: { keys.contains($0.name) }) else {
            let names = Self.kinds.map(\.name).joined(separator: ", ")
            values.log.error(at: node.mark, "nothing says what kind of step this is", remedy: "add one of \(names)")
            return nil
        }
        guard let fields = values.fields(node, "a \(kind.name)", known: [kind.name] + kind.others),
            let field = fields[kind.name], let name = values.text(field.value, field.shown)
        else { return nil }
        switch kind.name {
        case "step": return step(name.text, fields, node, at: place)
        case "parallel": return parallel(name.text, fields, node, at: place)
        case "for_each": return forEach(name.text, fields, node, at: place)
        case "choice": return choice(name.text, fields, node, at: place)
        default:
            let remedy = "add error: and what is wrong"
            let error = values.required("error", of: fields, node, "fail \(name.shown)", remedy: remedy)
            return error.flatMap { values.text($0.value, $0.shown) }
                .map { .fail(SagaFail(name: name.text, error: $0.text)) }
        }
    }

    // MARK: Kinds

    private mutating func step(
        _ name: String, _ fields: [String: NamedValue], _ node: YAMLNode, at place: SagaPlace
    ) -> SagaBlock? {
        for key in ["timeout", "retry", "compensate"] {
            if let field = fields[key] { mark(place.child(key), field.value.mark) }
        }
        let subject = "step \(Shown.quoted(name))"
        guard let activity = need(self.activity(fields, node, subject)) else { return nil }
        let undoing = place.child("compensate")
        let compensation = fields["compensate"].flatMap { self.compensation($0, subject, at: undoing) }
        let standard: SagaRole = activity.hasEffect ? .compensatable : .query
        return .step(
            SagaStep(
                name: name, activity: activity, role: word(fields["role"], or: standard), compensation: compensation,
                retry: retry(fields["retry"]), timeout: duration(fields["timeout"], or: .seconds(30))))
    }

    private mutating func compensation(
        _ field: NamedValue, _ subject: String, at place: SagaPlace
    ) -> SagaCompensation? {
        let subject = "\"compensate\" of \(subject)"
        guard let fields = need(values.fields(field.value, subject, known: Self.activities + ["timeout", "retry"])),
            let activity = need(self.activity(fields, field.value, subject))
        else { return nil }
        for key in ["timeout", "retry"] { if let field = fields[key] { mark(place.child(key), field.value.mark) } }
        return SagaCompensation(
            activity: activity, retry: retry(fields["retry"]), timeout: duration(fields["timeout"], or: .seconds(30)))
    }

    private mutating func parallel(
        _ name: String, _ fields: [String: NamedValue], _ node: YAMLNode, at place: SagaPlace
    ) -> SagaBlock? {
        let subject = "parallel \(Shown.quoted(name))"
        let remedy = "add branches: with a list of lists of steps"
        guard let field = values.required("branches", of: fields, node, subject, remedy: remedy),
            let items = values.list(field.value, "\"branches\" of \(subject)", remedy: remedy)
        else { return nil }
        let branches = items.enumerated().map { index, item in
            sequence(item, "a branch of \(subject)", at: place.child("branches").child(index))
        }
        return .parallel(SagaParallel(name: name, branches: branches))
    }

    private mutating func forEach(
        _ name: String, _ fields: [String: NamedValue], _ node: YAMLNode, at place: SagaPlace
    ) -> SagaBlock? {
        let subject = "for_each \(Shown.quoted(name))"
        for key in ["in", "limit", "at_once"] {
            if let field = fields[key] { mark(place.child(key), field.value.mark) }
        }
        let items = values.required("in", of: fields, node, subject, remedy: "add in: data.LIST")
            .flatMap { reference($0.value, $0.shown) }
        let remedy = "add steps: with a list of steps"
        let steps = values.required("steps", of: fields, node, subject, remedy: remedy)
            .map { sequence($0.value, "\"steps\" of \(subject)", at: place.child("steps")) }
        guard let items, let steps else { return nil }
        return .forEach(
            SagaForEach(
                name: name, items: items, limit: number(fields["limit"], or: 100),
                atOnce: number(fields["at_once"], or: 1), steps: steps))
    }

    private mutating func choice(
        _ name: String, _ fields: [String: NamedValue], _ node: YAMLNode, at place: SagaPlace
    ) -> SagaBlock? {
        let subject = "choice \(Shown.quoted(name))"
        let remedy = "add when: with a list of if: and steps:"
        guard let field = values.required("when", of: fields, node, subject, remedy: remedy),
            let items = values.list(field.value, "\"when\" of \(subject)", remedy: remedy)
        else { return nil }
        let cases = items.enumerated().compactMap { index, item in
            need(oneCase(item, subject, at: place.child("when").child(index)))
        }
        let otherwise = fields["otherwise"].map {
            sequence($0.value, "\"otherwise\" of \(subject)", at: place.child("otherwise"))
        }
        return .choice(SagaChoice(name: name, cases: cases, otherwise: otherwise))
    }

    private mutating func oneCase(_ node: YAMLNode, _ subject: String, at place: SagaPlace) -> SagaChoice.Case? {
        mark(place, node.mark)
        let subject = "a case of \(subject)"
        guard let fields = values.fields(node, subject, known: ["if", "steps"]),
            let test = values.required("if", of: fields, node, subject, remedy: "add if: with a condition"),
            let steps = values.required("steps", of: fields, node, subject, remedy: "add steps:"),
            let condition = condition(test.value)
        else { return nil }
        return SagaChoice.Case(
            condition, steps: sequence(steps.value, "\"steps\" of \(subject)", at: place.child("steps")))
    }

    // MARK: Conditions

    private mutating func condition(_ node: YAMLNode) -> SagaCondition? {
        let comparisons = SagaComparison.allCases.map(\.rawValue)
        let known = ["value", "exists", "all", "any", "not"] + comparisons
        guard let fields = values.fields(node, "the condition", known: known) else { return nil }
        if let field = fields["exists"], fields.count == 1 {
            return reference(field.value, field.shown).map { .exists($0) }
        }
        if let field = fields["not"], fields.count == 1 { return condition(field.value).map { .not($0) } }
        for key in ["all", "any"] where fields.count == 1 {
            guard let field = fields[key],
                let items = values.list(field.value, field.shown, remedy: "write a list of conditions")
            else { continue }
            let conditions = items.compactMap { need(condition($0)) }
            return key == "all" ? .all(conditions) : .any(conditions)
        }
        let given = SagaComparison.allCases.compactMap { word in fields[word.rawValue].map { (word: word, field: $0) } }
        guard fields.count == 2, let value = fields["value"], let (comparison, other) = given.first else {
            let remedy = "write {value: data.FIELD, equals: …} with one of \(comparisons.joined(separator: ", ")),"
            values.log.error(
                at: node.mark, "this is no condition", remedy: "\(remedy) or one of exists, all, any and not")
            return nil
        }
        guard let reference = reference(value.value, value.shown), let literal = literal(other, comparison)
        else { return nil }
        return .compare(reference, comparison, literal)
    }

    /// A plain number or truth value is one; what is in quotes is text. What is larger is asked of numbers, and of texts in
    /// quotes: a number in quotes would be compared with texts alone, and so with nothing that is meant.
    private func literal(_ field: NamedValue, _ comparison: SagaComparison) -> SagaLiteral? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        let number = Double(read.text).flatMap { $0.isFinite ? $0 : nil }
        func refuse(_ message: String, _ remedy: String) -> SagaLiteral? {
            values.log.error(at: read.mark, "\(field.shown): \(message)", remedy: remedy)
            return nil
        }
        guard case .scalar(let scalar) = field.value.content, scalar.style == .plain else {
            guard comparison.isOrder, number != nil else { return .text(read.text) }
            return refuse("\(read.shown) is a text, and no number is above or below one", "leave out the quotes")
        }
        if let number { return .number(number) }
        if comparison.isOrder {
            return refuse("\(read.shown) is no number", "write a number; a text to compare with texts stands in quotes")
        }
        if read.text == "true" || read.text == "false" { return .boolean(read.text == "true") }
        return .text(read.text)
    }
}
