internal import FleetCore
internal import SagaModel

/// What the steps of a saga do.
extension SagaKeys {
    static let activities = ["command", "http", "sql", "event", "timer", "decision"]

    /// The one activity of a step or compensation; `nil` where there is none, or several, which is reported.
    mutating func activity(_ fields: [String: NamedValue], _ node: YAMLNode, _ subject: String) -> SagaActivity? {
        // By the key that is meant, which a slip stands for too.
        let given = Self.activities.compactMap { key in fields[key].map { (key: key, field: $0) } }
        let all = Self.activities.joined(separator: ", ")
        guard let (key, field) = given.first else {
            values.log.error(at: node.mark, "\(subject) does nothing", remedy: "add one of \(all)")
            return nil
        }
        if given.count > 1 {
            values.log.error(at: given[1].field.mark, "\(subject) does two things", remedy: "make two steps of it")
            return nil
        }
        switch key {
        case "command": return command(field).map { .command($0) }
        case "http": return http(field).map { .http($0) }
        case "sql": return sql(field).map { .sql($0) }
        case "event": return awaited(field).map { .event($0) }
        case "timer": return values.duration(field).map { .timer($0) }
        default: return decision(field).map { .decision($0) }
        }
    }

    mutating func retry(_ field: NamedValue?) -> SagaRetry {
        var retry = SagaRetry.standard
        guard let field,
            let fields = need(
                values.fields(field.value, field.shown, known: ["attempts", "wait", "at_most", "on"]))
        else { return retry }
        retry.attempts = number(fields["attempts"], or: retry.attempts)
        retry.initial = duration(fields["wait"], or: retry.initial)
        retry.cap = duration(fields["at_most"], or: max(retry.cap, retry.initial))
        if let codes = fields["on"] { retry.errors = texts(codes) }
        return retry
    }

    // MARK: Activities

    private mutating func command(_ field: NamedValue) -> SagaCommand? {
        let known = ["send", "key", "payload", "reply", "failure"]
        guard let fields = values.fields(field.value, field.shown, known: known),
            let send = required("send", "send: service.Type", of: fields, field),
            let key = required("key", "key: \"{data.id}\"", of: fields, field),
            let reply = required("reply", "reply: service.Type", of: fields, field)
        else { return nil }
        let failures = fields["failure"].map { field in
            guard case .sequence(let items) = field.value.content else {
                return [need(event(field.value, field.shown))].compactMap(\.self)
            }
            return items.compactMap { need(event($0, field.shown)) }
        }
        guard let event = event(send.value, send.shown), let template = template(key.value, key.shown),
            let answer = self.event(reply.value, reply.shown)
        else { return nil }
        return SagaCommand(
            event: event, key: template, payload: payload(fields["payload"]), reply: answer, failures: failures ?? [])
    }

    private mutating func http(_ field: NamedValue) -> SagaHTTPCall? {
        guard let fields = values.fields(field.value, field.shown, known: ["url", "method", "body"]),
            let url = required("url", "url: \"https://…\"", of: fields, field)
        else { return nil }
        guard let template = template(url.value, url.shown) else { return nil }
        if !template.source.hasPrefix("http://"), !template.source.hasPrefix("https://") {
            values.log.error(
                at: url.value.mark, "\(Shown.quoted(template.source)) is no HTTP address",
                remedy: "begin it with https:// or http://")
            return nil
        }
        return SagaHTTPCall(method: word(fields["method"], or: .post), url: template, body: payload(fields["body"]))
    }

    /// `expect: row` has a step refused where its last statement returns none.
    private mutating func sql(_ field: NamedValue) -> SagaSQL? {
        guard let fields = values.fields(field.value, field.shown, known: ["service", "run", "expect"]),
            let service = required("service", "service: NAME", of: fields, field),
            let run = required("run", "run: with SQL", of: fields, field)
        else { return nil }
        let name = values.text(service.value, service.shown).flatMap { publishers.service($0) }
        let statements = values.statements(run.value, run.shown)
        guard let name, let statements else { return nil }
        if let expect = fields["expect"], let read = need(values.text(expect.value, expect.shown)), read.text != "row" {
            values.log.error(
                at: read.mark, "\(read.shown) cannot be expected", remedy: "write expect: row, or leave it out")
            isBroken = true
        }
        self.statements.append(SagaDeclaration.Statements(service: name, text: statements))
        return SagaSQL(service: name.text, statements: statements.text, expectsRow: fields["expect"] != nil)
    }

    private mutating func awaited(_ field: NamedValue) -> SagaAwaitedEvent? {
        guard let fields = values.fields(field.value, field.shown, known: ["type", "where", "equals"]),
            let type = required("type", "type: service.Type", of: fields, field),
            let place = required("where", "where: and a field of the payload", of: fields, field),
            let equals = required("equals", "equals: data.FIELD", of: fields, field)
        else { return nil }
        guard let event = event(type.value, type.shown), let path = values.text(place.value, place.shown),
            let reference = reference(equals.value, equals.shown)
        else { return nil }
        return SagaAwaitedEvent(event: event, field: path.text, equals: reference)
    }

    private mutating func decision(_ field: NamedValue) -> SagaDecision? {
        guard let fields = values.fields(field.value, field.shown, known: ["options", "otherwise"]),
            let options = required("options", "options: [approve, decline]", of: fields, field)
        else { return nil }
        let otherwise = fields["otherwise"].flatMap { need(values.text($0.value, $0.shown)) }
        return SagaDecision(options: texts(options), otherwise: otherwise?.text)
    }

    // MARK: Parts

    private func required(
        _ key: String, _ example: String, of fields: [String: NamedValue], _ field: NamedValue
    ) -> NamedValue? {
        values.required(key, of: fields, field.value, field.shown, remedy: "add \(example)")
    }

    private mutating func payload(_ field: NamedValue?) -> [SagaField] {
        guard let field else { return [] }
        let entries = need(values.entries(field.value, field.shown, remedy: "write a mapping of names to values"))
        return (entries ?? []).compactMap { entry in
            value(entry.value, entry.shown).map { SagaField(entry.name, $0) }
        }
    }

    /// Without quotes it is a reference, a number, a truth value or null; in quotes a text.
    private mutating func value(_ node: YAMLNode, _ subject: String) -> SagaValue? {
        guard let read = need(values.text(node, subject)) else { return nil }
        guard case .scalar(let scalar) = node.content, scalar.style == .plain else {
            guard SagaReference(read.text) == nil else {
                values.log.error(
                    at: read.mark, "\(subject) is the text \(read.shown), and not what it refers to",
                    remedy: "leave out the quotes, or write \(Shown.quoted("{\(read.text)}"))")
                isBroken = true
                return nil
            }
            return template(node, subject).map { .text($0) }
        }
        switch read.text {
        case "true", "false": return .boolean(read.text == "true")
        case "null": return .null
        default: break
        }
        if let reference = SagaReference(read.text) { return .reference(reference) }
        if read.text.first.map({ $0.isNumber || $0 == "-" }) == true,
            (try? JSONDocument.validate(Array(read.text.utf8))) != nil
        {
            return .number(read.text)
        }
        values.log.error(
            at: read.mark, "\(read.shown) is no reference, number or truth value",
            remedy: "write \(SagaReference.rule), or put a text in quotes")
        isBroken = true
        return nil
    }

    private mutating func texts(_ field: NamedValue) -> [String] {
        let items = need(values.list(field.value, field.shown, remedy: "write a list")) ?? []
        return items.compactMap { need(values.text($0, "an item of \(field.shown)"))?.text }
    }
}
