import FleetCore
import FleetFile
import Foundation
import Logging
import OTLP
import Signals
import Synchronization
import Traces

/// What a process sends of itself to a collector, for as long as it lives.
final class FleetTelemetry: Sendable {
    /// `nil` where traces are not exported.
    let tracing: FleetTracing?
    /// The same for what operators ask for.
    let operatorTracing: FleetTracing?
    private let log: ExportedLog
    private let exporter: OTLPExporter
    private let signals: Set<OTLPSignal>
    private let registry: SharedRegistry

    /// How often it looks for traces whose time has come.
    private static let interval = Duration.milliseconds(500)
    /// What is left at the end is sent within this time, or not at all.
    private static let flushLimit = Duration.seconds(2)

    /// - Parameter logger: where trouble with the collector is told: there alone.
    /// - Returns: `nil` where the fleet file does not ask for it.
    init?(_ fleet: FleetDefinition, version: String, logger: Logger) {
        guard let telemetry = fleet.telemetry else { return nil }
        let signals = Set(telemetry.signals.compactMap { OTLPSignal(rawValue: $0.rawValue) })
        let registry = SharedRegistry()
        self.signals = signals
        self.registry = registry
        let settings = OTLPExporter.Settings(
            encoding: OTLPEncoding(rawValue: telemetry.encoding.rawValue) ?? .protobuf, signals: signals,
            interval: telemetry.interval, resource: Self.resource(of: fleet, telemetry, version))
        let exporter = OTLPExporter(
            settings, transport: OTLPHTTPTransport(telemetry, version: version),
            read: { registry.read() },
            logger: logger)
        self.exporter = exporter
        log = ExportedLog { exporter.export($0) }
        let isTracing = signals.contains(.traces)
        tracing = isTracing ? FleetTracing(fleet, telemetry.sampling) { exporter.export($0) } : nil
        operatorTracing =
            isTracing ? FleetTracing.ofOperators(fleet, telemetry.sampling) { exporter.export($0) } : nil
    }

    private static func resource(
        of fleet: FleetDefinition, _ telemetry: TelemetryDefinition, _ version: String
    ) -> OTLPResource {
        var attributes = [
            SpanAttribute("service.name", "flotilla"), SpanAttribute("service.namespace", fleet.name.text),
            SpanAttribute("service.version", version), SpanAttribute("service.instance.id", EventID.make().description),
            SpanAttribute("flotilla.fleet", fleet.name.text), SpanAttribute("telemetry.sdk.name", "flotilla"),
            SpanAttribute("telemetry.sdk.language", "swift"), SpanAttribute("telemetry.sdk.version", version),
            SpanAttribute("host.name", ProcessInfo.processInfo.hostName),
            SpanAttribute("process.pid", .integer(Int64(ProcessInfo.processInfo.processIdentifier))),
        ]
        for (name, value) in telemetry.resource {
            attributes.removeAll { $0.name == name }
            attributes.append(SpanAttribute(name, value))
        }
        return OTLPResource(attributes: attributes, version: version)
    }

    /// Whether what is measured is to be exported.
    var wantsMetrics: Bool { signals.contains(.metrics) }

    /// A logger whose lines are exported as well.
    func logger(beside logger: Logger) -> Logger {
        guard signals.contains(.logs) else { return logger }
        var logger = logger
        let log = log
        logger.handler = MultiplexLogHandler([
            logger.handler, LineLogHandler(level: logger.logLevel) { log.take($0) },
        ])
        return logger
    }

    /// Has what is measured there be exported, and tells there how exporting goes.
    func measure(_ registry: SignalRegistry) {
        self.registry.set(registry)
        _ = registry.refresh { [exporter, tracing] in
            for signal in OTLPSignal.allCases {
                registry.gauge(FleetMetrics.exported).series(signal.rawValue).set(exporter.exported(signal))
            }
            for loss in exporter.losses {
                registry.gauge(FleetMetrics.notExported).series(loss.signal.rawValue, loss.reason).set(loss.count)
            }
            guard let reading = tracing?.reading else { return }
            registry.gauge(FleetMetrics.openTraces).series().set(reading.open)
            registry.gauge(FleetMetrics.openTracesSize).series().set(reading.footprint.value)
            registry.gauge(FleetMetrics.lateSpans).series().set(reading.counts.lateSpans)
            let decided = registry.gauge(FleetMetrics.decidedTraces)
            decided.series("kept").set(reading.counts.keptTraces)
            decided.series("dropped").set(reading.counts.droppedTraces)
            decided.series("early").set(reading.counts.early)
        }
    }

    /// Exports while `body` is at work, and then what is left.
    func exporting<Result: Sendable>(
        during body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.exporter.run() }
            group.addTask { await self.decideRepeatedly() }
            let outcome: Swift.Result<Result, any Error>
            do {
                outcome = .success(try await body())
            } catch {
                outcome = .failure(error)
            }
            tracing?.end()
            operatorTracing?.end()
            log.end()
            exporter.finish(within: Self.flushLimit)
            // The exporter ends by itself then.
            _ = try await group.next()
            group.cancelAll()
            return try outcome.get()
        }
    }

    private func decideRepeatedly() async {
        while (try? await Task.sleep(for: Self.interval)) != nil {
            tracing?.decide()
            operatorTracing?.decide()
            log.takeDue()
        }
    }
}

/// A registry that is there later than those who read it.
private final class SharedRegistry: Sendable {
    private let registry = Mutex<SignalRegistry?>(nil)

    func set(_ new: SignalRegistry) { registry.withLock { $0 = new } }
    func read() -> [FamilyReading] { registry.withLock { $0 }?.read() ?? [] }
}
