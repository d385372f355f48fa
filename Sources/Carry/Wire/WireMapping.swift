public import FleetCore

/// Makes messages of a service's events.
public struct WireMapping: Sendable {
    public let stream: StreamName
    public let topic: TopicPattern
    public let format: WireFormat

    public init(stream: StreamName, topic: TopicPattern = .standard, format: WireFormat = .cloudEvents) {
        self.stream = stream
        self.topic = topic
        self.format = format
    }

    public func message(of event: Event) -> WireMessage {
        let value = event.hasData ? event.payload : nil
        switch format {
        case .cloudEvents:
            return WireMessage(
                topic: topic.topic(of: event, in: stream), key: event.key, headers: CloudEventsHeaders.of(event),
                value: value)
        case .debezium:
            // The router's pattern is matched by a Java regular expression whose `.` is no line break. What it does not
            // match is not replaced.
            let isRouted = !event.aggregateType.unicodeScalars.contains(where: Self.endsLine)
            return WireMessage(
                topic: isRouted ? topic.topic(of: event, in: stream) : event.aggregateType, key: event.key,
                headers: [.init("id", event.id.description)], value: value)
        }
    }

    /// The line terminators of java.util.regex.Pattern.
    private static func endsLine(_ scalar: Unicode.Scalar) -> Bool {
        ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
    }
}

/// The headers of CloudEvents' Kafka protocol binding in binary mode, version 1.0.2.
/// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
///
/// The extension `sequence` is not among them: it is the position in a log, which the broker gives when it appends.
enum CloudEventsHeaders {
    private static let contentType = "content-type"
    /// What Flotilla says of an event; a writer's headers do not say it again.
    private static let reserved: Set<String> = [
        "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_datacontenttype",
        "ce_partitionkey", "ce_traceparent",
    ]

    static func of(_ event: Event) -> [WireMessage.Header] {
        let own = writersHeaders(of: event)
        var headers: [WireMessage.Header] = []
        headers.reserveCapacity(9 + own.count)
        headers.append(.init("ce_specversion", "1.0"))
        headers.append(.init("ce_id", event.id.description))
        headers.append(.init("ce_source", event.source))
        headers.append(.init("ce_type", event.type))
        // Neither may be empty, and both may be absent.
        if !event.key.isEmpty { headers.append(.init("ce_subject", event.key)) }
        headers.append(.init("ce_time", event.time.description))
        if !event.key.isEmpty { headers.append(.init("ce_partitionkey", event.key)) }
        if let trace = event.traceParent, !trace.isEmpty { headers.append(.init("ce_traceparent", trace)) }
        // The writer knows better than we do what the payload is.
        if event.hasData, !own.contains(where: { $0.name.lowercased() == contentType }) {
            headers.append(.init(contentType, event.contentType))
        }
        return headers + own
    }

    private static func writersHeaders(of event: Event) -> [WireMessage.Header] {
        // The relay lets nothing pass that is no object of strings.
        guard let text = event.headers, let members = try? JSONDocument.stringMembers(of: Array(text.utf8)) else {
            return []
        }
        return members.filter { !reserved.contains($0.name.lowercased()) }.map { .init($0.name, $0.value) }
    }
}
