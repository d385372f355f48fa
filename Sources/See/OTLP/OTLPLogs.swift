public import FleetCore
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

    /// - Parameters:
    ///   - metadata: `trace_id` and `span_id` say which span the line belongs to.
    ///   - repeated: how often the line came again; told instead of so many lines.
    public init(
        at time: Timestamp, level: Logger.Level, _ text: String, metadata: [String: String], repeated: Int = 0
    ) {
        self.time = time
        self.level = level
        self.text = text
        var rest = metadata
        let trace = rest.removeValue(forKey: "trace_id")
        let span = rest.removeValue(forKey: "span_id")
        // By a `traceparent` both are checked.
        let context = TraceContext("00-\(trace ?? "")-\(span ?? "0000000000000001")-01")
        self.trace = context?.trace.bytes
        self.span = span == nil ? nil : context?.span.bytes
        attributes = rest.sorted { $0.key < $1.key }.map { SpanAttribute($0.key, .text($0.value)) }
        if repeated > 0 { attributes.append(SpanAttribute("repeated", .integer(Int64(repeated)))) }
    }
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
