/// An event on its way: the attributes of CloudEvents 1.0, and the payload as the bytes that the writer wrote.
///
/// Nothing on the way parses ``payload`` unless a view or a contract asks for a field of it.
public struct Event: Hashable, Sendable {
    /// CloudEvents `id`: given by the writer, and the same however often the event is carried.
    public var id: EventID
    /// CloudEvents `source`: `/fleet/service`.
    public var source: String
    /// CloudEvents `type`.
    public var type: String
    /// CloudEvents `subject`, and the extension `partitionkey`: the aggregate's id. Events of one key stay in order.
    public var key: String
    /// The aggregate's type, as the outbox column `aggregatetype` says it.
    public var aggregateType: String
    /// CloudEvents `time`: when the event occurred, as the writer says it, or when it was captured.
    public var time: Timestamp
    /// CloudEvents extension `traceparent` (W3C Trace Context), where the writer gave one.
    public var traceParent: String? {
        didSet { isTraced = TraceContext.saysSampled(traceParent) }
    }
    /// Whether ``traceParent`` says that the trace is recorded, if it says anything at all. It is known when the event is made:
    /// whoever looks through many of them later would fetch each text from memory anew.
    public private(set) var isTraced: Bool
    /// Further headers, as the text of one JSON object, where the writer gave any.
    public var headers: String?
    /// ``contentType``, where it is not the usual one.
    public private(set) var unusualContentType: String?
    /// CloudEvents `data`; empty where the writer gave none (``hasData``).
    public var payload: [UInt8]

    /// The content type of nearly all events.
    public static let usualContentType = "application/json"
    /// The content type of an event without data: it has none.
    public static let noContentType = ""

    /// CloudEvents `datacontenttype`.
    public var contentType: String {
        get { unusualContentType ?? Event.usualContentType }
        set { unusualContentType = newValue == Event.usualContentType ? nil : newValue }
    }

    /// Whether the writer gave data at all: NULL in the outbox column `payload` is none, an empty text is an empty one.
    public var hasData: Bool { unusualContentType != Event.noContentType }

    /// What this event counts for against a bound on bytes: payload and attributes.
    public var size: ByteCount {
        ByteCount(
            payload.count + source.utf8.count + type.utf8.count + key.utf8.count + aggregateType.utf8.count
                + (traceParent?.utf8.count ?? 0) + (headers?.utf8.count ?? 0) + 24)
    }
}

extension Event {
    // In an extension, so that it builds upon the memberwise one: an initialiser that sets the members one by one copies
    // the whole event once more, with a retain for each of its texts.
    public init(
        id: EventID, source: String, type: String, key: String, aggregateType: String, time: Timestamp,
        traceParent: String? = nil, headers: String? = nil, contentType: String = usualContentType, payload: [UInt8]
    ) {
        self.init(
            id: id, source: source, type: type, key: key, aggregateType: aggregateType, time: time,
            traceParent: traceParent, isTraced: TraceContext.saysSampled(traceParent), headers: headers,
            unusualContentType: contentType == Event.usualContentType ? nil : contentType, payload: payload)
    }
}
