internal import FleetCore

/// Reads `broker`: the name of an engine, or a mapping.
struct BrokerKeys {
    static let embedded = "embedded"

    /// Engines whose connector is in builds with a trait of the package alone, and the trait.
    private static let gated = [NATSKeys.engine: "NATS"]
    /// Keys that the embedded broker has not.
    private static let serverKeys = NATSKeys.keys

    let values: ValueReader
    let engines: Set<String>
    /// The file's directory.
    let directory: String

    func read(_ field: NamedValue?) -> BrokerDefinition? {
        guard let field else { return BrokerDefinition() }
        if case .mapping = field.value.content { return mapping(field.value) }
        guard let read = values.text(field.value, "\"broker\"") else { return nil }
        if read.text.contains("://"), engines.contains(NATSKeys.engine) {
            // What is wrong with it is told there.
            guard let nats = NATSKeys(values: values, directory: directory).read(url: read) else { return nil }
            return BrokerDefinition(engine: NATSKeys.engine, nats: nats)
        }
        guard let engine = knownEngine(read) else { return nil }
        if engine != Self.embedded {
            let remedy = "write broker: {engine: \(engine), url: \"nats://HOST:4222\"}"
            values.log.error(at: field.value.mark, "it is not said where \(engine) is", remedy: remedy)
            return nil
        }
        return BrokerDefinition(engine: engine)
    }

    private func mapping(_ node: YAMLNode) -> BrokerDefinition? {
        let known = ["engine", "retain", "limit"] + Self.serverKeys
        guard let fields = values.fields(node, "the broker", known: known) else { return nil }
        var broker = BrokerDefinition()
        if let field = fields["engine"] {
            guard let engine = values.text(field.value, "\"engine\"").flatMap(knownEngine) else {
                _ = readRetention(fields)
                return nil
            }
            broker.engine = engine
        }
        broker.retention = readRetention(fields)
        if broker.engine == Self.embedded {
            for key in Self.serverKeys {
                guard let field = fields[key] else { continue }
                let remedy = "remove it, or name another engine"
                values.log.error(at: field.mark, "the embedded broker has no \"\(key)\"", remedy: remedy)
            }
            return broker
        }
        guard let nats = NATSKeys(values: values, directory: directory).read(fields, node) else { return nil }
        broker.nats = nats
        return broker
    }

    private func knownEngine(_ read: FieldText) -> String? {
        if engines.contains(read.text) { return read.text }
        let nearest = read.hasVariables ? nil : values.log.nearest(to: read.text, in: engines)
        let remedy =
            Self.gated[read.text].map { "build it with --traits \($0)" } ?? nearest.map { "did you mean \"\($0)\"?" }
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
