public import FleetCore

/// A value of a span's attribute.
public enum SpanValue: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case real(Double)
    case flag(Bool)
    /// Told as a text; kept as 16 bytes.
    case id(EventID)

    /// As a text.
    public var text: String {
        switch self {
        case .text(let value): value
        case .integer(let value): String(value)
        case .real(let value): String(value)
        case .flag(let value): String(value)
        case .id(let value): value.description
        }
    }
}

/// Something that is said of a span, under a name of OpenTelemetry's semantic conventions where there is one.
public struct SpanAttribute: Sendable, Hashable {
    public let name: String
    public let value: SpanValue

    public init(_ name: String, _ value: SpanValue) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, _ value: String) { self.init(name, .text(value)) }
}

/// What all spans of one piece of work have in common: it is there once, however many there are.
public final class SpanKind: Sendable {
    /// As OTLP counts them.
    public enum Role: Int, Sendable { case inner = 1, server, client, producer, consumer }

    public let name: String
    public let role: Role
    public let attributes: [SpanAttribute]
    /// The part of the fleet that objectives may be about: `view orders.order_lines`. It is not told.
    public let subject: String?
    /// Is told of each of its spans whose trace is kept, with the span that it follows where that leaves with it.
    public let kept: (@Sendable (Span, Span?) -> Void)?

    public init(
        _ name: String, _ role: Role, _ attributes: [SpanAttribute], subject: String? = nil,
        kept: (@Sendable (Span, Span?) -> Void)? = nil
    ) {
        self.name = name
        self.role = role
        self.attributes = attributes
        self.subject = subject
        self.kept = kept
    }
}

/// A piece of work on the way of something, from its beginning to its end.
public struct Span: Sendable {
    public enum Status: Sendable, Hashable {
        /// Nobody says.
        case unset
        case ok
        case error(String)
    }

    public let context: TraceContext
    /// The span that it is a part of, or follows from.
    public let parent: TraceContext.SpanID?
    public let kind: SpanKind
    public let start: Timestamp
    public let end: Timestamp
    /// Its own, besides those of its kind.
    public let attributes: [SpanAttribute]
    public let status: Status

    public init(
        _ kind: SpanKind, _ context: TraceContext, parent: TraceContext.SpanID?, from start: Timestamp,
        to end: Timestamp, attributes: [SpanAttribute] = [], status: Status = .unset
    ) {
        self.kind = kind
        self.context = context
        self.parent = parent
        // A clock that was put back in between makes no span end before it begins.
        self.start = min(start, end)
        self.end = end
        self.attributes = attributes
        self.status = status
    }

    public var trace: TraceContext.TraceID { context.trace }
    public var isError: Bool { failure != nil }
    /// What went wrong.
    public var failure: String? { if case .error(let message) = status { message } else { nil } }

    /// All that is said of it.
    public func value(of name: String) -> SpanValue? {
        (attributes.first { $0.name == name } ?? kind.attributes.first { $0.name == name })?.value
    }

    /// What it takes in memory, about: so that what holds many of them can be bounded.
    public var footprint: ByteCount {
        var bytes = MemoryLayout<Span>.stride
        if !attributes.isEmpty { bytes += 32 + attributes.count * MemoryLayout<SpanAttribute>.stride }
        for attribute in attributes {
            if case .text(let text) = attribute.value { bytes += Self.heap(text) }
        }
        if case .error(let text) = status { bytes += Self.heap(text) }
        return ByteCount(bytes)
    }

    /// Short texts are where the string is.
    private static func heap(_ text: String) -> Int { text.utf8.count > 15 ? 32 + text.utf8.count : 0 }
}
