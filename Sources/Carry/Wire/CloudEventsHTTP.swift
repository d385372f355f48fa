public import FleetCore

/// An event as CloudEvents' HTTP protocol binding writes it in binary mode, version 1.0.2: attributes as headers, the
/// payload as the body.
/// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
public enum CloudEventsHTTP {
    public typealias Header = WireMessage.Header

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

    /// The headers of an event, in the order in which they are sent. Names are in lower case.
    public static func headers(of event: Event) -> [Header] {
        let own = writersHeaders(of: event)
        var headers: [Header] = []
        headers.reserveCapacity(10 + own.count)
        headers.append(.init("ce-specversion", "1.0"))
        headers.append(.init("ce-id", event.id.description))
        headers.append(.init("ce-source", encoded(event.source)))
        headers.append(.init("ce-type", encoded(event.type)))
        // Neither may be empty, and both may be absent.
        if !event.key.isEmpty {
            let key = encoded(event.key)
            headers.append(.init("ce-subject", key))
            headers.append(.init("ce-time", event.time.description))
            headers.append(.init("ce-partitionkey", key))
        } else {
            headers.append(.init("ce-time", event.time.description))
        }
        if let trace = event.traceParent, !trace.isEmpty { headers.append(.init("ce-traceparent", encoded(trace))) }
        // The writer knows better than we do what the payload is.
        if event.hasData, !own.contains(where: { $0.name == contentType }) {
            headers.append(.init(contentType, encoded(event.contentType, sparing: UInt8(ascii: " "))))
        }
        return headers + own
    }

    /// A value as a header holds it: what is not printable ASCII, white space, the double quote and the percent sign itself
    /// are written as the percent signs of their UTF-8 bytes.
    static func encoded(_ value: String) -> String { encoded(value, sparing: 0) }

    private static func encoded(_ value: String, sparing spared: UInt8) -> String {
        func isPlain(_ byte: UInt8) -> Bool {
            (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "%")
                || (byte == spared && byte != 0)
        }
        if value.utf8.allSatisfy(isPlain) { return value }
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in value.utf8 {
            if isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The headers of the writer's row, as far as they are its business. `ce_name`, as the Kafka binding has it, becomes
    /// `ce-name`.
    private static func writersHeaders(of event: Event) -> [Header] {
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
            let isAttribute = name.hasPrefix("ce-")
            return Header(name, isAttribute ? encoded(member.value) : fieldValue(member.value))
        }
    }

    /// A value of a header that is none of CloudEvents': quotes, spaces and percent signs mean what they mean there.
    private static func fieldValue(_ value: String) -> String {
        if value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return value }
        return encoded(value, sparing: UInt8(ascii: " "))
    }

    /// Whether a text can be the name of a header (RFC 9110, 5.6.2), of a length that servers take.
    private static func isToken(_ name: String) -> Bool {
        let isName = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
        return isName && (1...128).contains(name.utf8.count)
    }
}
