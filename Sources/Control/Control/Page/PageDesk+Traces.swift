import FleetCore
import Foundation
import HTTPServer
import Traces

/// Traces on the page: those that were kept last.
extension PageDesk {
    private static let rowLimit = 200

    private struct Listing: Encodable {
        /// Whether any are made.
        var areMade: Bool
        var traces: [Row]
    }

    private struct Row: Encodable {
        var id: String
        /// What it began with: an event's type where it is about one, else the first span's name.
        var name: String
        var at: String
        var seconds: Double
        var spans: Int
        var services: [String]
        /// `failed`, `slow` or `other`.
        var kind: String
        var error: String?

        init(_ trace: RecentTraces.Trace) {
            let first = trace.first
            id = trace.id.description
            name = first.map { $0.value(of: "cloudevents.event_type")?.text ?? $0.kind.name } ?? ""
            at = trace.start.description
            seconds = trace.duration.inSeconds.rounded6
            spans = trace.spans.count + trace.omitted
            services = Set(trace.spans.compactMap { $0.value(of: "flotilla.service")?.text }).sorted()
            kind = trace.kind.rawValue
            error = trace.failure
        }
    }

    /// `/api/traces?of=orders&kind=failed&by=duration&limit=10`
    func traces(_ question: HTTPQuestion) -> HTTPAnswer {
        let limit = question.parameter("limit").flatMap(Int.init) ?? Self.rowLimit
        let query = RecentTraces.Query(
            subject: question.parameter("of"), kind: question.parameter("kind").flatMap(RecentTraces.Kind.init),
            order: question.parameter("by") == "duration" ? .slowest : .youngest,
            limit: min(max(limit, 1), Self.rowLimit))
        return Self.json(Listing(areMade: traces != nil, traces: (traces?.find(query) ?? []).map(Row.init)))
    }

    private struct TracePage: Encodable {
        struct Row: Encodable {
            var id: String
            var name: String
            var depth: Int
            /// From the beginning of the trace, in seconds.
            var from: Double
            var seconds: Double
            var service: String?
            /// What it is about otherwise.
            var reader: String?
            var stream: String?
            var error: String?
            var attributes: [Attribute]
        }

        struct Attribute: Encodable {
            var name: String
            var value: String
        }

        var id: String
        var at: String
        var seconds: Double
        var kind: String
        var error: String?
        /// Spans that there was no room for.
        var omitted: Int
        var spans: [Row]

        init(_ trace: RecentTraces.Trace) {
            id = trace.id.description
            at = trace.start.description
            seconds = trace.duration.inSeconds.rounded6
            kind = trace.kind.rawValue
            error = trace.failure
            omitted = trace.omitted
            spans = SpanTree(trace.spans).rows.map { row in
                let span = row.span
                let attributes = (span.kind.attributes + span.attributes)
                    .map { Attribute(name: $0.name, value: $0.value.text) }
                func text(_ name: String) -> String? { span.value(of: name)?.text }
                return Row(
                    id: span.context.span.description, name: span.kind.name, depth: row.depth,
                    from: span.start.elapsed(since: trace.start).inSeconds.rounded6,
                    seconds: span.end.elapsed(since: span.start).inSeconds.rounded6, service: text("flotilla.service"),
                    reader: text("messaging.consumer.group.name"), stream: text("messaging.destination.name"),
                    error: span.failure, attributes: attributes)
            }
        }
    }

    /// `/api/trace?id=4bf92f3577b34da6a3ce929d0e0e4736`
    func trace(_ question: HTTPQuestion) -> HTTPAnswer {
        guard let id = question.parameter("id").flatMap({ TraceContext.TraceID($0) }) else {
            return Self.failure(400, "which trace?", "add ?id= and the 32 digits of its id")
        }
        guard let trace = traces?.trace(id) else {
            return Self.failure(
                404, "trace \(id) is not here", "only those that were kept last are; a collector may have others")
        }
        return Self.json(TracePage(trace))
    }
}

extension Double {
    /// Microseconds.
    fileprivate var rounded6: Double { (self * 1_000_000).rounded() / 1_000_000 }
}
