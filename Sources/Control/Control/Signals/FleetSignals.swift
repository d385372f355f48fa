import Endpoints
import FleetCore
import FleetFile
import HTTPServer
import Logging
import Push
import Signals
import Synchronization
import Views

/// What a process measures, and serves: for as long as it lives, whether it carries the fleet or waits for its turn.
final class FleetSignals: Sendable {
    let registry: SignalRegistry
    let health = FleetHealth()
    /// What the page shows; `nil` where none is served.
    let board: OverviewBoard?
    /// How the fleet's objectives stand.
    let objectives = ObjectiveBoard()
    let certificates: CertificateBoard
    /// How sagas and flows stand.
    let coordination = CoordinationBoard()
    /// What the servers of stores run.
    let statements: StatementBoard
    /// What the tables of stores are like.
    let schemas: SchemaBoard
    /// What is wrong with servers that several stores share, and whose stores have found it.
    private let troubles = Mutex<[String: Set<ServiceName>]>([:])
    private let fleet: FleetDefinition
    private let servers: [HTTPServer]

    /// - Returns: `nil` where the fleet file does not ask for it.
    /// - Throws: where nobody can listen at an address that it names.
    static func serving(
        _ fleet: FleetDefinition, version: String, telemetry: FleetTelemetry? = nil, logger: Logger
    ) async throws -> FleetSignals? {
        let isWanted = fleet.metrics != nil || fleet.page != nil || !fleet.objectives.isEmpty
        guard isWanted || telemetry?.wantsMetrics == true else { return nil }
        let signals = try await FleetSignals(
            fleet, version: version, telemetry: telemetry, logger: logger)
        telemetry?.measure(signals.registry)
        return signals
    }

    private init(
        _ fleet: FleetDefinition, version: String, telemetry: FleetTelemetry?, logger: Logger
    ) async throws {
        self.fleet = fleet
        let registry = SignalRegistry(onOverflow: { metric in
            logger.warning(
                "metric \(metric.name) has more than \(metric.seriesLimit) series; the rest are one, \(Family<Gauge>.overflow)"
            )
        })
        self.registry = registry
        let statements = StatementBoard(fleet)
        self.statements = statements
        registry.gauge(FleetMetrics.build).series(version).set(1)
        registry.gauge(FleetMetrics.fleet).series(fleet.name.text, fleet.broker.engine).set(1)
        registry.gauge(FleetMetrics.carrying).series().set(false)
        let process = ProcessMetrics(registry)
        _ = registry.refresh { process.refresh() }
        let board = fleet.page.map { _ in OverviewBoard(fleet, version: version) }
        self.board = board
        schemas = SchemaBoard(keepsHistory: board != nil)
        let metricsTLS = try fleet.metrics?.tls?.loaded
        let pageTLS = try fleet.page?.tls?.loaded
        let shown = ["metrics": metricsTLS?.end, "page": pageTLS?.end].compactMapValues(\.self)
        certificates = CertificateBoard(fleet, shown: shown, registry, logger)
        var servers: [HTTPServer] = []
        do {
            if let serving = fleet.metrics {
                servers.append(
                    try await Self.naming("metrics") { [health] in
                        try await Self.serveMetrics(at: serving, metricsTLS, registry, health, logger)
                    })
            }
            if let serving = fleet.page, let board {
                let desk = PageDesk(
                    fleet, serving, board: board, registry: registry, health: health, statements: statements,
                    tracing: telemetry?.operatorTracing, traces: telemetry?.traces, logger: logger)
                servers.append(
                    try await Self.naming("page") { try await Self.servePage(at: serving, pageTLS, desk, logger) })
            }
        } catch {
            for server in servers { await server.close() }
            throw error
        }
        self.servers = servers
    }

    /// - Parameter key: of the fleet file, for whom nobody can listen.
    private static func naming(_ key: String, _ serve: () async throws -> HTTPServer) async throws -> HTTPServer {
        do {
            return try await serve()
        } catch let error as FleetError {
            throw FleetError(
                error.code, "`\(key)` cannot be served: \(error.message)", remedy: error.remedy,
                isRetriable: error.isRetriable, underlying: error.underlying)
        }
    }

    private static func serveMetrics(
        at serving: ServingDefinition, _ tls: ServerTLS?, _ registry: SignalRegistry, _ health: FleetHealth,
        _ logger: Logger
    ) async throws -> HTTPServer {
        let guardian = PageGuard(serving)
        let server = try await HTTPServer(
            host: serving.host, port: serving.port, tls: tls
        ) { question in
            if question.path == "/healthz" { return .answer(health.livenessAnswer) }
            if let trouble = guardian.hostTrouble(question) { return .answer(trouble) }
            guard !guardian.needsToken || guardian.hasToken(question) else {
                var answer = HTTPAnswer.text(401, "the token is missing or wrong; send it: Authorization: Bearer TOKEN")
                answer.fields = [HTTPField("www-authenticate", "Bearer realm=\"flotilla\"")]
                return .answer(answer)
            }
            switch question.path {
            case "/metrics":
                let form = Exposition.wanted(accept: question.accept)
                return .answer(HTTPAnswer(contentType: form.contentType, body: registry.exposition(form)))
            case "/readyz": return .answer(health.readinessAnswer)
            default: return nil
            }
        }
        logger.info("signals are served at \(serving.url(port: server.port))/metrics")
        return server
    }

    private static func servePage(
        at serving: ServingDefinition, _ tls: ServerTLS?, _ desk: PageDesk, _ logger: Logger
    ) async throws -> HTTPServer {
        let server = try await HTTPServer(
            host: serving.host, port: serving.port, tls: tls, takesPosts: true
        ) { desk.reply(to: $0) }
        logger.info("the page is served at \(serving.url(port: server.port))/")
        return server
    }

    /// Notes what all find who ask a server.
    /// - Returns: whether nobody had found it.
    func isNews(_ trouble: String, to service: ServiceName) -> Bool {
        troubles.withLock { troubles in
            defer { troubles[trouble, default: []].insert(service) }
            return troubles[trouble] == nil
        }
    }

    /// Notes that a store does not find it any more: when nobody does, it is news again.
    func isOver(_ trouble: String, for service: ServiceName) {
        troubles.withLock { troubles in
            troubles[trouble]?.remove(service)
            if troubles[trouble]?.isEmpty == true { troubles[trouble] = nil }
        }
    }

    /// Tells why this process does not carry the fleet.
    func wait(because reason: String) {
        health.end(because: reason)
        board?.rest(because: reason)
    }

    func close() async { for server in servers { await server.close() } }

    /// All that may be told.
    static var metrics: [Metric] {
        FleetMetrics.all + ObjectiveMetrics.all + ProcessMetrics.all + Connectors.storeMetrics
            + Connectors.brokerMetrics
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
        delivery(of: applier, storeSystem: storeSystem(service))
    }

    /// What a journal of flows reads.
    func delivery(of applier: ViewApplier) -> DeliveryMeter {
        delivery(of: applier, storeSystem: fleet.state.store == nil ? "sqlite" : "postgresql")
    }

    private func delivery(of applier: ViewApplier, storeSystem: String) -> DeliveryMeter {
        DeliveryMeter(
            registry, subscription: applier.subscription, storeSystem: storeSystem, stream: applier.stream,
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

extension ServingDefinition {
    /// - Parameter port: where it is really served.
    fileprivate func url(port: Int) -> String {
        "\(tls == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}

extension ServingDefinition.TLS {
    fileprivate var loaded: ServerTLS {
        get throws { try ServerTLS(certificate: certificate, key: key) }
    }
}
