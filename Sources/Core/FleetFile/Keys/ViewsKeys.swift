internal import FleetCore

/// Reads `views`: what a service keeps copies of.
struct ViewsKeys {
    let values: ValueReader
    let publishers: Publishers
    /// Whether the service has `push` as well.
    let hasPush: Bool

    func read(_ field: NamedValue, _ owner: String) -> [ViewDefinition] {
        let remedy = "write a mapping of names to views"
        let entries = values.entries(field.value, "\"views\" of \(owner)", remedy: remedy) ?? []
        return entries.compactMap { view($0, owner) }
    }

    private func view(_ entry: NamedValue, _ owner: String) -> ViewDefinition? {
        let subject = "view \(entry.shown) of \(owner)"
        let name: ViewName? = values.name(entry.name, shown: entry.shown, at: entry.mark, "a view")
        if hasPush, entry.name == SubscriptionName.pushName {
            let message = "\(entry.shown) is the name of what \"push\" of \(owner) delivers"
            values.log.error(at: entry.mark, message, remedy: "give the view another name")
        }
        guard let fields = values.fields(entry.value, subject, known: ["schema", "when", "limit"]) else { return nil }
        let schemaRemedy = "add schema: with the CREATE TABLE statements"
        let schema = values.required("schema", of: fields, entry.value, subject, remedy: schemaRemedy)
            .flatMap { values.statements($0.value, "\"schema\" of \(subject)") }
        let whenRemedy = "add when: with service.Type and SQL for each event"
        let reactions = values.required("when", of: fields, entry.value, subject, remedy: whenRemedy)
            .map { readReactions($0, subject) }
        let limit = LimitKeys(values: values).read(fields["limit"], subject)
        guard let name, let schema, let reactions else { return nil }
        return ViewDefinition(
            name: name, schema: schema, reactions: reactions, limit: limit,
            location: values.source.location(entry.mark))
    }

    private func readReactions(_ field: NamedValue, _ subject: String) -> [Reaction] {
        let remedy = "write a mapping of service.Type to SQL"
        guard let entries = values.entries(field.value, "\"when\" of \(subject)", remedy: remedy) else { return [] }
        if entries.isEmpty {
            let message = "\"when\" of \(subject) is empty"
            values.log.error(at: field.value.mark, message, remedy: "add service.Type and SQL for an event")
        }
        return entries.compactMap { entry in
            let event = publishers.event(entry)
            let statements = values.statements(entry.value, "\(entry.shown) of \(subject)")
            guard let event, let statements else { return nil }
            return Reaction(
                service: event.service, type: event.type, statements: statements,
                location: values.source.location(entry.mark))
        }
    }
}
