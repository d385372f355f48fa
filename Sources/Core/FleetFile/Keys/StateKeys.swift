/// Reads `state`: a directory, a URL, or a mapping with a URL, a schema and a directory.
struct StateKeys {
    static let standard = ".flotilla"
    /// The schema of a state store, where none is named.
    static let schema = "flotilla"

    let values: ValueReader
    let stores: StoreKeys
    let directory: String

    /// The state as it was read.
    struct State {
        var definition: StateDefinition
        /// What tells whether the state's store is a service's too.
        var identity: String?
    }

    /// `nil` where it is wrong.
    func read(_ field: NamedValue?) -> State? {
        guard let field else {
            return State(definition: StateDefinition(directory: FilePath.absolute(Self.standard, in: directory)))
        }
        guard case .mapping = field.value.content else {
            guard let read = values.text(field.value, "\"state\"") else { return nil }
            if StoreURL.scheme(of: read.text) == nil { return path(read).map { state(directory: $0, store: nil) } }
            return store(read, schema: nil, schemaKey: nil, directory: FilePath.absolute(Self.standard, in: directory))
        }
        guard let fields = values.fields(field.value, "\"state\"", known: ["url", "schema", "directory"]) else {
            return nil
        }
        let schema = fields["schema"].flatMap { values.text($0.value, "\"schema\"") }
        let given = fields["directory"].map { values.text($0.value, "\"directory\"").flatMap(path) }
        let remedy = "add url: postgres://HOST/DATABASE, or write the directory alone"
        guard let url = values.required("url", of: fields, field.value, "\"state\"", remedy: remedy),
            let text = values.text(url.value, "\"url\""),
            let directory = given ?? FilePath.absolute(Self.standard, in: directory)
        else { return nil }
        return store(text, schema: schema, schemaKey: fields["schema"]?.mark, directory: directory)
    }

    private func state(directory: String, store: StoreKeys.Store?) -> State {
        State(
            definition: StateDefinition(directory: directory, store: store?.address), identity: store?.identity)
    }

    private func path(_ read: FieldText) -> String? {
        if let (message, remedy) = FilePath.trouble(read.text) {
            values.log.error(at: read.mark, "\"state\" \(message)", remedy: remedy)
            return nil
        }
        return FilePath.absolute(read.text, in: directory)
    }

    private func store(_ url: FieldText, schema: FieldText?, schemaKey: TextMark?, directory: String) -> State? {
        let scheme = StoreURL.scheme(of: url.text)
        let servers = stores.schemes.subtracting([StoreKeys.sqlite])
        guard let scheme, servers.contains(scheme) else {
            let known =
                servers.isEmpty
                ? "this build keeps its state in a directory"
                : "the state is kept in a directory, or behind a URL of \(servers.sorted().joined(separator: ", "))"
            values.log.error(
                at: url.mark, "\(url.shown) is a URL, and \(known)", remedy: "write a path such as \(Self.standard)")
            return nil
        }
        return stores.store(url, schema: schema, schemaKey: schemaKey, standardSchema: Self.schema).map {
            state(directory: directory, store: $0)
        }
    }
}
