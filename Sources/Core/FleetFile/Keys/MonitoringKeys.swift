/// Reads `monitoring`: the name of a role, or a mapping with its password.
struct MonitoringKeys {
    /// What examples show.
    static let usualRole = "flotilla_monitor"

    let values: ValueReader

    /// - Parameter hasServers: whether a store of the fleet is on a server, which could have such a role.
    func read(_ field: NamedValue?, hasServers: Bool) -> MonitoringDefinition? {
        guard let field else { return nil }
        if !hasServers {
            let message = "\"monitoring\" names a role for stores in PostgreSQL, and the fleet has none"
            values.log.warning(at: field.mark, message, remedy: "remove it: files need no role")
        }
        guard case .mapping = field.value.content else {
            return values.text(field.value, field.shown).flatMap(role).map { MonitoringDefinition(role: $0) }
        }
        guard let fields = values.fields(field.value, field.shown, known: ["role", "password"]) else { return nil }
        let remedy = "add role: \(Self.usualRole)"
        let name = values.required("role", of: fields, field.value, field.shown, remedy: remedy)
            .flatMap { values.text($0.value, "\"role\"") }.flatMap(role)
        let password = fields["password"].flatMap(password)
        return name.map { MonitoringDefinition(role: $0, password: password) }
    }

    private func role(_ read: FieldText) -> String? {
        let isWord = read.text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
        let isNumber = read.text.utf8.first.map { (0x30...0x39).contains($0) } ?? true
        guard isWord, !isNumber, read.text.utf8.count <= 63 else {
            values.log.error(
                at: read.mark, "\(read.shown) is no name for a role",
                remedy: "use letters, digits and _, not a digit first, at most 63")
            return nil
        }
        // The server's own, and words that are no role's name.
        guard !read.text.hasPrefix("pg_"), !["public", "none"].contains(read.text) else {
            values.log.error(
                at: read.mark, "\(read.shown) is a name of the server's own",
                remedy: "name a role for Flotilla alone: \(Self.usualRole)")
            return nil
        }
        return read.text
    }

    /// It is never quoted.
    private func password(_ field: NamedValue) -> String? {
        guard let read = values.text(field.value, "\"password\"") else { return nil }
        guard read.text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            values.log.error(
                at: read.mark, "\"password\" has a control character", remedy: "make one: openssl rand -base64 24")
            return nil
        }
        if !read.hasVariables {
            values.log.warning(
                at: read.mark, "\"password\" stands in the file", remedy: "put it into a variable: \"${PASSWORD}\"")
        }
        return read.text
    }
}
