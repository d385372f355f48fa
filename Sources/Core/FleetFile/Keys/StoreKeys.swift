/// Reads `store`: a URL, or a mapping with a URL and a schema.
struct StoreKeys {
    /// A store that was read, and what tells whether two are one.
    struct Store {
        var address: StoreAddress
        /// Equal for two ways to write one store.
        var identity: String
        /// The path with its links resolved, for a store that is a file.
        var resolvedPath: String?
        var mark: TextMark
    }

    static let sqlite = "sqlite"
    /// Schemes whose connector is in builds with the package's trait `Postgres` alone.
    private static let gated: Set<String> = ["postgres", "postgresql"]

    let values: ValueReader
    let schemes: Set<String>
    let directory: String

    func read(_ field: NamedValue, _ subject: String) -> Store? {
        guard case .mapping = field.value.content else {
            return values.text(field.value, subject).flatMap { store($0, schema: nil, schemaKey: nil) }
        }
        guard let fields = values.fields(field.value, subject, known: ["url", "schema"]) else { return nil }
        let schema = fields["schema"].flatMap { values.text($0.value, "\"schema\"") }
        guard let url = values.required("url", of: fields, field.value, subject, remedy: "add url: sqlite:PATH"),
            let text = values.text(url.value, "\"url\"")
        else { return nil }
        return store(text, schema: schema, schemaKey: fields["schema"]?.mark)
    }

    /// - Parameter standardSchema: what is meant where no schema is named.
    func store(
        _ url: FieldText, schema: FieldText?, schemaKey: TextMark?, standardSchema: String = "public"
    ) -> Store? {
        guard let scheme = StoreURL.scheme(of: url.text) else {
            let remedy = schemes.contains("sqlite") ? "write sqlite:PATH for a file" : known
            values.log.error(at: url.mark, "\(url.shown) names no kind of store", remedy: remedy)
            return nil
        }
        guard schemes.contains(scheme) else {
            let nearest = url.hasVariables ? nil : values.log.nearest(to: scheme, in: schemes)
            let isGated = Self.gated.contains(scheme)
            let remedy = isGated ? "build it with --traits Postgres" : nearest.map { "did you mean \($0):?" } ?? known
            values.log.error(at: url.mark, "this build has no connector for \(url.shown)", remedy: remedy)
            return nil
        }
        if scheme == Self.sqlite {
            if let schemaKey {
                let message = "a SQLite store has no \"schema\": schemas are for servers"
                values.log.error(at: schemaKey, message, remedy: "remove it: one file is one service's store")
            }
            return file(url)
        }
        if let schema, let schemaKey, !isSchemaName(schema.text) {
            let message = "\(schema.shown) is no name for a schema"
            values.log.error(at: schemaKey, message, remedy: "use letters, digits and _, at most 63")
            return nil
        }
        let address = StoreAddress(
            scheme: scheme, text: url.text, description: Shown.redacted(url.text), schema: schema?.text)
        return Store(
            address: address, identity: "\(database(url.text))#\(schema?.text ?? standardSchema)", mark: url.mark)
    }

    private func isSchemaName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 63, !text.hasPrefix("pg_") else { return false }
        let isWord = text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
        return isWord && !(0x30...0x39).contains(first)
    }

    /// Server and database of a URL, whoever connects there and how.
    private func database(_ url: String) -> String {
        var rest = url[...]
        if let colon = rest.firstIndex(of: ":") { rest = rest[colon...].dropFirst().drop { $0 == "/" } }
        if let query = rest.firstIndex(where: { $0 == "?" || $0 == "#" }) { rest = rest[..<query] }
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        return rest.lowercased()
    }

    private func file(_ url: FieldText) -> Store? {
        let written = StoreURL.rest(of: url.text)
        if let (message, remedy) = trouble(written) {
            values.log.error(at: url.mark, "\(url.shown) \(message)", remedy: remedy)
            return nil
        }
        let path = FilePath.absolute(written, in: directory)
        let resolved = FilePath.resolved(path)
        guard !FilePath.isDirectory(path) else {
            values.log.error(at: url.mark, "\(url.shown) is a directory", remedy: "name a file in it")
            return nil
        }
        let address = StoreAddress(scheme: "sqlite", text: path, description: written)
        return Store(address: address, identity: "sqlite:\(resolved)", resolvedPath: resolved, mark: url.mark)
    }

    private func trouble(_ path: String) -> (message: String, remedy: String)? {
        if path.isEmpty { return ("names no file", "write sqlite:PATH") }
        if path.hasPrefix(":memory:") {
            return ("would be lost with the process, and is no store", "write sqlite:PATH")
        }
        if path.hasPrefix("//") {
            let remedy = "write sqlite:orders.db for a file beside this one, sqlite:/srv/orders.db for an absolute path"
            return ("is ambiguous: programs read sqlite:// differently", remedy)
        }
        if path.hasPrefix("file:") { return ("is a URL within a URL", "write sqlite:PATH without file:") }
        if path.contains("?") { return ("has parameters, which are not read", "write the path alone") }
        if path.hasSuffix("/") { return ("is a directory", "name a file in it") }
        return FilePath.trouble(path)
    }

    private var known: String {
        "it has connectors for \(schemes.sorted().map { $0 + ":" }.joined(separator: ", "))"
    }
}
