import FleetCore
import FleetFile
import Foundation
import Logging
import OTLP
import Signals
import Synchronization
import Traces

/// What a process tells of itself, for as long as it lives: to a collector, and, as far as it is traces, on its page.
final class FleetTelemetry: Sendable {
    /// `nil` where nobody wants traces.
    let tracing: FleetTracing?
    /// The same for what operators ask for.
    let operatorTracing: FleetTracing?
    /// The traces that were kept last; `nil` where no page shows them.
    let traces: TraceBoard?
    private let collector: Collector?
    private let registry: SharedRegistry
    private let decisions = SamplingQueue()
    private let logger: Logger

    /// Where the fleet file says that things are sent.
    private struct Collector {
        let signals: Set<OTLPSignal>
        let exporter: OTLPExporter
        let log: ExportedLog
    }

    /// How often it looks for traces whose time has come.
    private static let interval = Duration.milliseconds(500)
    /// What is left at the end is sent within this time, or not at all.
    private static let flushLimit = Duration.seconds(2)
    /// A decision that takes longer is told of.
    private static let decisionLimit = Duration.seconds(10)

    /// - Parameters:
    ///   - showsTraces: whether this process serves the page.
    ///   - logger: where trouble with the collector is told: there alone.
    /// - Returns: `nil` where the fleet file does not ask for it.
    init?(_ fleet: FleetDefinition, showsTraces: Bool, version: String, logger: Logger) {
        guard let telemetry = fleet.telemetry else { return nil }
        let registry = SharedRegistry()
        self.registry = registry
        self.logger = logger
        let resource = Self.resource(of: fleet, telemetry.collector, version)
        let collector = telemetry.collector.map { collector in
            let signals = Set(collector.signals.compactMap { OTLPSignal(rawValue: $0.rawValue) })
            let settings = OTLPExporter.Settings(
                encoding: OTLPEncoding(rawValue: collector.encoding.rawValue) ?? .protobuf, signals: signals,
                interval: collector.interval, resource: resource)
            let exporter = OTLPExporter(
                settings, transport: OTLPHTTPTransport(collector, version: version),
                read: { registry.read() },
                logger: logger)
            return Collector(signals: signals, exporter: exporter, log: ExportedLog { exporter.export($0) })
        }
        self.collector = collector
        guard telemetry.wantsTraces, collector != nil || showsTraces else {
            (tracing, operatorTracing, traces) = (nil, nil, nil)
            return
        }
        let sampling = telemetry.sampling(for: fleet.objectives)
        let traces = showsTraces ? TraceBoard(of: sampling) : nil
        let sink = { @Sendable (spans: [Span]) in
            traces?.add(spans)
            collector?.exporter.export(spans)
        }
        self.traces = traces
        tracing = FleetTracing(fleet, sampling, resource: resource.attributes, sink: sink)
        operatorTracing = FleetTracing.ofOperators(fleet, sampling, resource: resource.attributes, sink: sink)
    }

    private static func resource(
        of fleet: FleetDefinition, _ collector: CollectorDefinition?, _ version: String
    ) -> OTLPResource {
        var attributes = [
            SpanAttribute("service.name", "flotilla"), SpanAttribute("service.namespace", fleet.name.text),
            SpanAttribute("service.version", version), SpanAttribute("service.instance.id", EventID.make().description),
            SpanAttribute("flotilla.fleet", fleet.name.text), SpanAttribute("telemetry.sdk.name", "flotilla"),
            SpanAttribute("telemetry.sdk.language", "swift"), SpanAttribute("telemetry.sdk.version", version),
            SpanAttribute("host.name", ProcessInfo.processInfo.hostName),
            SpanAttribute("process.pid", .integer(Int64(ProcessInfo.processInfo.processIdentifier))),
        ]
        for (name, value) in collector?.resource ?? [] {
            attributes.removeAll { $0.name == name }
            attributes.append(SpanAttribute(name, value))
        }
        return OTLPResource(attributes: attributes, version: version)
    }

    /// Whether what is measured is to be exported.
    var wantsMetrics: Bool { collector?.signals.contains(.metrics) == true }

    /// A logger whose lines are exported as well.
    func logger(beside logger: Logger) -> Logger {
        guard let collector, collector.signals.contains(.logs) else { return logger }
        var logger = logger
        logger.handler = MultiplexLogHandler([
            logger.handler, LineLogHandler(level: logger.logLevel) { collector.log.take($0) },
        ])
        return logger
    }

    /// Has what is measured there be exported, and tells there how exporting goes.
    func measure(_ registry: SignalRegistry) {
        self.registry.set(registry)
        _ = registry.refresh { [collector, tracing] in
            if let exporter = collector?.exporter {
                for signal in OTLPSignal.allCases {
                    registry.gauge(FleetMetrics.exported).series(signal.rawValue).set(exporter.exported(signal))
                }
                for loss in exporter.losses {
                    registry.gauge(FleetMetrics.notExported).series(loss.signal.rawValue, loss.reason).set(loss.count)
                }
            }
            guard let reading = tracing?.reading else { return }
            registry.gauge(FleetMetrics.openTraces).series().set(reading.open)
            registry.gauge(FleetMetrics.openTracesSize).series().set(reading.footprint.value)
            registry.gauge(FleetMetrics.lateSpans).series().set(reading.counts.lateSpans)
            registry.gauge(FleetMetrics.omittedSpans).series().set(reading.omitted)
            let decided = registry.gauge(FleetMetrics.decidedTraces)
            decided.series("kept").set(reading.counts.keptTraces)
            decided.series("dropped").set(reading.counts.droppedTraces)
            decided.series("early").set(reading.counts.early)
        }
    }

    /// Tells while `body` is at work, and then what is left.
    func telling<Result: Sendable>(
        during body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let collector { group.addTask { await collector.exporter.run() } }
            group.addTask { await self.decideRepeatedly() }
            group.addTask { await self.foldRepeatedly() }
            let outcome: Swift.Result<Result, any Error>
            do {
                outcome = .success(try await body())
            } catch {
                outcome = .failure(error)
            }
            await decideOnTheRest()
            if let collector {
                collector.log.end()
                collector.exporter.finish(within: Self.flushLimit)
                // The exporter ends by itself then.
                _ = try await group.next()
            }
            group.cancelAll()
            return try outcome.get()
        }
    }

    private func decideRepeatedly() async {
        guard tracing != nil || operatorTracing != nil else { return await untilCancelled() }
        var isTold = false
        while (try? await Task.sleep(for: Self.interval)) != nil {
            let ending = decisions.begin { [tracing, operatorTracing] in
                tracing?.decide()
                operatorTracing?.decide()
            }
            guard await !ending.wait(Self.decisionLimit), !Task.isCancelled else { continue }
            if !isTold {
                logger.warning(
                    """
                    it takes long to decide which traces are kept, as a regular expression of a sampling policy may: what \
                    comes meanwhile has no spans once \(FleetTracing.intakeLimit) of them wait; nothing else waits for it
                    """)
            }
            isTold = true
            while !Task.isCancelled, await !ending.wait(.seconds(3600)) {}
        }
    }

    /// Decides on all that is held, if that does not take too long.
    private func decideOnTheRest() async {
        let ending = decisions.begin { [tracing, operatorTracing] in
            tracing?.end()
            operatorTracing?.end()
        }
        if await !ending.wait(Self.flushLimit) {
            logger.warning("on the last traces nobody has decided in time: they are gone")
        }
    }

    private func foldRepeatedly() async {
        guard let collector else { return await untilCancelled() }
        while (try? await Task.sleep(for: Self.interval)) != nil { collector.log.takeDue() }
    }

    /// The exporter alone ends by itself.
    private func untilCancelled() async {
        while (try? await Task.sleep(for: .seconds(3600))) != nil {}
    }
}

extension TraceBoard {
    /// - Parameter sampling: it says which traces are slow.
    fileprivate convenience init(of sampling: TailSampler.Settings) {
        let slow = sampling.policies.compactMap(\.leastLatency).min()
        self.init(slow.map { RecentTraces.Settings(slow: $0) } ?? RecentTraces.Settings())
    }
}

/// A registry that is there later than those who read it.
private final class SharedRegistry: Sendable {
    private let registry = Mutex<SignalRegistry?>(nil)

    func set(_ new: SignalRegistry) { registry.withLock { $0 = new } }
    func read() -> [FamilyReading] { registry.withLock { $0 }?.read() ?? [] }
}
