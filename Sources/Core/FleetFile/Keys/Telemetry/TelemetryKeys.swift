internal import FleetCore
internal import Traces

/// Reads `telemetry`: where signals are sent, and which traces are kept.
struct TelemetryKeys {
    private static let known = ["url", "encoding", "headers", "every", "signals", "resource", "tls"]
    /// A header is one line of a request.
    private static let headerLimit = 64
    /// Whoever looks at the page does not wait for long.
    private static let waitOfPage = Duration.seconds(5)

    let values: ValueReader
    /// The file's directory, which relative paths start from.
    let directory: String

    /// - Parameter isPageServed: whether the file has a page, which shows traces.
    func read(_ field: NamedValue?, isPageServed: Bool) -> TelemetryDefinition? {
        guard let field,
            let fields = values.fields(field.value, "\"telemetry\"", known: ["otlp", "sampling"])
        else { return nil }
        guard let otlp = fields["otlp"] else {
            if !isPageServed {
                values.log.warning(
                    at: field.mark, "traces are made for nobody",
                    remedy: "add otlp: {url: \"http://127.0.0.1:4318\"}, or page:")
            }
            let (sampling, usual) = SamplingKeys(values: values, usualWait: Self.waitOfPage).read(fields["sampling"])
            return TelemetryDefinition(collector: nil, sampling: sampling, usual: usual)
        }
        let (sampling, usual) = SamplingKeys(values: values).read(fields["sampling"])
        return readOTLP(otlp).map { TelemetryDefinition(collector: $0, sampling: sampling, usual: usual) }
    }

    private func readOTLP(_ field: NamedValue) -> CollectorDefinition? {
        guard let fields = values.fields(field.value, "\"otlp\"", known: Self.known) else { return nil }
        let remedy = "add url: \"http://127.0.0.1:4318\""
        let url = values.required("url", of: fields, field.value, "\"otlp\"", remedy: remedy)
            .flatMap { values.text($0.value, "\"url\"") }
            .flatMap { text in readURL(text).map { (text: text, url: $0) } }
        let encoding = fields["encoding"].flatMap { choice($0, CollectorDefinition.Encoding.self) }
        let headers = fields["headers"].map(readHeaders) ?? []
        let resource = fields["resource"].map(readResource) ?? []
        let signals = fields["signals"].flatMap(readSignals)
        let interval = readInterval(fields["every"])
        let authorities = fields["tls"].flatMap { PushKeys.authorities($0, values, directory) }
        guard let (text, parts) = url else { return nil }
        if let tls = fields["tls"], !parts.isSecure {
            let message = "\"tls\" is for https, and \"url\" is not"
            values.log.error(at: tls.mark, message, remedy: "write https://, or remove \"tls\"")
        }
        if !headers.isEmpty, !parts.isSecure, !parts.isLoopback {
            values.log.warning(
                at: text.mark, "\"headers\" are sent to another machine without TLS", remedy: "write https://")
        }
        var address = text.text
        while address.hasSuffix("/") { address.removeLast() }
        return CollectorDefinition(
            url: address, name: parts.shown(text), encoding: encoding ?? .protobuf, headers: headers,
            interval: interval ?? .seconds(15), signals: signals ?? Set(CollectorDefinition.Signal.allCases),
            resource: resource, authorities: authorities)
    }

    private func readURL(_ text: FieldText) -> PushURL? {
        do {
            let url = try PushURL(text.text)
            if text.text.contains("?") {
                let message = "\"url\" has a query, which has no place in front of /v1/traces"
                values.log.error(at: text.mark, message, remedy: "remove it; write a token under `headers`")
                return nil
            }
            if let path = Self.signalPaths.first(where: { text.text.hasSuffix($0) || text.text.hasSuffix("\($0)/") }) {
                values.log.error(
                    at: text.mark, "\"url\" ends with \(path), which is added for each signal",
                    remedy: "write it without \(path)")
                return nil
            }
            return url
        } catch {
            values.log.error(
                at: text.mark, "\"url\" \(error.message)", remedy: "write http://HOST:PORT, a token under `headers`")
            return nil
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ field: NamedValue, _ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        values.text(field.value, field.shown).flatMap { choice($0, field.shown, type) }
    }

    private func choice<Choice: RawRepresentable & CaseIterable>(
        _ read: FieldText, _ subject: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        if let choice = Choice(rawValue: read.text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        let nearest = read.hasVariables ? nil : values.log.nearest(to: read.text, in: known)
        values.log.error(
            at: read.mark, "\(read.shown) is nothing that \(subject) can be",
            remedy: nearest.map { "did you mean \"\($0)\"?" } ?? "write \(known.joined(separator: ", or "))")
        return nil
    }

    private func readSignals(_ field: NamedValue) -> Set<CollectorDefinition.Signal>? {
        guard let items = values.list(field.value, "\"signals\"", remedy: "write [traces, metrics, logs]") else {
            return nil
        }
        if items.isEmpty {
            values.log.error(
                at: field.value.mark, "\"signals\" is empty", remedy: "write [traces, metrics, logs], or remove it")
        }
        return Set(
            items.compactMap { item in
                values.text(item, "an item of \"signals\"").flatMap {
                    choice($0, "a signal", CollectorDefinition.Signal.self)
                }
            })
    }

    private func readInterval(_ field: NamedValue?) -> Duration? {
        guard let field, let interval = values.duration(field) else { return nil }
        guard interval >= .seconds(1), interval <= .seconds(3600) else {
            values.log.error(at: field.value.mark, "\"every\" is out of bounds", remedy: "write between 1s and 1h")
            return nil
        }
        return interval
    }

    private func readHeaders(_ field: NamedValue) -> [(name: String, value: String)] {
        let subject = "\"headers\""
        guard let entries = values.entries(field.value, subject, remedy: "write NAME: VALUE") else { return [] }
        if entries.count > Self.headerLimit {
            values.log.error(at: field.mark, "there are more than \(Self.headerLimit) headers", remedy: "remove some")
        }
        return entries.compactMap { entry in
            guard let read = values.text(entry.value, entry.shown) else { return nil }
            guard Self.isToken(entry.name), !Self.own.contains(entry.name.lowercased()) else {
                values.log.error(
                    at: entry.mark, "\(entry.shown) is no name of a header that can be set here",
                    remedy: "use letters, digits and -, and none of \(Self.own.sorted().joined(separator: ", "))")
                return nil
            }
            // The value may be a secret: it is never quoted.
            guard read.text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                values.log.error(
                    at: read.mark, "the value of \(entry.shown) has a character that no header has",
                    remedy: "write printable ASCII on one line")
                return nil
            }
            return (entry.name.lowercased(), read.text)
        }
    }

    private static let signalPaths = ["/v1/traces", "/v1/metrics", "/v1/logs"]

    /// What the exporter says itself.
    private static let own: Set<String> = [
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "user-agent",
    ]

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 128
            && name.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                    || "-_.".utf8.contains(byte)
            }
    }

    private func readResource(_ field: NamedValue) -> [(name: String, value: String)] {
        guard let entries = values.entries(field.value, "\"resource\"", remedy: "write NAME: VALUE") else { return [] }
        return entries.compactMap { entry in
            guard !entry.name.isEmpty, entry.name.utf8.count <= 256 else {
                values.log.error(
                    at: entry.mark, "\(entry.shown) is no name of an attribute",
                    remedy: "write one of OpenTelemetry's, as deployment.environment.name")
                return nil
            }
            return values.text(entry.value, entry.shown).map { (entry.name, $0.text) }
        }
    }
}
