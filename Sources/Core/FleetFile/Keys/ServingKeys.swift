internal import FleetCore

/// Reads `metrics` and `page`: where something is served over HTTP.
struct ServingKeys {
    /// Where it is served as a rule.
    static let metricsPort = 9464
    static let pagePort = 7070
    /// A shorter token can be guessed.
    private static let shortestToken = 16

    let values: ValueReader
    /// The file's directory, which relative paths start from.
    let directory: String
    /// What examples show.
    let usualPort: Int

    func read(_ field: NamedValue?) -> ServingDefinition? {
        guard let field else { return nil }
        if case .scalar = field.value.content, !field.value.isEmpty { return readShort(field) }
        let subject = field.shown
        guard let fields = values.fields(field.value, subject, known: ["listen", "token", "tls"]) else { return nil }
        let remedy = "add listen: \"127.0.0.1:\(usualPort)\""
        let listen = values.required("listen", of: fields, field.value, subject, remedy: remedy)
            .flatMap { values.text($0.value, "\"listen\"") }
        let token = fields["token"].flatMap(readToken)
        let tls = fields["tls"].flatMap(readTLS)
        guard let listen, var serving = readAddress(listen) else { return nil }
        serving.token = token
        serving.tls = tls
        check(serving, hasToken: fields["token"] != nil, hasTLS: fields["tls"] != nil, listen)
        return serving
    }

    /// `page: "127.0.0.1:7070"`.
    private func readShort(_ field: NamedValue) -> ServingDefinition? {
        guard let text = values.text(field.value, field.shown), let serving = readAddress(text) else { return nil }
        check(serving, hasToken: false, hasTLS: false, text)
        return serving
    }

    private func readAddress(_ text: FieldText) -> ServingDefinition? {
        if let serving = ServingDefinition(address: text.text) { return serving }
        values.log.error(
            at: text.mark, "\(text.shown) is no address to listen at",
            remedy: "write \"127.0.0.1:\(usualPort)\", \"[::1]:\(usualPort)\", or port 0 for a free one")
        return nil
    }

    /// Where others reach it, nobody may ask who does not know the token, and nobody may listen.
    private func check(_ serving: ServingDefinition, hasToken: Bool, hasTLS: Bool, _ text: FieldText) {
        guard !serving.isLoopback, !hasToken || !hasTLS else { return }
        let missing =
            [
                hasToken ? nil : "token: \"${TOKEN}\"", hasTLS ? nil : "tls: {certificate: FILE, key: FILE}",
            ].compactMap(\.self)
        values.log.error(
            at: text.mark,
            "\(text.shown) is not on the loopback interface, and without TLS and a token nothing is served elsewhere",
            remedy: "add \(missing.joined(separator: " and ")), or write \"127.0.0.1:\(serving.port)\"")
    }

    private func readToken(_ field: NamedValue) -> String? {
        guard let read = values.text(field.value, "\"token\"") else { return nil }
        let make = "make one: openssl rand -base64 32"
        guard read.text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            values.log.error(at: read.mark, "\"token\" has characters that no HTTP field may have", remedy: make)
            return nil
        }
        guard read.text.utf8.count >= Self.shortestToken else {
            values.log.error(
                at: read.mark, "\"token\" is short: one of less than \(Self.shortestToken) characters can be guessed",
                remedy: make)
            return nil
        }
        return read.text
    }

    private func readTLS(_ field: NamedValue) -> ServingDefinition.TLS? {
        guard let fields = values.fields(field.value, "\"tls\"", known: ["certificate", "key"]) else { return nil }
        let certificate = readFile("certificate", "CERTIFICATE-----", "a certificate", of: fields, field)
        let key = readFile("key", "PRIVATE KEY-----", "a private key", of: fields, field)
        guard let certificate, let key else { return nil }
        return ServingDefinition.TLS(certificate: certificate, key: key)
    }

    /// - Parameter mark: what a file in PEM form says of itself.
    private func readFile(
        _ name: String, _ mark: String, _ content: String, of fields: [String: NamedValue], _ field: NamedValue
    ) -> String? {
        let remedy = "name a file with \(content) in PEM form"
        guard let entry = values.required(name, of: fields, field.value, "\"tls\"", remedy: "add \(name): FILE"),
            let read = values.text(entry.value, entry.shown)
        else { return nil }
        if let (message, remedy) = FilePath.trouble(read.text) {
            values.log.error(at: read.mark, "\(entry.shown) \(message)", remedy: remedy)
            return nil
        }
        let path = FilePath.absolute(read.text, in: directory)
        do {
            let bytes = try FileBytes.read(path: path, limit: FleetFileReader.sizeLimit)
            guard String(decoding: bytes, as: UTF8.self).contains(mark) else {
                values.log.error(at: read.mark, "\(read.shown) holds no \(content.dropFirst(2))", remedy: remedy)
                return nil
            }
        } catch {
            values.log.error(at: read.mark, "\(read.shown) cannot be read: \(error.message)", remedy: remedy)
            return nil
        }
        return path
    }
}
