internal import FleetCore
internal import Wire

/// Reads `push`: what is delivered to a service over HTTP.
struct PushKeys {
    private static let known = ["to", "secret", "timeout", "in_flight", "rate", "attempts", "private", "tls"]

    let values: ValueReader
    let publishers: Publishers
    /// The file's directory, which relative paths start from.
    let directory: String

    func read(_ field: NamedValue, _ owner: String) -> [PushDefinition] {
        let remedy = "write a mapping of service.Type to {to: URL}"
        guard let entries = values.entries(field.value, "\"push\" of \(owner)", remedy: remedy) else { return [] }
        if entries.isEmpty {
            values.log.error(
                at: field.value.mark, "\"push\" of \(owner) is empty", remedy: "add service.Type: {to: URL}")
        }
        return entries.compactMap { entry in
            let event = publishers.event(entry)
            let endpoint = readEndpoint(entry, owner)
            guard let event, let endpoint else { return nil }
            return PushDefinition(
                service: event.service, type: event.type, endpoint: endpoint,
                location: values.source.location(entry.mark))
        }
    }

    private func readEndpoint(_ entry: NamedValue, _ owner: String) -> PushEndpointDefinition? {
        let subject = "\(entry.shown) in \"push\" of \(owner)"
        guard let fields = values.fields(entry.value, subject, known: Self.known) else { return nil }
        let remedy = "add to: http://HOST:PORT/PATH"
        let url = values.required("to", of: fields, entry.value, subject, remedy: remedy)
            .flatMap { values.text($0.value, "\"to\"") }
            .flatMap { text in readURL(text).map { (text: text, url: $0) } }
        let secret = fields["secret"].flatMap { WebhookSecret.read($0, values) }
        let authorities = fields["tls"].flatMap(readAuthorities)
        let timeout = readTimeout(fields["timeout"])
        let inFlight = readCount(fields["in_flight"], atMost: 1024)
        let rate = fields["rate"].flatMap(LimitKeys(values: values).rate)
        let attempts = readCount(fields["attempts"], atMost: 1000)
        let allowsPrivate = fields["private"].flatMap(readPrivate)
        guard let (text, parts) = url else { return nil }
        var endpoint = PushEndpointDefinition(url: text.text, name: parts.shown(text))
        // Where one of these is wrong, that is told, and there is no fleet.
        endpoint.secret = secret
        endpoint.timeout = timeout ?? endpoint.timeout
        endpoint.inFlightLimit = inFlight ?? endpoint.inFlightLimit
        endpoint.rate = rate
        endpoint.attempts = attempts ?? endpoint.attempts
        endpoint.allowsPrivateAddresses = allowsPrivate ?? true
        endpoint.authorities = authorities
        if let field = fields["tls"], !parts.isSecure {
            let message = "\"tls\" is for https, and \"to\" is not"
            values.log.error(at: field.mark, message, remedy: "write https://, or remove \"tls\"")
        }
        return endpoint
    }

    private func readURL(_ text: FieldText) -> PushURL? {
        do {
            return try PushURL(text.text)
        } catch {
            values.log.error(at: text.mark, "\"to\" \(error.message)", remedy: error.remedy ?? "")
            return nil
        }
    }

    private func readAuthorities(_ field: NamedValue) -> String? { Self.authorities(field, values, directory) }

    /// Reads `tls: {ca: FILE}`.
    static func authorities(_ field: NamedValue, _ values: ValueReader, _ directory: String) -> String? {
        guard let fields = values.fields(field.value, "\"tls\"", known: ["ca"]),
            let ca = values.required("ca", of: fields, field.value, "\"tls\"", remedy: "add ca: FILE"),
            let read = values.text(ca.value, "\"ca\"")
        else { return nil }
        if let (message, remedy) = FilePath.trouble(read.text) {
            values.log.error(at: read.mark, "\"ca\" \(message)", remedy: remedy)
            return nil
        }
        let path = FilePath.absolute(read.text, in: directory)
        do {
            let bytes = try FileBytes.read(path: path, limit: FleetFileReader.sizeLimit)
            guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") else {
                let message = "\(read.shown) holds no certificate"
                values.log.error(at: read.mark, message, remedy: "name a file with certificates in PEM form")
                return nil
            }
        } catch {
            let message = "\(read.shown) cannot be read: \(error.message)"
            values.log.error(at: read.mark, message, remedy: "name a file with certificates in PEM form")
            return nil
        }
        return path
    }

    private func readTimeout(_ field: NamedValue?) -> Duration? {
        guard let field, let timeout = values.duration(field) else { return nil }
        guard timeout >= .milliseconds(1), timeout <= .seconds(600) else {
            values.log.error(
                at: field.value.mark, "\"timeout\" is out of bounds", remedy: "write between 1ms and 10m")
            return nil
        }
        return timeout
    }

    private func readCount(_ field: NamedValue?, atMost limit: Int) -> Int? {
        guard let field, let read = values.text(field.value, field.shown) else { return nil }
        if let count = Int(read.text), (1...limit).contains(count) { return count }
        values.log.error(
            at: read.mark, "\(field.shown) is \(read.shown)", remedy: "write a whole number from 1 to \(limit)")
        return nil
    }

    private func readPrivate(_ field: NamedValue) -> Bool? {
        guard let read = values.text(field.value, "\"private\"") else { return nil }
        let known = ["allow", "forbid"]
        if known.contains(read.text) { return read.text == "allow" }
        let nearest = read.hasVariables ? nil : values.log.nearest(to: read.text, in: known)
        values.log.error(
            at: read.mark, "\(read.shown) says nothing about private addresses",
            remedy: nearest.map { "did you mean \"\($0)\"?" } ?? "write allow or forbid")
        return nil
    }
}
