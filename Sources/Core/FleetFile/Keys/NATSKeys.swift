internal import FleetCore

/// Reads what `broker` says of NATS: servers, replicas, and who we are there.
struct NATSKeys {
    static let engine = "nats"
    static let keys = ["url", "replicas", "tls", "credentials", "nkey", "monitor"]
    private static let schemes: Set<String> = ["nats", "tls"]
    /// JetStream's own bound.
    private static let mostReplicas = 5
    /// Of one cluster.
    private static let mostServers = 64

    let values: ValueReader
    /// Relative paths start there.
    let directory: String

    func read(_ fields: [String: NamedValue], _ node: YAMLNode) -> NATSDefinition? {
        let remedy = "add url: nats://HOST:4222"
        let field = values.required("url", of: fields, node, "the broker", remedy: remedy)
        let servers = field.flatMap { self.servers($0) }
        var definition = NATSDefinition(servers: servers ?? [])
        definition.replicas = replicas(fields["replicas"]) ?? definition.replicas
        definition.tls = fields["tls"].flatMap(tls)
        definition.credentials = fields["credentials"].flatMap(path)
        definition.nkey = fields["nkey"].flatMap(path)
        definition.monitors = fields["monitor"].map(monitors) ?? []
        checkIdentity(fields, definition)
        return servers == nil ? nil : definition
    }

    /// What a URL alone says, or several with commas between.
    func read(url: FieldText) -> NATSDefinition? {
        servers(in: url).map { NATSDefinition(servers: $0) }
    }

    // MARK: Servers

    private func servers(_ field: NamedValue) -> [StoreAddress]? {
        if case .sequence(let items) = field.value.content {
            if items.isEmpty {
                values.log.error(at: field.value.mark, "\"url\" is an empty list", remedy: "write nats://HOST:PORT")
                return nil
            }
            return addresses(items.map { values.text($0, "a server") })
        }
        return values.text(field.value, "\"url\"").flatMap(servers(in:))
    }

    private func servers(in read: FieldText) -> [StoreAddress]? {
        let texts = read.text.split(separator: ",", omittingEmptySubsequences: false)
        return addresses(
            texts.map {
                FieldText(
                    text: String($0.drop { $0 == " " }), shown: read.shown, hasVariables: read.hasVariables,
                    mark: read.mark)
            })
    }

    private func addresses(_ texts: [FieldText?]) -> [StoreAddress]? {
        if texts.count > Self.mostServers, let first = texts.compactMap(\.self).first {
            values.log.error(
                at: first.mark, "there are more than \(Self.mostServers) servers",
                remedy: "name a few; the others are told by these")
            return nil
        }
        let addresses = texts.map { $0.flatMap(server) }
        return addresses.contains(nil) ? nil : addresses.compactMap(\.self)
    }

    private func server(_ url: FieldText) -> StoreAddress? {
        func refuse(_ message: String, _ remedy: String = "write nats://HOST:PORT") -> StoreAddress? {
            values.log.error(at: url.mark, "\(url.shown) \(message)", remedy: remedy)
            return nil
        }
        guard let scheme = StoreURL.scheme(of: url.text), url.text.contains("://") else {
            return refuse("is no URL of a NATS server")
        }
        guard Self.schemes.contains(scheme) else { return refuse("is no URL of a NATS server") }
        let rest = url.text.dropFirst(scheme.utf8.count + 3)
        if rest.contains(where: { "/?#".contains($0) || $0.isWhitespace }) {
            return refuse("has more than a server", "write nats://HOST:PORT alone; a secret is percent-encoded")
        }
        var host = rest
        if let at = rest.lastIndex(of: "@") { host = rest[rest.index(after: at)...] }
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            let port = host[host.index(after: colon)...]
            guard let number = UInt16(port), number > 0 else { return refuse("has no port from 1 to 65535") }
            host = host[..<colon]
        }
        guard !host.isEmpty else { return refuse("names no host") }
        return StoreAddress(scheme: scheme, text: url.text, description: Shown.redacted(url.text))
    }

    // MARK: Monitoring

    /// One URL, or one for each server of a cluster.
    private func monitors(_ field: NamedValue) -> [NATSMonitorDefinition] {
        var nodes = [field.value]
        if case .sequence(let items) = field.value.content { nodes = items }
        if nodes.isEmpty || nodes.count > Self.mostServers {
            values.log.error(
                at: field.value.mark, "\"monitor\" is a list of \(nodes.count)",
                remedy: "write http://HOST:8222, or such a URL for each server, \(Self.mostServers) at most")
            return []
        }
        let read = nodes.compactMap { values.text($0, field.shown) }.compactMap(monitor)
        for (index, one) in read.enumerated() where read[..<index].contains(where: { $0.name == one.name }) {
            values.log.error(
                at: nodes[index].mark, "\"\(one.name)\" is given twice", remedy: "name each server once")
        }
        return read
    }

    private func monitor(_ text: FieldText) -> NATSMonitorDefinition? {
        do {
            _ = try PushURL(text.text)
            var rest = StoreURL.rest(of: text.text).dropFirst(2)
            if rest.hasSuffix("/") { rest = rest.dropLast() }
            guard !rest.contains(where: { "/?".contains($0) }) else {
                throw FleetError(.invalidInput, "has more than a server", remedy: "write http://HOST:8222")
            }
            return NATSMonitorDefinition(url: "\(text.text.prefix { $0 != ":" })://\(rest)", name: String(rest))
        } catch {
            let error = FleetError.wrapping(error)
            values.log.error(at: text.mark, "\"monitor\" \(error.message)", remedy: "write http://HOST:8222")
            return nil
        }
    }

    // MARK: The rest

    private func replicas(_ field: NamedValue?) -> Int? {
        guard let field, let read = values.text(field.value, field.shown) else { return nil }
        if let count = Int(read.text), (1...Self.mostReplicas).contains(count) { return count }
        values.log.error(
            at: read.mark, "\(read.shown) is no number of replicas",
            remedy: "write 1 for one server, or 3 or 5 for a cluster")
        return nil
    }

    private func tls(_ field: NamedValue) -> TLSFiles? {
        guard let fields = values.fields(field.value, "\"tls\"", known: ["ca", "cert", "key"]) else { return nil }
        let files = TLSFiles(
            authority: fields["ca"].flatMap(path), certificate: fields["cert"].flatMap(path),
            key: fields["key"].flatMap(path))
        if let single = fields["cert"] ?? fields["key"], fields["cert"] == nil || fields["key"] == nil {
            let other = fields["cert"] == nil ? "cert" : "key"
            values.log.error(
                at: single.mark, "\(single.shown) is nothing without \"\(other)\"", remedy: "add \(other): FILE")
        }
        return files
    }

    private func path(_ field: NamedValue) -> String? {
        guard let read = values.text(field.value, field.shown) else { return nil }
        if let (message, remedy) = FilePath.trouble(read.text) {
            values.log.error(at: read.mark, "\(field.shown) \(message)", remedy: remedy)
            return nil
        }
        return FilePath.absolute(read.text, in: directory)
    }

    private func checkIdentity(_ fields: [String: NamedValue], _ definition: NATSDefinition) {
        let named = [fields["credentials"], fields["nkey"]].compactMap(\.self)
        let isInURL = definition.servers.contains { $0.text.contains("@") }
        guard named.count + (isInURL ? 1 : 0) > 1, let last = named.last else { return }
        values.log.error(
            at: last.mark, "there is more than one way to say who we are",
            remedy: "keep one of: user and password or a token in \"url\", \"credentials\", \"nkey\"")
    }
}
