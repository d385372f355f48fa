import FleetCore
import Traces

extension OTLP {
    static func span(_ span: Span) -> OTLPMessage {
        var fields: OTLPMessage = [
            OTLPField(1, "traceId", .identifier(span.trace.bytes)),
            OTLPField(2, "spanId", .identifier(span.context.span.bytes)),
        ]
        if let parent = span.parent { fields.append(OTLPField(4, "parentSpanId", .identifier(parent.bytes))) }
        fields += [
            OTLPField(5, "name", .text(span.kind.name)),
            OTLPField(6, "kind", .small(UInt32(span.kind.role.rawValue))),
            OTLPField(7, "startTimeUnixNano", time(span.start)),
            OTLPField(8, "endTimeUnixNano", time(span.end)),
            OTLPField(9, "attributes", .messages((span.kind.attributes + span.attributes).map(attribute))),
        ]
        switch span.status {
        case .unset: break
        case .ok: fields.append(OTLPField(15, "status", .message([OTLPField(3, "code", .small(1))])))
        case .error(let text):
            fields.append(
                OTLPField(
                    15, "status",
                    .message([OTLPField(2, "message", .text(text)), OTLPField(3, "code", .small(2))])))
        }
        // Of its flags the lowest eight bits are those of W3C; bit 8 says that it is known whether the parent is of another
        // process, and bit 9 that it is.
        fields.append(OTLPField(16, "flags", .fixed32(UInt32(span.context.flags))))
        return fields
    }
}
