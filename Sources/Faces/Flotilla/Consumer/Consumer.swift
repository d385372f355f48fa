import Brokers
public import FleetCore
import Inbox
public import Logging
public import Metrics
import Parking
public import ServiceLifecycle
import Stores
import Subscriptions
public import Tracing
import Views

/// Has events of other services handled in transactions of a service's own store: with exactly one effect per event, and in
/// commit order for each key.
///
/// The fleet file names a service's consumers (`consumers:`), so that `flotilla apply` keeps records for them from then on,
/// and `flotilla status` and `flotilla parked` show them. The handlers' writes, the record of having seen the event and the
/// place in the stream commit together. An event whose handler fails is tried five times and then parked; its key waits, and
/// all others go on.
///
/// One process at a time should run a consumer; a second does no harm, as the place in the stream is compared in the same
/// transaction, and no good.
public final class Consumer: Service {
    /// How a consumer is doing with one stream.
    public struct Status: Sendable {
        /// Whose stream it is.
        public let service: String
        /// Events that were read since the start, also those that are not handled.
        public let count: Int
        /// Whether nothing was there at the last look, and no event waits to be tried again; or it is paused.
        public let isIdle: Bool
        /// Whether an operator has it rest (`flotilla pause`).
        public let isPaused: Bool
        /// What stands in the way; `nil` while all is well.
        public let problem: FleetError?
    }

    /// `service.name`.
    public let name: String
    private let subscription: SubscriptionName
    private let broker: FleetBroker
    private let connector: StoreConnector
    private let sources: [Source]
    private let metrics: any MetricsFactory
    /// Notified when something stands in the way, or does not any more.
    private let changes: ChangeSignal

    private struct Source: Sendable {
        let applier: ViewApplier
        let progress: Progress
        let published: PublishTally<EventID>
        let logger: Logger
        let gate = FlowGate()
    }

    /// How often an operator's word is looked for: `flotilla pause`, `resume`, `replay`, `parked retry`.
    private static let interval = Duration.seconds(1)

    /// - Parameters:
    ///   - name: the consumer's name, under the service's `consumers` in the fleet file.
    ///   - store: the service's store.
    ///   - broker: where the fleet's streams are.
    ///   - logger: where it tells what an operator wants to know: which events are parked, what stands in the way.
    ///   - metrics: where it tells what it does; the back end that `MetricsSystem` was bootstrapped with by default.
    ///   - tracer: who makes spans of the handlers' work, within the events' traces; the back end that
    ///     `InstrumentationSystem` was bootstrapped with by default.
    ///   - reactions: what is done on which event; at most one for each type of a service.
    /// - Throws: `FleetError` with code `invalidInput` for what is no name, for no reactions, and for two of one event.
    public init(
        _ name: String, of store: ServiceStore, in broker: FleetBroker,
        logger: Logger = Logger(label: "flotilla"),
        metrics: any MetricsFactory = MetricsSystem.factory,
        tracer: any Tracer = InstrumentationSystem.tracer,
        _ reactions: [EventReaction]
    ) throws {
        let service = try ServiceName(store.service)
        subscription = SubscriptionName(service: service, view: try ViewName(name))
        self.name = subscription.description
        self.broker = broker
        self.metrics = metrics
        let changes = ChangeSignal()
        self.changes = changes
        connector = store.connector
        guard !reactions.isEmpty else {
            throw FleetError(.invalidInput, "consumer \(name) handles nothing", remedy: "give it a reaction: .on(…)")
        }
        var sources: [Source] = []
        for publisher in Set(reactions.map(\.service)).sorted() {
            let own = reactions.filter { $0.service == publisher }
            guard Set(own.map(\.type)).count == own.count else {
                throw FleetError(
                    .invalidInput, "consumer \(name) has two reactions on one event of \(publisher)",
                    remedy: "keep one of the two")
            }
            let stream = StreamName(fleet: broker.fleet, service: try ServiceName(publisher))
            let tracing = ConsumerTracing(
                tracer: tracer, subscription: subscription, stream: stream, system: broker.system)
            let published = PublishTally<EventID>(store.events)
            let program = ViewProgram(handlers: own.map { ($0.type, $0.handler(published, tracing)) })
            var logger = logger
            logger[metadataKey: "subscription"] = "\(subscription)"
            logger[metadataKey: "stream"] = "\(stream)"
            sources.append(
                Source(
                    applier: ViewApplier(
                        subscription: subscription,
                        stream: stream, program: program,
                        reader: .consumer),
                    progress: Progress(name: "\(subscription) from \(publisher)", changes: changes),
                    published: published, logger: logger))
        }
        self.sources = sources
    }

    /// How it is doing, stream by stream.
    public var status: [Status] {
        sources.map { source in
            let snapshot = source.progress.snapshot
            return Status(
                service: source.applier.stream.service.text, count: snapshot.count, isIdle: snapshot.isIdle,
                isPaused: source.gate.isPaused, problem: snapshot.condition?.error)
        }
    }

    /// Handles events until the task is cancelled or the process shuts down. What stands in the way is in ``status``, and
    /// waited for.
    public func run() async throws {
        let (connector, service, place) = (connector, subscription.service, name)
        let stores = SharedStore { try connector.store(of: service) }
        let opened = broker.open()
        await lookForPause(stores)
        for source in sources { source.logger.debug("\(source.progress.name) begins") }
        let log = WorkLog(
            parts: sources.map { WorkLog.Part(progress: $0.progress, logger: $0.logger) }, changes: changes)
        await withTaskGroup(of: Void.self) { group in
            for source in sources {
                let delivery = DeliveryService(
                    applier: source.applier, stores: stores, broker: opened, patience: broker.patience,
                    progress: source.progress, gate: source.gate,
                    observer: ConsumerMeter(
                        of: subscription, stream: source.applier.stream, system: broker.system,
                        published: source.published, factory: metrics),
                    tell: { source.logger.tell(of: $0, at: place) })
                group.addTask { await delivery.run() }
                group.addTask { await self.watchWords(for: source, delivery, stores) }
            }
            group.addTask { await cancelWhenGracefulShutdown { await log.run() } }
        }
        for source in sources { source.logger.debug("\(source.progress.name) has ended") }
        await stores.close()
        await opened.close()
    }

    /// Has all sources rest, or go on, as the store says.
    private func lookForPause(_ stores: SharedStore) async {
        let name = subscription.name
        // What cannot be asked is told by the delivery, which can do nothing either.
        guard let isPaused = try? await stores.store().read({ try PausedReaders.contains(name, $0) }) else { return }
        for source in sources { source.gate.setPaused(isPaused) }
    }

    /// Operators' words are in the store alone: that it rests, that its cursor was taken back, that what is parked is due
    /// before the delivery that parked it would look.
    private func watchWords(for source: Source, _ delivery: DeliveryService, _ stores: SharedStore) async {
        let (name, stream, parking) = (subscription.name, source.applier.stream, source.applier.parking)
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil {
                await self.lookForPause(stores)
                let applied = delivery.appliedThrough
                guard
                    let (due, position) = try? await stores.store().read({
                        (try parking.nextDue(in: $0), try Inbox.state(of: name, in: stream, $0)?.position ?? .start)
                    })
                else { continue }
                let isOverdue = due.map { Timestamp.now().elapsed(since: $0) > Self.interval } ?? false
                if position < applied || isOverdue { source.gate.restart() }
            }
        }
    }
}
