internal import FleetCore

/// Reads `broker`: the name of an engine, or a mapping.
struct BrokerKeys {
    static let embedded = "embedded"

    let values: ValueReader
    let engines: Set<String>

    func read(_ field: NamedValue?) -> BrokerDefinition? {
        guard let field else { return BrokerDefinition() }
        if case .mapping = field.value.content { return mapping(field.value) }
        return values.text(field.value, "\"broker\"").flatMap(knownEngine).map { BrokerDefinition(engine: $0) }
    }

    private func mapping(_ node: YAMLNode) -> BrokerDefinition? {
        guard let fields = values.fields(node, "the broker", known: ["engine", "url", "retain", "limit"]) else {
            return nil
        }
        var broker = BrokerDefinition()
        if let field = fields["engine"] {
            guard let engine = values.text(field.value, "\"engine\"").flatMap(knownEngine) else {
                _ = readRetention(fields)
                return nil
            }
            broker.engine = engine
        }
        if let field = fields["url"] {
            if broker.engine == Self.embedded {
                let remedy = "remove it, or name another engine"
                values.log.error(at: field.mark, "the embedded broker has no \"url\"", remedy: remedy)
            } else {
                broker.address = address(field)
            }
        }
        broker.retention = readRetention(fields)
        return broker
    }

    private func address(_ field: NamedValue) -> StoreAddress? {
        guard let url = values.text(field.value, "\"url\"") else { return nil }
        guard let scheme = StoreURL.scheme(of: url.text) else {
            values.log.error(at: url.mark, "\(url.shown) is no URL", remedy: "write SCHEME://HOST:PORT")
            return nil
        }
        return StoreAddress(scheme: scheme, text: url.text, description: Shown.redacted(url.text))
    }

    private func knownEngine(_ read: FieldText) -> String? {
        if engines.contains(read.text) { return read.text }
        let nearest = read.hasVariables ? nil : values.log.nearest(to: read.text, in: engines)
        let remedy =
            nearest.map { "did you mean \"\($0)\"?" }
            ?? "it has \(engines.sorted().joined(separator: ", "))"
        values.log.error(at: read.mark, "this build has no broker \(read.shown)", remedy: remedy)
        return nil
    }

    /// What is given, and for the rest the defaults, which give way to it.
    private func readRetention(_ fields: [String: NamedValue]) -> RetentionDefinition {
        var retention = RetentionDefinition()
        var size: ByteCount?
        if let field = fields["retain"], let parts = values.fields(field.value, "\"retain\"", known: ["age", "size"]) {
            retention.age = values.duration(parts["age"]) ?? retention.age
            size = values.size(parts["size"])
        }
        let limit = values.size(fields["limit"])
        if let size, let limit, let field = fields["limit"], limit < size {
            let message = "\"limit\" is less than the size to retain"
            values.log.error(at: field.value.mark, message, remedy: "raise the limit, or retain less")
        }
        retention.size = size ?? min(retention.size, limit ?? retention.size)
        retention.limit = limit ?? max(retention.limit, size ?? retention.limit)
        return retention
    }
}
