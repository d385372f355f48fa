internal import FleetCore
internal import FlowModel

/// Reads `flows`: which events of several services must follow one another.
struct FlowsKeys {
    let values: ValueReader
    let publishers: Publishers

    func read(_ field: NamedValue) -> [FlowDefinition] {
        let entries = values.entries(field.value, "\"flows\"", remedy: "write a mapping of names to flows") ?? []
        return entries.compactMap { entry in
            var keys = FlowKeys(values: values, publishers: publishers)
            return keys.read(entry)
        }
    }
}

/// Reads one flow, and remembers where its parts stand, so that what the definition's own check finds is told there.
struct FlowKeys {
    let values: ValueReader
    let publishers: Publishers
    private var marks: [FlowPlace: TextMark] = [:]
    /// Whether something could not be read; then there is nothing to check.
    private var isBroken = false
    /// What the flow says of all its events' keys.
    private var key: FlowKey?

    init(values: ValueReader, publishers: Publishers) {
        self.values = values
        self.publishers = publishers
    }

    mutating func read(_ entry: NamedValue) -> FlowDefinition? {
        let subject = "flow \(entry.shown)"
        let name: FlowName? = values.name(entry.name, shown: entry.shown, at: entry.mark, "a flow")
        let known = ["start", "key", "within", "steps", "end", "fail", "on_timeout", "grace", "skew", "keep"]
        guard let fields = values.fields(entry.value, subject, known: known) else { return nil }
        marks[FlowPlace()] = entry.mark
        key = fields["key"].flatMap { need(flowKey($0.value, $0.shown)) }
        let startField = values.required(
            "start", of: fields, entry.value, subject, remedy: "add start: service.Type")
        let start = startField.flatMap { item($0.value, "the start of \(subject)", others: [], at: .start) }
        let withinField = values.required("within", of: fields, entry.value, subject, remedy: "add within: 1h")
        if let withinField { marks[FlowPlace(["within"])] = withinField.value.mark }
        let within = need(values.duration(withinField))
        let steps = fields["steps"].map { readSteps($0, subject) } ?? []
        let ends = readEnds(fields["end"], isFailure: false, after: 0, subject)
        let failures = readEnds(fields["fail"], isFailure: true, after: ends.count, subject)
        let onTimeout = fields["on_timeout"].flatMap { need(timeout($0)) }
        let grace = duration(fields["grace"], or: FlowDefinition.standardGrace)
        let skew = duration(fields["skew"], or: FlowDefinition.standardSkew)
        let keep = duration(fields["keep"], or: FlowDefinition.standardKeep)
        guard let name, let start, let within, !isBroken else { return nil }
        let definition = FlowDefinition(
            name: name, start: start.event, within: within, steps: steps, ends: ends + failures, onTimeout: onTimeout,
            grace: grace, skew: skew, keep: keep)
        for problem in definition.problems() {
            values.log.error(at: mark(of: problem.place), problem.message, remedy: problem.remedy)
        }
        return definition
    }

    // MARK: Parts

    private mutating func readSteps(_ field: NamedValue, _ subject: String) -> [FlowStep] {
        let remedy = "write a list of service.Type"
        let items = need(values.list(field.value, "\"steps\" of \(subject)", remedy: remedy)) ?? []
        return items.enumerated().compactMap { index, node in
            let place = FlowPlace(["steps"]).child(index)
            let others = ["after", "within", "since", "repeat"]
            guard let read = item(node, "a step of \(subject)", others: others, at: place) else { return nil }
            var step = FlowStep(read.event, after: read.after)
            if let within = read.fields["within"] {
                marks[place.child("within")] = within.value.mark
                step.limit = need(values.duration(within)).map {
                    FlowLimit($0, since: word(read.fields["since"], or: .start))
                }
            } else if let since = read.fields["since"] {
                values.log.error(at: since.mark, "\"since\" says nothing without a limit", remedy: "add within: 10m")
                isBroken = true
            }
            step.mayRepeat = word(read.fields["repeat"], or: Repetition.forbid) == .allow
            return step
        }
    }

    private enum Repetition: String, CaseIterable { case allow, forbid }

    private mutating func readEnds(
        _ field: NamedValue?, isFailure: Bool, after count: Int, _ subject: String
    ) -> [FlowEnd] {
        guard let field else { return [] }
        var items = [field.value]
        if case .sequence(let list) = field.value.content { items = list }
        return items.enumerated().compactMap { index, node in
            let place = FlowPlace(["end"]).child(count + index)
            guard let read = item(node, "an end of \(subject)", others: ["after"], at: place) else { return nil }
            return FlowEnd(read.event, isFailure: isFailure, after: read.after)
        }
    }

    /// An event, by itself or as `event:` of a mapping.
    private mutating func item(
        _ node: YAMLNode, _ subject: String, others: [String], at place: FlowPlace
    ) -> (event: FlowEvent, after: FlowEventName?, fields: [String: NamedValue])? {
        marks[place] = node.mark
        var fields: [String: NamedValue] = [:]
        var eventNode = node
        if case .mapping = node.content {
            let remedy = "add event: service.Type"
            guard let read = need(values.fields(node, subject, known: ["event", "key"] + others)),
                let event = need(values.required("event", of: read, node, subject, remedy: remedy))
            else { return nil }
            (fields, eventNode) = (read, event.value)
        }
        let own = fields["key"].flatMap { need(flowKey($0.value, $0.shown)) }
        var after: FlowEventName?
        if let field = fields["after"] {
            marks[place.child("after")] = field.value.mark
            after = need(event(field.value, field.shown))
        }
        guard let name = need(event(eventNode, subject)) else { return nil }
        guard let key = own ?? key else {
            if fields["key"] == nil, !isBroken {
                values.log.error(
                    at: node.mark, "nothing says what of \(name) is the key",
                    remedy: "add key: FIELD to the flow, a field of the payload, or key: event for the event's own")
                isBroken = true
            }
            return nil
        }
        return (FlowEvent(name, key: key), after, fields)
    }

    private mutating func timeout(_ field: NamedValue) -> FlowTimeout? {
        guard let fields = values.fields(field.value, field.shown, known: ["send", "payload"]),
            let send = values.required(
                "send", of: fields, field.value, field.shown, remedy: "add send: service.Type")
        else { return nil }
        marks[FlowPlace(["on_timeout", "send"])] = send.value.mark
        let remedy = "write a mapping of names to values"
        let entries = fields["payload"].flatMap { need(values.entries($0.value, $0.shown, remedy: remedy)) } ?? []
        let payload = entries.compactMap { entry -> FlowTimeout.Field? in
            guard let read = need(values.text(entry.value, entry.shown)) else { return nil }
            if let value = FlowValue(read.text) { return FlowTimeout.Field(entry.name, value) }
            values.log.error(
                at: read.mark, "\(read.shown) is no field of the start event", remedy: "write start.FIELD")
            isBroken = true
            return nil
        }
        guard let name = need(event(send.value, send.shown)) else { return nil }
        return FlowTimeout(name, payload: payload)
    }

    // MARK: Values

    /// Where a part of the flow stands; what is not in the file stands where its whole does.
    private func mark(of place: FlowPlace) -> TextMark {
        var place: FlowPlace? = place
        while let known = place {
            if let mark = marks[known] { return mark }
            place = known.parent
        }
        return .start
    }

    /// Notes that something could not be read, if it could not.
    private mutating func need<Value>(_ value: Value?) -> Value? {
        if value == nil { isBroken = true }
        return value
    }

    private mutating func event(_ node: YAMLNode, _ subject: String) -> FlowEventName? {
        guard let read = values.text(node, subject) else { return nil }
        let entry = NamedValue(name: read.text, mark: read.mark, value: node, isDuplicate: false)
        return publishers.event(entry).map { FlowEventName(service: $0.service.text, type: $0.type.text) }
    }

    private func flowKey(_ node: YAMLNode, _ subject: String) -> FlowKey? {
        guard let read = values.text(node, subject) else { return nil }
        if let key = FlowKey(read.text) { return key }
        values.log.error(
            at: read.mark, "\(read.shown) is no field of a payload", remedy: "write names with dots between: order.id")
        return nil
    }

    private mutating func word<Word: RawRepresentable & CaseIterable>(
        _ field: NamedValue?, or standard: Word
    ) -> Word where Word.RawValue == String {
        guard let field, let read = need(values.text(field.value, field.shown)) else { return standard }
        if let word = Word(rawValue: read.text) { return word }
        let remedy = "use \(Word.allCases.map(\.rawValue).joined(separator: " or "))"
        values.log.error(at: read.mark, "\(read.shown) is no \"\(field.name)\"", remedy: remedy)
        isBroken = true
        return standard
    }

    private mutating func duration(_ field: NamedValue?, or standard: Duration) -> Duration {
        guard let field else { return standard }
        return need(values.duration(field)) ?? standard
    }
}

extension FlowPlace {
    static let start = FlowPlace(["start"])
}
