public import FleetCore

/// Makes NATS messages of a service's events, and events of messages: CloudEvents 1.0 in binary mode, after the binding
/// for NATS. https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
///
/// With ``WireFormat/debezium`` a message has what Debezium's router gives it in addition: the header `id`.
public struct NATSMapping: Sendable, Hashable {
    public let stream: StreamName
    public let subjects: SubjectMapping
    public let format: WireFormat

    public init(stream: StreamName, subjects: SubjectMapping, format: WireFormat = .cloudEvents) {
        self.stream = stream
        self.subjects = subjects
        self.format = format
    }

    /// The names of headers.
    private enum Name {
        static let version = "ce-specversion"
        static let id = "ce-id"
        static let source = "ce-source"
        static let type = "ce-type"
        static let subject = "ce-subject"
        static let time = "ce-time"
        static let contentType = "ce-datacontenttype"
        static let partitionKey = "ce-partitionkey"
        static let traceParent = "ce-traceparent"
        static let aggregateType = "ce-aggregatetype"
        /// The writer's headers as the one text that the writer wrote.
        static let headers = "flotilla-headers"
        /// Attributes that are there and empty, with blanks between: a header cannot say that.
        static let empty = "flotilla-empty"
        static let debeziumID = "id"
    }

    /// What was made for the event before: most are of one service, and many of one type.
    private struct Last {
        var source = Encoded()
        var type = Encoded()
        var contentType = Encoded()
        var aggregateType = Encoded()
        var subject: (type: String, aggregateType: String, text: String)?
    }

    private struct Encoded {
        private var text = ""
        private var encoded = ""

        mutating func encoding(_ text: String) -> String {
            if text != self.text { (self.text, encoded) = (text, PercentText.encoded(text)) }
            return encoded
        }
    }

    public func message(of event: Event) -> WireMessage {
        let text = messages(of: [event])
        return WireMessage(
            topic: text.subject(of: 0), key: event.key, headers: text.headers(of: 0),
            value: event.hasData ? event.payload : nil, isSubject: true)
    }

    /// Subjects and headers of a batch's messages.
    public func messages(of events: [Event]) -> NATSMessageText {
        var last = Last()
        var text = NATSMessageText(count: events.count)
        for event in events { append(event, to: &text, &last) }
        return text
    }

    private func subject(of event: Event, _ last: inout Last) -> String {
        if let known = last.subject, known.type == event.type, known.aggregateType == event.aggregateType {
            return known.text
        }
        let text = subjects.subject(of: event)
        last.subject = (event.type, event.aggregateType, text)
        return text
    }

    private func append(_ event: Event, to text: inout NATSMessageText, _ last: inout Last) {
        var empty: [String] = []
        func append(_ name: String, _ value: String, _ encoded: (String) -> String = PercentText.encoded) {
            if value.isEmpty { empty.append(name) } else { text.add(name, encoded(value)) }
        }
        text.begin(subject: subject(of: event, &last))
        text.add(Name.version, "1.0")
        text.add(Name.id, event.id.description, isID: true)
        append(Name.source, event.source) { last.source.encoding($0) }
        append(Name.type, event.type) { last.type.encoding($0) }
        text.add(Name.time, event.time.description)
        // Neither may be empty, and both may be absent.
        if !event.key.isEmpty {
            let key = PercentText.encoded(event.key)
            text.add(Name.subject, key)
            text.add(Name.partitionKey, key)
        }
        if event.hasData { append(Name.contentType, event.contentType) { last.contentType.encoding($0) } }
        if !event.aggregateType.isEmpty {
            append(Name.aggregateType, event.aggregateType) { last.aggregateType.encoding($0) }
        }
        if let trace = event.traceParent { append(Name.traceParent, trace) }
        if format == .debezium { text.add(Name.debeziumID, event.id.description) }
        if let headers = event.headers {
            append(Name.headers, headers)
            for header in Self.writersHeaders(in: headers) { text.add(header.name, header.value) }
        }
        if !empty.isEmpty { text.add(Name.empty, empty.joined(separator: " ")) }
        text.end()
    }

    /// The writer's headers one by one, for those who read the stream by other means: what is said already, what would
    /// tell the server what to do, and what is no header's name is left out.
    private static func writersHeaders(in text: String) -> [WireMessage.Header] {
        guard let members = try? JSONDocument.stringMembers(of: Array(text.utf8)) else { return [] }
        return members.filter { isFree($0.name) }.map { .init($0.name, shown($0.value)) }
    }

    private static func isFree(_ name: String) -> Bool {
        let lowered = name.lowercased()
        if ["ce-", "nats-", "flotilla-"].contains(where: lowered.hasPrefix) || lowered == Name.debeziumID {
            return false
        }
        return !name.isEmpty && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
    }

    /// A value as it is where a header can hold it.
    private static func shown(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        return isPlain && value.first != " " && value.last != " " ? value : PercentText.encoded(value)
    }

    /// The event that a message says.
    /// - Parameters:
    ///   - header: the value of a header; `nil` where the message has none of this name.
    ///   - stored: when the broker has taken the message: the event's time, where it says none.
    /// - Throws: `badEvent` for what is none of Flotilla's; the text says what is missing, not where.
    public func event(
        header: (String) -> String?, payload: [UInt8], stored: Timestamp
    ) throws(FleetError) -> Event {
        var empty: [Substring]?
        func text(_ name: String) throws(FleetError) -> String? {
            guard let written = header(name) else {
                let known = empty ?? header(Name.empty)?.split(separator: " ") ?? []
                empty = known
                return known.contains(name[...]) ? "" : nil
            }
            guard let text = PercentText.decoded(written) else {
                throw Self.objection("its header \(name) is not percent-encoded UTF-8")
            }
            return text
        }
        func required(_ name: String) throws(FleetError) -> String {
            guard let text = try text(name) else { throw Self.objection("it has no header \(name)") }
            return text
        }
        guard let id = EventID(try required(Name.id)) else { throw Self.objection("its \(Name.id) is no UUID") }
        var time = stored
        if let written = try text(Name.time) {
            guard let read = Timestamp(written) else { throw Self.objection("its \(Name.time) is no time") }
            time = read
        }
        var key = try text(Name.partitionKey)
        if key == nil { key = try text(Name.subject) }
        let contentType = try text(Name.contentType)
        return Event(
            id: id, source: try required(Name.source), type: try required(Name.type), key: key ?? "",
            aggregateType: try text(Name.aggregateType) ?? "", time: time, traceParent: try text(Name.traceParent),
            headers: try text(Name.headers),
            contentType: contentType ?? (payload.isEmpty ? Event.noContentType : Event.usualContentType),
            payload: payload)
    }

    private static func objection(_ what: String) -> FleetError { FleetError(.badEvent, what) }
}
