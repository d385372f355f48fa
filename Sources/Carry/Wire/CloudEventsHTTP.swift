public import FleetCore

/// An event as CloudEvents' HTTP protocol binding writes it in binary mode, version 1.0.2: attributes as headers, the
/// payload as the body.
/// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
public enum CloudEventsHTTP {
    /// What Flotilla says of an event; a writer's headers do not say it again.
    private static let attributes: Set<String> = [
        "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time", "ce-datacontenttype",
        "ce-partitionkey", "ce-traceparent",
    ]
    /// Headers that are about the connection or the request itself: a writer's row has no say in these. `traceparent` is the
    /// request's own place in a trace.
    private static let transport: Set<String> = [
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
        "user-agent", "proxy-authenticate", "proxy-authorization", "proxy-connection", "authorization", "cookie",
        "traceparent",
    ]
    private static let contentType = "content-type"
    /// Standard Webhooks' own.
    private static let webhookPrefix = "webhook-"

    /// Writes the headers of an event. Names are in lower case.
    /// - Parameter id: the event's, as text.
    public static func write(_ event: Event, id: String, to fields: inout RequestFields) {
        let own = writersHeaders(of: event)
        fields.add("ce-specversion", "1.0")
        fields.add("ce-id", id)
        fields.add("ce-source", encoded: event.source, isPlain)
        fields.add("ce-type", encoded: event.type, isPlain)
        fields.add("ce-time", event.time.description)
        // Neither may be empty, and both may be absent.
        if !event.key.isEmpty {
            fields.add("ce-subject", encoded: event.key, isPlain)
            fields.add("ce-partitionkey", encoded: event.key, isPlain)
        }
        if let trace = event.traceParent, !trace.isEmpty { fields.add("ce-traceparent", encoded: trace, isPlain) }
        // The writer knows better than we do what the payload is.
        if event.hasData, !own.contains(where: { $0.name == contentType }) {
            fields.add("content-type", encoded: event.contentType, isPlainOrBlank)
        }
        for header in own {
            if header.name.hasPrefix("ce-") {
                fields.add(header.name, encoded: header.value, isPlain)
            } else if header.value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
                // Quotes and percent signs mean there what they mean.
                fields.add(header.name, header.value)
            } else {
                fields.add(header.name, encoded: header.value, isPlainOrBlank)
            }
        }
    }

    /// What a value may hold as it is: what is not printable ASCII, white space, the double quote and the percent sign itself
    /// are written as the percent signs of their UTF-8 bytes.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "%")
    }

    private static func isPlainOrBlank(_ byte: UInt8) -> Bool { isPlain(byte) || byte == UInt8(ascii: " ") }

    /// The headers of the writer's row, as far as they are its business. `ce_name`, as the Kafka binding has it, becomes
    /// `ce-name`.
    private static func writersHeaders(of event: Event) -> [WireMessage.Header] {
        // The relay lets nothing pass that is no object of strings.
        guard let text = event.headers, let members = try? JSONDocument.stringMembers(of: Array(text.utf8)) else {
            return []
        }
        return members.compactMap { member in
            var name = member.name.lowercased()
            if name.hasPrefix("ce_") { name = "ce-" + name.dropFirst(3) }
            guard isToken(name), !attributes.contains(name), !transport.contains(name), !name.hasPrefix(webhookPrefix)
            else { return nil }
            if name == contentType, !event.hasData { return nil }
            return WireMessage.Header(name, member.value)
        }
    }

    /// Whether a text can be the name of a header (RFC 9110, 5.6.2), of a length that servers take.
    private static func isToken(_ name: String) -> Bool {
        let isName = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
        return isName && (1...128).contains(name.utf8.count)
    }
}
