import FleetCore
public import Traces

/// The two forms of OTLP/HTTP.
public enum OTLPEncoding: String, Sendable, CaseIterable {
    case protobuf, json

    public var contentType: String {
        switch self {
        case .protobuf: "application/x-protobuf"
        case .json: "application/json"
        }
    }

    func bytes(_ message: OTLPMessage) -> [UInt8] {
        switch self {
        case .protobuf: ProtobufWriter.write(message)
        case .json: OTLPJSONWriter.write(message)
        }
    }
}

/// What is exported.
public enum OTLPSignal: String, Sendable, CaseIterable {
    case traces, metrics, logs

    /// Behind the address of a collector.
    public var path: String { "/v1/\(rawValue)" }
}

/// Who tells: the program, and what operators say of it.
public struct OTLPResource: Sendable {
    public var attributes: [SpanAttribute]
    /// Of the program.
    public var version: String

    public init(attributes: [SpanAttribute], version: String) {
        self.attributes = attributes
        self.version = version
    }

    var message: OTLPMessage { [OTLPField(1, "attributes", .messages(attributes.map(OTLP.attribute)))] }
    var scope: OTLPMessage {
        [OTLPField(1, "name", .text("flotilla")), OTLPField(2, "version", .text(version))]
    }

    /// A request: everything is of one resource and of one scope.
    func request(_ signal: OTLPSignal, _ items: [OTLPMessage]) -> OTLPMessage {
        let (resourceName, scopeName, itemName) =
            switch signal {
            case .traces: ("resourceSpans", "scopeSpans", "spans")
            case .metrics: ("resourceMetrics", "scopeMetrics", "metrics")
            case .logs: ("resourceLogs", "scopeLogs", "logRecords")
            }
        let scoped = [OTLPField(1, "scope", .message(scope)), OTLPField(2, itemName, .messages(items))]
        return [
            OTLPField(
                1, resourceName,
                .messages([
                    [OTLPField(1, "resource", .message(message)), OTLPField(2, scopeName, .messages([scoped]))]
                ]))
        ]
    }
}

/// The parts of messages that all signals share.
enum OTLP {
    static func attribute(_ attribute: SpanAttribute) -> OTLPMessage {
        [OTLPField(1, "key", .text(attribute.name)), OTLPField(2, "value", .message(value(attribute.value)))]
    }

    static func attributes(_ labels: [(name: String, value: String)]) -> [OTLPMessage] {
        labels.map { attribute(SpanAttribute($0.name, $0.value)) }
    }

    static func value(_ value: SpanValue) -> OTLPMessage {
        switch value {
        case .text(let text): [OTLPField(1, "stringValue", .text(text))]
        case .id(let id): [OTLPField(1, "stringValue", .text(id.description))]
        case .flag(let flag): [OTLPField(2, "boolValue", .flag(flag))]
        case .integer(let number): [OTLPField(3, "intValue", .integer(number))]
        case .real(let number): [OTLPField(4, "doubleValue", .real(number))]
        }
    }

    /// In nanoseconds since 1970.
    static func time(_ time: Timestamp) -> OTLPValue {
        .fixed64(UInt64(max(0, min(time.microseconds, Int64.max / 1000))) * 1000)
    }
}
