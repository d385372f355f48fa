import FleetCore
import Logging
import OTLP
import Signals
import Synchronization
import Traces

/// A collector in memory: it answers as it is told to, and keeps what it was sent.
final class Collector: OTLPTransport {
    struct Request: Sendable {
        var signal: OTLPSignal
        var contentType: String
        var body: [UInt8]
    }

    let name = "http://collector:4318"
    private let requests = Mutex<[Request]>([])
    private let answers: Mutex<[OTLPAnswer]>

    /// - Parameter answers: the first ones; then everything is taken.
    init(_ answers: [OTLPAnswer] = []) { self.answers = Mutex(answers) }

    var received: [Request] { requests.withLock { $0 } }

    func post(_ body: [UInt8], to signal: OTLPSignal, contentType: String, within limit: Duration) async -> OTLPAnswer {
        requests.withLock { $0.append(Request(signal: signal, contentType: contentType, body: body)) }
        return answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            ?? .answered(status: 200, retryAfter: nil, body: [])
    }

    func close() async {}
}

/// Lines of a log.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        let lines: LogLines

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.lines.withLock { $0.append("\(event.level) \(event.message)") } }
    }
}

enum Samples {
    static let context =
        TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        ?? TraceContext(trace: .init(high: 1, low: 1), span: .init(1))
    static let resource = OTLPResource(
        attributes: [SpanAttribute("service.name", "flotilla"), SpanAttribute("process.pid", .integer(7))],
        version: "1.2.3")
    static let time = Timestamp(microseconds: 1_790_000_000_123_456)

    static func span(_ number: UInt64 = 0x0A, status: Span.Status = .unset) -> Span {
        let kind = SpanKind(
            "append shop-orders", .producer,
            [SpanAttribute("messaging.system", "nats"), SpanAttribute("server.port", .integer(-4222))])
        return Span(
            kind, TraceContext(trace: context.trace, span: .init(number)), parent: context.span, from: time,
            to: time.advanced(by: .milliseconds(5)),
            attributes: [
                SpanAttribute("messaging.message.id", .id(EventID(high: 1, low: 2))),
                SpanAttribute("share", .real(0.25)), SpanAttribute("isGood", .flag(true)),
                SpanAttribute("text", "quotes \" \\ and\nnewlines, \u{1} and é"),
            ], status: status)
    }

    static func exporter(
        _ collector: Collector, encoding: OTLPEncoding = .protobuf, registry: SignalRegistry = SignalRegistry(),
        signals: Set<OTLPSignal> = Set(OTLPSignal.allCases), lines: LogLines = LogLines(),
        clock: FleetClock = .system
    ) -> OTLPExporter {
        OTLPExporter(
            .init(encoding: encoding, signals: signals, interval: .seconds(60), resource: resource),
            transport: collector, read: { registry.read() }, clock: clock, logger: lines.logger)
    }
}
