import FleetCore
import Traces

/// What tests of sampling begin with.
enum Given {
    static let kind = SpanKind("append shop-orders", .producer, [SpanAttribute("messaging.system", "flotilla")])

    static func trace(_ number: UInt64) -> TraceContext {
        TraceContext(
            trace: .init(high: number &* 0x9E37_79B9_7F4A_7C15, low: number &+ 1), span: .init(number &* 2 &+ 1))
    }

    static func time(_ seconds: Double) -> Timestamp {
        Timestamp(microseconds: 1_000_000_000_000 + Int64(seconds * 1_000_000))
    }

    static func span(
        _ trace: UInt64, from start: Double = 0, took: Double = 0.01, status: Span.Status = .unset,
        attributes: [SpanAttribute] = []
    ) -> Span {
        Span(
            kind, Self.trace(trace).newChild(), parent: Self.trace(trace).span, from: time(start),
            to: time(start + took), attributes: attributes, status: status)
    }
}
