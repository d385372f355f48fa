import FleetCore
public import Logging
import Traces

/// A line of the log, as it is exported.
public struct OTLPLogRecord: Sendable {
    var time: Timestamp
    var level: Logger.Level
    var text: String
    var attributes: [SpanAttribute]
    /// The trace that the line is about.
    var trace: [UInt8]?
    var span: [UInt8]?
}

extension OTLP {
    static func record(_ record: OTLPLogRecord) -> OTLPMessage {
        var fields: OTLPMessage = [
            OTLPField(1, "timeUnixNano", time(record.time)),
            OTLPField(2, "severityNumber", .small(severity(record.level))),
            OTLPField(3, "severityText", .text(record.level.rawValue.uppercased())),
            OTLPField(5, "body", .message(value(.text(record.text)))),
            OTLPField(6, "attributes", .messages(record.attributes.map(attribute))),
        ]
        if let trace = record.trace { fields.append(OTLPField(9, "traceId", .identifier(trace))) }
        if let span = record.span { fields.append(OTLPField(10, "spanId", .identifier(span))) }
        fields.append(OTLPField(11, "observedTimeUnixNano", time(record.time)))
        return fields
    }

    private static func severity(_ level: Logger.Level) -> UInt32 {
        switch level {
        case .trace: 1
        case .debug: 5
        case .info: 9
        case .notice: 10
        case .warning: 13
        case .error: 17
        case .critical: 21
        }
    }
}

/// Hands lines of the log to whoever exports them; it stands beside the handler that writes them.
public struct OTLPLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    private let sink: @Sendable (OTLPLogRecord) -> Void

    public init(level: Logger.Level, sink: @escaping @Sendable (OTLPLogRecord) -> Void) {
        logLevel = level
        self.sink = sink
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        for (key, value) in event.metadata ?? [:] { all[key] = value }
        let trace = all.removeValue(forKey: "trace_id")?.description
        let span = all.removeValue(forKey: "span_id")?.description
        // By a `traceparent` both are checked.
        let context = TraceContext("00-\(trace ?? "")-\(span ?? "0000000000000001")-01")
        sink(
            OTLPLogRecord(
                time: .now(), level: event.level, text: event.message.description,
                attributes: all.sorted { $0.key < $1.key }.map { SpanAttribute($0.key, $0.value.description) },
                trace: context?.trace.bytes, span: span == nil ? nil : context?.span.bytes))
    }
}
