internal import FleetCore

/// Reads `consumers`: what a service reads itself, by its own program.
struct ConsumersKeys {
    let values: ValueReader
    let publishers: Publishers
    /// The names of the service's views.
    let views: [ViewName]

    func read(_ field: NamedValue, _ owner: String) -> [ConsumerDefinition] {
        let remedy = "write a mapping of names to lists of service.Type"
        let entries = values.entries(field.value, "\"consumers\" of \(owner)", remedy: remedy) ?? []
        return entries.compactMap { consumer($0, owner) }
    }

    private func consumer(_ entry: NamedValue, _ owner: String) -> ConsumerDefinition? {
        let subject = "consumer \(entry.shown) of \(owner)"
        let name: ViewName? = values.name(entry.name, shown: entry.shown, at: entry.mark, "a consumer")
        if entry.name == SubscriptionName.pushName || views.contains(where: { $0.text == entry.name }) {
            let message = "\(owner) has something else that is called \(entry.shown)"
            values.log.error(at: entry.mark, message, remedy: "give the consumer another name")
        }
        let remedy = "write a list: [service.Type]"
        guard let items = values.list(entry.value, subject, remedy: remedy) else { return nil }
        if items.isEmpty {
            values.log.error(at: entry.value.mark, "\(subject) is empty", remedy: "list an event: service.Type")
        }
        var events: [(service: ServiceName, type: EventType)] = []
        for item in items {
            guard let read = values.text(item, "an event of \(subject)") else { continue }
            let value = NamedValue(name: read.text, mark: item.mark, value: item, isDuplicate: false)
            if let event = publishers.event(value) { events.append(event) }
        }
        guard let name else { return nil }
        return ConsumerDefinition(name: name, events: events, location: values.source.location(entry.mark))
    }
}
