internal import FleetCore
internal import Wire

/// Reads `services`: first what each of them is, then the views, which speak of all of them.
struct ServicesKeys {
    private struct Draft {
        var entry: NamedValue
        var name: ServiceName?
        var store: StoreKeys.Store?
        var outbox: OutboxDefinition
        var topic: TopicPattern?
        var format = WireFormat.cloudEvents
        var views: NamedValue?
        var push: NamedValue?
        var consumers: NamedValue?
    }

    let values: ValueReader
    let stores: StoreKeys
    /// The fleet's own state; `nil` where it is wrong.
    let state: StateKeys.State?

    /// The services, and what each of them publishes; the latter is `nil` where nothing can be said of it.
    func read(_ field: NamedValue) -> (services: [ServiceDefinition], publishers: Publishers?) {
        let remedy = "write a mapping of names to services"
        guard let entries = values.entries(field.value, "\"services\"", remedy: remedy) else { return ([], nil) }
        if entries.isEmpty {
            values.log.error(at: field.value.mark, "\"services\" is empty", remedy: "add a service")
        }
        var publishers = Publishers(values: values)
        let drafts = entries.map { draft($0, publishers: &publishers) }
        checkStores(drafts)
        return (drafts.compactMap { definition($0, publishers: publishers) }, publishers)
    }

    private func draft(_ entry: NamedValue, publishers: inout Publishers) -> Draft {
        let subject = "service \(entry.shown)"
        let name: ServiceName? = values.name(entry.name, shown: entry.shown, at: entry.mark, "a service")
        let known = ["store", "outbox", "publishes", "topic", "format", "views", "push", "consumers"]
        let fields = values.fields(entry.value, subject, known: known)
        let publisher = PublishesKeys(values: values).read(fields?["publishes"], isKnown: fields != nil)
        if !entry.isDuplicate { publishers.add(entry.name, name, publisher) }
        var draft = Draft(
            entry: entry, name: name, outbox: OutboxDefinition(), views: fields?["views"], push: fields?["push"],
            consumers: fields?["consumers"])
        guard let fields else { return draft }
        let remedy = "add store: sqlite:\(name?.text ?? "NAME").db"
        if let field = values.required("store", of: fields, entry.value, subject, remedy: remedy) {
            draft.store = stores.read(field, "the store of \(subject)")
        }
        if let field = fields["outbox"] {
            draft.outbox = OutboxKeys(values: values, storeScheme: draft.store?.address.scheme)
                .read(field, "the outbox of \(subject)")
            if publisher.types?.isEmpty == true {
                let message = "\(subject) has an outbox, but publishes nothing"
                values.log.warning(at: field.mark, message, remedy: "list its events under publishes")
            }
        }
        let wire = WireKeys(values: values)
        draft.topic = fields["topic"].flatMap(wire.topic)
        draft.format = fields["format"].flatMap(wire.format) ?? draft.format
        if publisher.types?.isEmpty == true, let field = fields["topic"] ?? fields["format"] {
            let message = "\(subject) has a \(field.name), but publishes nothing"
            values.log.warning(at: field.mark, message, remedy: "list its events under publishes")
        }
        return draft
    }

    private func definition(_ draft: Draft, publishers: Publishers) -> ServiceDefinition? {
        let owner = "service \(draft.entry.shown)"
        let keys = ViewsKeys(values: values, publishers: publishers, hasPush: draft.push != nil)
        let views = draft.views.map { keys.read($0, owner) } ?? []
        let pushKeys = PushKeys(values: values, publishers: publishers, directory: stores.directory)
        let push = draft.push.map { pushKeys.read($0, owner) } ?? []
        let consumerKeys = ConsumersKeys(values: values, publishers: publishers, views: views.map(\.name))
        let consumers = draft.consumers.map { consumerKeys.read($0, owner) } ?? []
        guard let name = draft.name, let store = draft.store else { return nil }
        return ServiceDefinition(
            name: name, store: store.address, outbox: draft.outbox,
            publishes: publishers.types(of: draft.entry.name) ?? .listed([]), topic: draft.topic, format: draft.format,
            views: views, push: push, consumers: consumers,
            location: values.source.location(draft.entry.mark))
    }

    /// Every service owns its store: no two have one, and none is within the state of the fleet.
    private func checkStores(_ drafts: [Draft]) {
        var owners: [String: Draft] = [:]
        var messengers: [String: Draft] = [:]
        let directory = state?.definition.directory
        let resolvedDirectory = directory.map(FilePath.resolved)
        for draft in drafts where !draft.entry.isDuplicate {
            guard let store = draft.store else { continue }
            if let owner = owners[store.identity] {
                let line = values.source.location(owner.entry.mark).line
                let name = owner.entry.shown
                let message = "service \(draft.entry.shown) has the store of service \(name) (line \(line))"
                values.log.error(at: store.mark, message, remedy: "give each service a store of its own")
            } else {
                owners[store.identity] = draft
            }
            if draft.outbox.capture == .message {
                let database = store.identity.prefix { $0 != "#" }
                if let other = messengers[String(database)] {
                    let line = values.source.location(other.entry.mark).line
                    let message =
                        "services \(other.entry.shown) (line \(line)) and \(draft.entry.shown) would both get every message"
                        + " of their database"
                    values.log.error(at: store.mark, message, remedy: "use capture: log for one of them")
                } else {
                    messengers[String(database)] = draft
                }
            }
            if store.identity == state?.identity {
                let message = "the store of service \(draft.entry.shown) is that of the fleet's own state"
                values.log.error(at: store.mark, message, remedy: "name another schema in one of the two")
            }
            guard let path = store.resolvedPath, let directory, let resolvedDirectory else { continue }
            if FilePath.isInside(store.address.text, directory: directory)
                || FilePath.isInside(path, directory: resolvedDirectory)
            {
                let message = "the store of service \(draft.entry.shown) lies in the state directory"
                values.log.error(at: store.mark, message, remedy: "move the store, or name another state directory")
            }
        }
    }
}
