internal import FleetCore

/// Reads values out of YAML nodes, and reports those that are of another kind than they should be.
struct ValueReader {
    let source: SourceLines
    let log: ProblemLog
    let environment: [String: String]

    /// A text with its variables replaced. `nil` where there is none, which is reported as what `subject` lacks.
    func text(_ node: YAMLNode, _ subject: String) -> FieldText? {
        guard let scalar = scalar(node, subject) else { return nil }
        let expanded = VariableExpansion(scalar.text, environment: environment)
        for failure in expanded.failures {
            let place = ScalarLayout.location(ofVariableAt: failure.offset, in: scalar, source)
            log.add(Problem(at: place, failure.message, remedy: failure.remedy))
        }
        guard expanded.failures.isEmpty else { return nil }
        let shown = Shown.quoted(scalar.text)
        guard !expanded.text.isEmpty else {
            log.error(at: node.mark, "\(subject) is empty", remedy: "give it a value")
            return nil
        }
        return FieldText(text: expanded.text, shown: shown, hasVariables: expanded.hasVariables, mark: node.mark)
    }

    /// SQL, exactly as written: nothing is replaced in it.
    func statements(_ node: YAMLNode, _ subject: String) -> SourceText? {
        guard let scalar = scalar(node, subject) else { return nil }
        guard !scalar.text.utf8.contains(0) else {
            log.error(at: node.mark, "\(subject) contains a NUL", remedy: "remove the \\0")
            return nil
        }
        guard scalar.text.utf8.contains(where: { $0 > 0x20 }) else {
            log.error(at: node.mark, "\(subject) has no SQL", remedy: "write the statements after |")
            return nil
        }
        return ScalarLayout.sourceText(scalar, in: source)
    }

    /// The items of a list. `nil` where there is no list, which is reported.
    func list(_ node: YAMLNode, _ subject: String, remedy: String) -> [YAMLNode]? {
        if case .sequence(let items) = node.content { return items }
        refuse(node, subject, expected: "a list", remedy: remedy)
        return nil
    }

    /// The entries of a mapping with duplicates marked and reported, in the order of the file. `nil` where there is
    /// no mapping, which is reported.
    func entries(_ node: YAMLNode, _ subject: String, remedy: String) -> [NamedValue]? {
        guard case .mapping(let pairs) = node.content else {
            refuse(node, subject, expected: "a mapping", remedy: remedy)
            return nil
        }
        var firsts: [String: TextMark] = [:]
        return pairs.compactMap { pair in
            guard let name = key(pair.key, subject) else { return nil }
            let first = firsts[name]
            if let first {
                let place = source.location(first)
                let message = "\(Shown.quoted(name)) is given twice in \(subject): first at line \(place.line)"
                log.error(at: pair.key.mark, message, remedy: "keep one of the two")
            } else {
                firsts[name] = pair.key.mark
            }
            return NamedValue(name: name, mark: pair.key.mark, value: pair.value, isDuplicate: first != nil)
        }
    }

    /// The entries of a mapping whose keys are all known, by key; the first of duplicates. A slip of a key that is not
    /// given otherwise stands for that key, so that what is below it is read as well.
    func fields(_ node: YAMLNode, _ subject: String, known: [String]) -> [String: NamedValue]? {
        let remedy = "its keys are \(known.joined(separator: ", "))"
        guard let entries = entries(node, subject, remedy: remedy) else { return nil }
        var fields: [String: NamedValue] = [:]
        var slips: [String: NamedValue] = [:]
        for entry in entries where !entry.isDuplicate {
            if known.contains(entry.name) {
                fields[entry.name] = entry
            } else {
                let nearest = log.nearest(to: entry.name, in: known)
                if let nearest { slips[nearest] = entry }
                let question = nearest.map { "did you mean \"\($0)\"?" }
                log.error(at: entry.mark, "unknown key \(entry.shown) in \(subject)", remedy: question ?? remedy)
            }
        }
        return fields.merging(slips) { field, _ in field }
    }

    /// The value of a key that must be there; its absence is reported at the mapping.
    func required(
        _ key: String, of fields: [String: NamedValue], _ node: YAMLNode, _ subject: String, remedy: String
    ) -> NamedValue? {
        if let field = fields[key] { return field }
        log.error(at: node.mark, "\(subject) has no \"\(key)\"", remedy: remedy)
        return nil
    }

    /// A length of time, if the key is given and right.
    func duration(_ field: NamedValue?) -> Duration? {
        guard let field, let read = text(field.value, field.shown) else { return nil }
        if let duration = Duration(unitText: read.text) { return duration }
        let remedy = "write a whole number with its unit: 250ms, 30s, 5m, 12h or 90d"
        log.error(at: read.mark, "\(read.shown) is no length of time", remedy: remedy)
        return nil
    }

    /// A size above zero, if the key is given and right.
    func size(_ field: NamedValue?) -> ByteCount? {
        guard let field, let read = text(field.value, field.shown) else { return nil }
        if let size = ByteCount(unitText: read.text), size.value > 0 { return size }
        let remedy = "write a whole number above 0 with its unit: 512B, 64KiB, 1MiB, 16GiB or 2TiB"
        log.error(at: read.mark, "\(read.shown) is no size", remedy: remedy)
        return nil
    }

    /// A name that follows the rule of its kind, or `nil` and a report.
    func name<Name: CheckedName>(_ text: String, shown: String, at mark: TextMark, _ subject: String) -> Name? {
        guard Name.allows(text) else {
            log.error(at: mark, "\(shown) is no name for \(subject)", remedy: "use \(Name.rule)")
            return nil
        }
        return Name(unchecked: text)
    }

    private func scalar(_ node: YAMLNode, _ subject: String) -> YAMLScalar? {
        if !node.isEmpty, case .scalar(let scalar) = node.content { return scalar }
        refuse(node, subject, expected: "a text", remedy: "write one value")
        return nil
    }

    private func key(_ node: YAMLNode, _ subject: String) -> String? {
        switch node.content {
        case .scalar(let scalar):
            if scalar.style == .plain, scalar.text == "<<" {
                let remedy = "write the keys out, or use an alias (*name) for a whole value"
                log.error(at: node.mark, "merge keys (<<) are not read", remedy: remedy)
                return nil
            }
            return scalar.text
        case .sequence, .mapping:
            log.error(at: node.mark, "a key of \(subject) is \(node.kind)", remedy: "keys are texts")
            return nil
        case .unreadable: return nil
        }
    }

    private func refuse(_ node: YAMLNode, _ subject: String, expected: String, remedy: String) {
        if case .unreadable = node.content { return }
        if node.isEmpty {
            log.error(at: node.mark, "\(subject) has no value", remedy: "give it \(expected), or remove it")
        } else {
            log.error(at: node.mark, "\(subject) must be \(expected), but is \(node.kind)", remedy: remedy)
        }
    }
}
