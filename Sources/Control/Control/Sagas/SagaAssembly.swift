import Brokers
import FleetCore
import FleetFile
import HTTPEndpoint
import Logging
import SagaModel
import Sagas
import ServiceLifecycle
import Stores
import Subscriptions
import Views

/// One journal's sagas, brought to life: who reads their events, and the engine that carries them out.
struct SagaAssembly: Sendable {
    let place: SagaPlace
    let engine: SagaEngine
    let intakes: [DeliveryService]
    let work: [FleetRun.Work]
    /// Who reads, for those who measure.
    let readers: [MeasuredDelivery]

    init(
        _ place: SagaPlace, inUse: [SagaDefinition], in fleet: FleetDefinition, broker: any Broker, caller: HTTPCaller,
        hold: any FleetHold,
        patience: Duration, changes: ChangeSignal, tracing: FleetTracing?, observer: (any SagaObserver)?,
        signals: FleetSignals?, logger: Logger,
        stores: @escaping @Sendable (ServiceDefinition) -> SharedStore
    ) {
        self.place = place
        let journal = place.journal(of: fleet.name)
        let own = stores(place.host)
        let progress = Progress(name: place.name, changes: changes)
        let parties = SagaFleetParties(
            fleet, journalHost: place.isOwn ? nil : place.host.name.text, caller: caller, isTraced: tracing != nil,
            stores: stores)
        // What keeps sagas longest holds for all of a journal.
        let keep = place.sagas.map(\.keep).max() ?? .zero
        let engine = SagaEngine(
            runner: journal.runner, catalog: SagaCatalog(place.sagas.map(\.definition), journal: journal),
            parties: parties, stores: own,
            settings: SagaEngine.Settings(
                owner: FleetHolder.ownName, confirm: { try await hold.confirm() }, keep: keep), progress: progress,
            observer: observer, notify: { Self.tell($0, logger) }, trace: { tracing?.sagas($0) })
        self.engine = engine
        let home = StreamName(fleet: fleet.name, service: place.host.name)
        var work = [
            FleetRun.Work(kind: .sagas, subject: place.name, stream: home, progress: progress, gate: FlowGate())
        ]
        // Sagas that were started with an older definition end with it.
        let events = (place.sagas.map(\.definition) + inUse).reduce(into: Set<SagaEventName>()) {
            $0.formUnion($1.events)
        }
        var readers: [MeasuredDelivery] = []
        intakes = place.sources.map { source in
            let stream = fleet.stream(of: source)
            let progress = Progress(name: "\(place.name) from \(source)", changes: changes)
            work.append(
                FleetRun.Work(
                    kind: .delivery, subject: place.subscription.description, stream: stream, progress: progress,
                    gate: FlowGate()))
            let handlers = events.filter { $0.service == source.text }.map { name in
                (
                    type: name.type,
                    handler: { (event: Event, transaction: any StoreTransaction) in
                        let payload = event.hasData ? String(decoding: event.payload, as: UTF8.self) : "null"
                        let context = event.traceContext
                        let isTraced = tracing != nil && context?.isSampled == true
                        let trace = isTraced ? context?.publication(of: event.id, in: stream) : context
                        try journal.post(
                            .event(name, id: event.id.description, payload: payload, trace: trace?.description),
                            in: transaction)
                        engine.nudge()
                    } as EventHandler
                )
            }
            let applier = ViewApplier(
                subscription: place.subscription, stream: stream, program: ViewProgram(handlers: handlers),
                reader: .consumer)
            let meter = signals?.delivery(of: applier, in: place.host)
            readers.append(MeasuredDelivery(subscription: place.subscription, stream: stream, meter: meter))
            return DeliveryService(
                applier: applier, stores: own, broker: broker, patience: patience, progress: progress, observer: meter,
                tell: { logger.about(stream).tell(of: $0, at: place.subscription.description) })
        }
        self.readers = readers
        self.work = work
    }

    private static func tell(_ notice: SagaEngine.Notice, _ logger: Logger) {
        switch notice {
        case .started: break
        case .ended(_, .completed, _): break
        case .ended(let saga, let outcome, let trace):
            logger.info("\(saga) \(outcome.withoutData)", metadata: Logger.Metadata().about(trace))
        case .parked(let saga, let place, _, let trace):
            logger.warning(
                "\(saga) is parked at \(place); see `flotilla sagas show \(saga)`",
                metadata: Logger.Metadata().about(trace))
        case .stray(let text): logger.warning("\(text)")
        }
    }
}

/// Carries out sagas as long as the fleet is carried.
struct SagaService: Service {
    let engine: SagaEngine

    func run() async {
        await cancelWhenGracefulShutdown { await engine.run() }
    }
}
