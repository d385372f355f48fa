public import FleetCore
public import Logging
public import Signals
import Synchronization
public import Traces

/// Where requests go. What it sends must not be told to anybody.
public protocol OTLPTransport: Sendable {
    /// What may be shown of where it is.
    var name: String { get }

    func post(_ body: [UInt8], to signal: OTLPSignal, contentType: String, within limit: Duration) async -> OTLPAnswer
    func close() async
}

/// Exports spans, metrics and lines of the log over OTLP/HTTP.
///
/// Whoever hands something over never waits. What there is no room for is dropped, counted, and told in the log in one line a
/// minute.
public final class OTLPExporter: Sendable {
    public struct Settings: Sendable {
        public var encoding: OTLPEncoding
        public var signals: Set<OTLPSignal>
        /// How often metrics are sent.
        public var interval: Duration
        public var resource: OTLPResource

        public init(
            encoding: OTLPEncoding, signals: Set<OTLPSignal>, interval: Duration, resource: OTLPResource
        ) {
            self.encoding = encoding
            self.signals = signals
            self.interval = interval
            self.resource = resource
        }
    }

    /// What did not arrive.
    public struct Loss: Sendable, Hashable {
        public var signal: OTLPSignal
        public var reason: String
        public var count: Int

        public init(signal: OTLPSignal, reason: String, count: Int) {
            self.signal = signal
            self.reason = reason
            self.count = count
        }
    }

    private let settings: Settings
    private let transport: any OTLPTransport
    private let read: @Sendable () -> [FamilyReading]
    private let clock: FleetClock
    private let logger: Logger
    private let spans: ExportLane<Span>
    private let logs: ExportLane<OTLPLogRecord>
    /// Requests that are ready: what was not sent in time is old.
    private let metrics: ExportLane<[UInt8]>
    private let isFinishing = Mutex(false)

    /// So many series go into one request.
    private static let seriesLimit = 4000

    /// - Parameters:
    ///   - read: what is measured.
    ///   - logger: where trouble is told; not one whose lines are exported.
    public init(
        _ settings: Settings, transport: any OTLPTransport, read: @escaping @Sendable () -> [FamilyReading],
        clock: FleetClock = .system,
        logger: Logger
    ) {
        self.settings = settings
        self.transport = transport
        self.read = read
        self.clock = clock
        self.logger = logger
        let (encoding, resource) = (settings.encoding, settings.resource)
        @Sendable func post(_ signal: OTLPSignal, _ items: [OTLPMessage], _ limit: Duration) async -> OTLPAnswer {
            await transport.post(
                encoding.bytes(resource.request(signal, items)), to: signal, contentType: encoding.contentType,
                within: limit)
        }
        let name = transport.name
        spans = ExportLane(
            .init(waiting: 16_384, batch: 512), clock: clock,
            send: { await post(.traces, $0.map(OTLP.span), $1) },
            tell: { Self.tell($0, of: .traces, name, logger) })
        logs = ExportLane(
            .init(waiting: 4096, batch: 512), clock: clock, send: { await post(.logs, $0.map(OTLP.record), $1) },
            tell: { Self.tell($0, of: .logs, name, logger) })
        metrics = ExportLane(
            .init(waiting: 16, batch: 1, patience: settings.interval), clock: clock,
            send: { bodies, limit in
                await transport.post(bodies[0], to: .metrics, contentType: encoding.contentType, within: limit)
            }, tell: { Self.tell($0, of: .metrics, name, logger) })
    }

    // MARK: Handing over

    public func export(_ spans: [Span]) {
        if settings.signals.contains(.traces), !spans.isEmpty { self.spans.add(spans) }
    }

    public func export(_ record: OTLPLogRecord) {
        if settings.signals.contains(.logs) { logs.add([record]) }
    }

    /// What did not arrive so far.
    public var losses: [Loss] {
        func losses<Item>(_ signal: OTLPSignal, _ lane: ExportLane<Item>) -> [Loss] {
            lane.losses.map { Loss(signal: signal, reason: $0.key.rawValue, count: $0.value) }
        }
        return losses(.traces, spans) + losses(.metrics, metrics) + losses(.logs, logs)
    }

    /// What arrived so far: spans, lines of the log, requests with metrics.
    public func exported(_ signal: OTLPSignal) -> Int {
        switch signal {
        case .traces: spans.exported
        case .metrics: metrics.exported
        case .logs: logs.exported
        }
    }

    // MARK: Running

    /// Exports until ``finish(within:)``, or until the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { watchers in
            watchers.addTask { await self.readRepeatedly() }
            watchers.addTask { await self.tellLossesRepeatedly() }
            await withTaskGroup(of: Void.self) { lanes in
                lanes.addTask { await self.spans.run() }
                lanes.addTask { await self.logs.run() }
                lanes.addTask { await self.metrics.run() }
            }
            watchers.cancelAll()
        }
        tellLosses()
        await transport.close()
    }

    /// Sends what is left, as long as there is time, and ends.
    public func finish(within limit: Duration) {
        let isFirst = isFinishing.withLock { isFinishing in
            defer { isFinishing = true }
            return !isFinishing
        }
        guard isFirst else { return }
        readMetrics()
        spans.finish(within: limit)
        logs.finish(within: limit)
        metrics.finish(within: limit)
    }

    private func readRepeatedly() async {
        while (try? await Task.sleep(for: settings.interval)) != nil { readMetrics() }
    }

    private func readMetrics() {
        guard settings.signals.contains(.metrics) else { return }
        let now = clock.now()
        var request: [OTLPMessage] = []
        var series = 0
        func close() {
            if request.isEmpty { return }
            metrics.add([settings.encoding.bytes(settings.resource.request(.metrics, request))])
            (request, series) = ([], 0)
        }
        for family in read() {
            if series + family.series.count > Self.seriesLimit { close() }
            request.append(OTLP.metric(family, at: now))
            series += family.series.count
        }
        close()
    }

    // MARK: The log

    private static func tell<Item>(
        _ notice: ExportMachine<Item>.Notice, of signal: OTLPSignal, _ name: String, _ logger: Logger
    ) {
        switch notice {
        case .trouble(let why, let isLost):
            let next = isLost ? "what was refused is not sent again" : "it is tried again"
            logger.warning("\(signal.rawValue) are not exported to \(name): \(why); events are carried, and \(next)")
        case .partial(let rejected, let message):
            let count = rejected > 0 ? "has rejected \(rejected) of them" : "warns"
            logger.warning("\(name) takes \(signal.rawValue), and \(count): \(message)")
        case .recovered: logger.info("\(signal.rawValue) are exported again")
        }
    }

    private let told = Mutex<[Loss]>([])

    private func tellLossesRepeatedly() async {
        while (try? await Task.sleep(for: .seconds(60))) != nil { tellLosses() }
    }

    /// What was lost since it was told last, in one line.
    private func tellLosses() {
        let now = losses
        let before = told.withLock { told in
            defer { told = now }
            return Dictionary(
                uniqueKeysWithValues: told.map { (Loss(signal: $0.signal, reason: $0.reason, count: 0), $0.count) })
        }
        let new = now.compactMap { loss -> String? in
            let known = before[Loss(signal: loss.signal, reason: loss.reason, count: 0)] ?? 0
            return loss.count > known ? "\(loss.signal.counted(loss.count - known)) (\(loss.reason))" : nil
        }
        if !new.isEmpty { logger.warning("not exported: \(new.sorted().joined(separator: ", "))") }
    }
}

extension OTLPSignal {
    /// `1 span`, `3 requests with metrics`.
    fileprivate func counted(_ count: Int) -> String {
        let (noun, rest) =
            switch self {
            case .traces: ("span", "")
            case .metrics: ("request", " with metrics")
            case .logs: ("line", " of the log")
            }
        return "\(count) \(noun)\(count == 1 ? "" : "s")\(rest)"
    }
}
