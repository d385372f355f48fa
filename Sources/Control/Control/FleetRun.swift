import Brokers
public import FleetCore
public import FleetFile
import HTTPEndpoint
import Logging
public import Objectives
import Push
import Relay
import SQLiteStore
import SagaModel
import Sagas
import ServiceLifecycle
import Stores
import Subscriptions
import Synchronization
import Views

/// Carries a fleet's events: one relay a publishing service, one delivery a subscription and stream.
public final class FleetRun: Sendable {
    public struct Options: Sendable {
        /// End when nothing is pending.
        public var untilIdle: Bool
        /// Of the program, for those who read its signals.
        public var version: String

        public init(untilIdle: Bool = false, version: String = "unknown") {
            self.untilIdle = untilIdle
            self.version = version
        }
    }

    /// A piece of the fleet's work, for those who show it.
    public struct Work: Sendable {
        /// `limits`: the limits of a flow pass; `sagas`: sagas are carried out.
        public enum Kind: Sendable { case relay, delivery, limits, sagas }
        public var kind: Kind
        /// The service whose outbox is relayed, the subscription that is delivered to, or a journal of sagas.
        public var subject: String
        public var stream: StreamName
        public var progress: Progress
        let gate: FlowGate

        /// Whether an operator has it rest.
        public var isPaused: Bool { gate.isPaused }
    }

    public let fleet: FleetDefinition
    /// Everything that is at work, in the order of the file.
    public let work: [Work]
    private let relays: [RelayService]
    /// Four batches of a relay may be in memory at once: larger ones are hardly faster.
    private static let relayLimit = BatchLimit(events: 2048, bytes: .mebibytes(2))
    private let deliveries: [DeliveryService]
    private let flowServices: [any Service]
    private let flowStores: [SharedStore]
    private let pushes: [PushService]
    private let endpoints: [PushAssembly]
    private let sagas: [SagaAssembly]
    private let caller: HTTPCaller?
    private let broker: any Broker
    private let stores: FleetStores
    private let hold: any FleetHold
    private let state: any FleetState
    private let gates: FlowGates
    private let changes: ChangeSignal
    private let options: Options
    private let logger: Logger
    /// `nil` where nobody measures.
    private let watch: SignalWatch?
    /// `nil` where no page is served.
    private let overview: OverviewWatch?
    /// `nil` where the fleet has no objectives.
    private let objectives: ObjectiveWatch?
    /// `nil` where it has some, or never had any.
    private let formerObjectives: FormerObjectives?
    /// How the fleet's objectives stand; `nil` while nobody counts.
    public var objectivesReading: ObjectivesReading? { objectives?.board.reading }

    /// - Parameters:
    ///   - hold: the right to carry the fleet; it is released at the end of ``run(with:until:)``.
    ///   - signals: where what is measured goes; `nil` for nowhere.
    ///   - tracing: who makes spans; `nil` for nobody.
    ///   - flow: what the state holds of what operators have told the fleet's parts.
    ///   - sagasInUse: by journal, the definitions of sagas that have not ended.
    init(
        _ fleet: FleetDefinition, hold: any FleetHold, state: any FleetState, flow: [FlowEntry],
        sagasInUse: [String: [SagaDefinition]], options: Options = Options(), signals: FleetSignals? = nil,
        tracing: FleetTracing? = nil, logger: Logger
    ) throws {
        self.fleet = fleet
        self.hold = hold
        self.state = state
        let gates = FlowGates(fleet.flowSubjects, entries: flow)
        self.gates = gates
        self.options = options
        self.logger = logger
        let broker = Connectors.broker(of: fleet, epoch: hold.epoch) { logger.warning("\($0)") }
        self.broker = broker
        let watcher = FileWatcher()
        let changes = ChangeSignal()
        self.changes = changes
        // Where somebody waits for the end, an idle look must not take long.
        let patience = options.untilIdle ? Duration.milliseconds(25) : .seconds(1)
        var work: [Work] = []
        var relays: [RelayService] = []
        var deliveries: [DeliveryService] = []
        let stores = FleetStores()
        var effects: [ServiceName: SharedStore] = [:]
        var measuredRelays: [MeasuredRelay] = []
        var measured: [MeasuredDelivery] = []
        var sources = ObjectiveSources(fleet.objectives)
        let drain = DrainLimit()
        for (service, stream) in fleet.publishers {
            let progress = Progress(name: "\(service.name) outbox", changes: changes)
            let publishes = service.publishes
            let gate = gates.gate(of: service.name.text)
            let meter = signals?.relay(of: service, stream: stream)
            let relay = RelayService(
                stream: stream,
                contract: RelayContract(
                    service: service.name, maximumEventSize: service.outbox.maximumEventSize,
                    publishes: { publishes.contains($0) }),
                broker: broker, limit: Self.relayLimit, patience: patience, progress: progress, gate: gate,
                drain: drain,
                observer: sources.relay(of: service.name, stream, meter),
                tracer: tracing?.relay(of: service, stream: stream, meter: meter),
                tell: { logger.about(stream).tell(of: $0, at: "\(service.name) outbox") },
                makeSource: {
                    // Whoever else captures this outbox was told to leave it, if the fleet is still ours.
                    try await hold.confirm()
                    return try await Connectors.outbox(
                        of: service, stream: stream, watcher: watcher,
                        spoolDirectory: "\(fleet.state.directory)/spool", evictsOthers: hold.epoch != nil)
                })
            relays.append(relay)
            let piece = Work(
                kind: .relay, subject: service.name.text, stream: stream, progress: progress, gate: gate)
            work.append(piece)
            if let meter {
                measuredRelays.append(MeasuredRelay(service: service, relay: relay, work: piece, meter: meter))
            }
        }
        var pushes: [PushService] = []
        var endpoints: [PushAssembly] = []
        var pushing: [(ServiceDefinition, SharedStore)] = []
        for service in fleet.services where !service.views.isEmpty || !service.push.isEmpty {
            let store = stores.store(of: service)
            effects[service.name] = store
            for view in service.views {
                for applier in try fleet.appliers(of: view, in: service) {
                    let name = "\(applier.subscription) from \(applier.stream.service)"
                    let progress = Progress(name: name, changes: changes)
                    let gate = gates.gate(of: applier.subscription.description)
                    let meter = signals?.delivery(of: applier, in: service)
                    deliveries.append(
                        DeliveryService(
                            applier: applier, stores: store, broker: broker, limit: view.limit.batch,
                            rate: view.limit.rate, patience: patience, progress: progress, gate: gate,
                            observer: sources.delivery(of: applier.subscription, applier.stream, isPush: false, meter),
                            tracer: tracing?.delivery(of: applier, in: service, meter: meter),
                            tell: {
                                logger.about(applier.stream).tell(of: $0, at: applier.subscription.description)
                            }))
                    let piece = Work(
                        kind: .delivery, subject: applier.subscription.description, stream: applier.stream,
                        progress: progress, gate: gate)
                    work.append(piece)
                    measured.append(
                        MeasuredDelivery(
                            service: service, subscription: applier.subscription, stream: applier.stream, work: piece,
                            meter: meter))
                }
            }
            if !service.push.isEmpty { pushing.append((service, store)) }
        }
        // Nothing fails from here on: whoever has connections gets to close them.
        for (service, store) in pushing {
            let assembly = PushAssembly(of: service, in: fleet)
            endpoints.append(assembly)
            for plan in assembly.plans {
                let name = "\(plan.subscription) from \(plan.stream.service)"
                let progress = Progress(name: name, changes: changes)
                let gate = gates.gate(of: plan.subscription.description)
                let meter = signals?.push(of: plan, in: service)
                pushes.append(
                    PushService(
                        plan: plan, stores: store, broker: broker, patience: patience, progress: progress, gate: gate,
                        drain: drain,
                        observer: sources.delivery(of: plan.subscription, plan.stream, isPush: true, meter),
                        tracer: tracing?.push(of: plan, in: service, meter: meter),
                        tell: { logger.about(plan.stream).tell(of: $0, at: plan.subscription.description) }))
                let piece = Work(
                    kind: .delivery, subject: plan.subscription.description, stream: plan.stream, progress: progress,
                    gate: gate)
                work.append(piece)
                measured.append(
                    MeasuredDelivery(
                        service: service, subscription: plan.subscription, stream: plan.stream, work: piece,
                        meter: meter))
            }
        }
        let caller = fleet.sagas.isEmpty ? nil : HTTPCaller()
        self.caller = caller
        let sagaMeter = fleet.sagas.isEmpty ? nil : signals.map { SagaMeter($0.registry) }
        sagas =
            caller.map { caller in
                fleet.sagaPlaces.map { place in
                    SagaAssembly(
                        place, inUse: sagasInUse[place.name] ?? [], in: fleet, broker: broker, caller: caller,
                        hold: hold, patience: patience, changes: changes, tracing: tracing, observer: sagaMeter,
                        signals: signals, logger: logger,
                        stores: { stores.store(of: $0) })
                }
            } ?? []
        work += sagas.flatMap(\.work)
        let flows = FlowAssembly(
            fleet, relays: Dictionary(zip(fleet.publishers.map(\.service.name.text), relays)) { first, _ in first },
            broker: broker, gates: gates, patience: patience, changes: changes, signals: signals, logger: logger)
        work += flows.work
        flowStores = flows.stores
        flowServices = flows.services
        self.work = work
        self.relays = relays
        self.deliveries = deliveries
        self.pushes = pushes
        self.endpoints = endpoints
        self.stores = stores
        let readers = sagas.flatMap(\.readers) + flows.readers
        let watch = signals.map { signals in
            SignalWatch(
                fleet: fleet, epoch: hold.epoch, signals: signals, broker: broker, relays: measuredRelays,
                deliveries: measured + fleet.declaredConsumers + readers, effects: effects, work: work, logger: logger)
        }
        self.watch = watch
        objectives =
            if let signals, let watch, !fleet.objectives.isEmpty {
                ObjectiveWatch(
                    fleet: fleet, epoch: hold.epoch ?? 0, sources: sources.sources,
                    look: ObjectiveLook(
                        relays: measuredRelays, deliveries: measured, places: watch.places, health: signals.health),
                    board: signals.objectives, desk: AlertDesk(fleet.alerts),
                    metrics: ObjectiveMetrics(registry: signals.registry, fleet: fleet.name), logger: logger)
            } else {
                nil
            }
        formerObjectives = FormerObjectives(fleet, epoch: hold.epoch ?? 0, logger: logger)
        overview = signals.flatMap { signals in
            signals.board.map { board in
                OverviewWatch(
                    fleet: fleet, board: board, registry: signals.registry, health: signals.health, work: work,
                    gates: gates, objectives: signals.objectives, coordination: signals.coordination,
                    schemas: signals.schemas, predecessor: hold.predecessor.map { "process \($0.number)" },
                    logger: logger)
            }
        }
    }

    /// Carries until `signals` come, or, with ``Options/untilIdle``, until nothing is
    /// pending.
    /// - Parameter companions: further services that live as long.
    /// - Returns: whether it ended because nothing was pending.
    /// - Throws: `unavailable` where, until idle, something stands in the way for long; `fenced` where another process
    ///   has taken over the fleet.
    func run(with companions: [any Service], until signals: EndSignals) async throws -> Bool {
        let drained = Mutex(false)
        let recorder = RunRecorder(hold: hold, work: work, relays: relays, changes: changes, logger: logger)
        let trimmer = TrimmingService(needs: fleet.brokerNeeds, broker: broker, logger: logger)
        var services: [any Service] = []
        // The first to begin, and the last to end.
        services.append(HoldKeeper(hold: hold))
        if let process = hold.predecessor {
            services.append(StoppedPredecessor(process: process, fleet: fleet, logger: logger))
            services.append(StalledSessions(fleet: fleet, logger: logger))
        }
        if let desk = objectives?.desk ?? formerObjectives?.desk, desk.hasWebhook || desk.hasAlertmanager {
            services.append(AlertService(alerts: fleet.alerts, desk: desk, logger: logger))
        }
        // It ends after those that it counts.
        if let objectives { services.append(objectives) }
        if let formerObjectives { services.append(formerObjectives) }
        services += relays
        services += deliveries
        services += pushes
        services += sagas.flatMap(\.intakes)
        services += sagas.map { SagaService(engine: $0.engine) }
        services += flowServices
        services += companions
        let retained = RetainedLogWatch(services: fleet.publishers, logger: logger)
        let weaknesses = StreamWeaknessWatch(
            streams: fleet.publishers.map(\.stream), broker: broker, logger: logger)
        let flow = FlowWatch(state: state, gates: gates, changes: changes, logger: logger)
        services += [flow, recorder, trimmer, retained, weaknesses] as [any Service]
        if let watch { services.append(watch) }
        if let overview { services.append(overview) }
        let idle =
            options.untilIdle
            ? IdleWatch(fleet: fleet, work: work, relays: relays, sagas: sagas.map(\.engine), changes: changes) {
                drained.withLock { $0 = true }
            } : nil
        do {
            try await signals.run(services, until: idle)
        } catch {
            await close()
            throw error
        }
        await close()
        return drained.withLock { $0 }
    }

    private func close() async {
        for assembly in endpoints { await assembly.close() }
        await caller?.close()
        for store in flowStores { await store.close() }
        await stores.close()
        await broker.close()
        await hold.release()
    }
}

extension FleetDefinition {
    /// What services read by programs of their own: it is looked at, and nobody here carries it.
    fileprivate var declaredConsumers: [MeasuredDelivery] {
        services.flatMap { service in
            service.consumers.flatMap { consumer in
                consumer.sources.map { source in
                    MeasuredDelivery(
                        service: service, subscription: SubscriptionName(service: service.name, view: consumer.name),
                        stream: stream(of: source))
                }
            }
        }
    }
}
