import Endpoints
import FleetCore
import FleetFile
import HTTPServer
import Logging
import Push
import Signals
import Views

/// What a process measures, and serves: for as long as it lives, whether it carries the fleet or waits for its turn.
final class FleetSignals: Sendable {
    let registry: SignalRegistry
    let health = FleetHealth()
    /// How the fleet's objectives stand.
    let objectives = ObjectiveBoard()
    private let fleet: FleetDefinition
    /// `nil` where the fleet file asks for none: then it is measured for objectives alone.
    private let server: HTTPServer?

    /// - Returns: `nil` where the fleet file does not ask for it.
    /// - Throws: where nobody can listen at the address that it names.
    static func serving(_ fleet: FleetDefinition, version: String, logger: Logger) async throws -> FleetSignals? {
        guard fleet.metrics != nil || !fleet.objectives.isEmpty else { return nil }
        let signals = try await FleetSignals(fleet, version: version, logger: logger)
        if let metrics = fleet.metrics, let server = signals.server {
            logger.info(
                "signals are served at http://\(metrics.host.contains(":") ? "[\(metrics.host)]" : metrics.host):\(server.port)/metrics"
            )
        }
        return signals
    }

    private init(_ fleet: FleetDefinition, version: String, logger: Logger) async throws {
        self.fleet = fleet
        let registry = SignalRegistry(onOverflow: { metric in
            logger.warning(
                "metric \(metric.name) has more than \(metric.seriesLimit) series; the rest are one, \(Family<Gauge>.overflow)"
            )
        })
        self.registry = registry
        registry.gauge(FleetMetrics.build).series(version).set(1)
        registry.gauge(FleetMetrics.fleet).series(fleet.name.text, fleet.broker.engine).set(1)
        registry.gauge(FleetMetrics.carrying).series().set(false)
        let process = ProcessMetrics(registry)
        _ = registry.refresh { process.refresh() }
        let health = health
        guard let address = fleet.metrics else {
            server = nil
            return
        }
        server = try await HTTPServer(host: address.host, port: address.port) { question in
            switch question.path {
            case "/metrics":
                let form = Exposition.wanted(accept: question.accept)
                return HTTPAnswer(contentType: form.contentType, body: form.write(registry.read()))
            case "/healthz": return health.livenessAnswer
            case "/readyz": return health.readinessAnswer
            default: return nil
            }
        }
    }

    func close() async { await server?.close() }

    /// All that may be told.
    static var metrics: [Metric] {
        FleetMetrics.all + ObjectiveMetrics.all + ProcessMetrics.all + Connectors.storeMetrics
    }

    // MARK: Who measures

    private func storeSystem(_ service: ServiceDefinition) -> String {
        service.store.isSQLite ? "sqlite" : "postgresql"
    }
    private var brokerSystem: String { fleet.broker.engine == "embedded" ? "flotilla" : fleet.broker.engine }

    func relay(of service: ServiceDefinition, stream: StreamName) -> RelayMeter {
        RelayMeter(
            registry, service: service.name.text, storeSystem: storeSystem(service), stream: stream,
            brokerSystem: brokerSystem)
    }

    func delivery(of applier: ViewApplier, in service: ServiceDefinition) -> DeliveryMeter {
        DeliveryMeter(
            registry, subscription: applier.subscription, storeSystem: storeSystem(service), stream: applier.stream,
            brokerSystem: brokerSystem)
    }

    func push(of plan: PushPlan, in service: ServiceDefinition) -> DeliveryMeter {
        DeliveryMeter(
            registry, subscription: plan.subscription, storeSystem: storeSystem(service), stream: plan.stream,
            brokerSystem: brokerSystem,
            endpoints: plan.targets.map { target in
                // Parameters may be somebody's secret, and tell nobody which endpoint it is.
                String(target.endpoint.name.prefix { $0 != "?" })
            })
    }
}
