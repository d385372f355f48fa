import Brokers
import FleetCore
import FleetFile
import FlowModel
import Flows
import Inbox
import Logging
import Relay
import ServiceLifecycle
import Stores
import Subscriptions
import Views

/// What watches a fleet's flows: a delivery for each stream that a flow reads, and whoever has its limits pass.
struct FlowAssembly {
    private(set) var services: [any Service] = []
    private(set) var work: [FleetRun.Work] = []
    /// Who reads, for those who measure.
    private(set) var readers: [MeasuredDelivery] = []
    /// To be closed at the end.
    private(set) var stores: [SharedStore] = []

    /// How many events one transaction takes: runs of one flow are moved by several streams, which shall not wait long for
    /// one another.
    private static let limit = BatchLimit(events: 256, bytes: BatchLimit.standard.bytes)

    /// - Parameter relays: by the names of their services.
    init(
        _ fleet: FleetDefinition, relays: [String: RelayService], broker: any Broker, gates: FlowGates,
        patience: Duration, changes: ChangeSignal, signals: FleetSignals?, logger: Logger
    ) {
        guard !fleet.flows.isEmpty, let journal = fleet.flowJournal else { return }
        let store = SharedStore { try Connectors.store(of: journal, in: fleet) }
        stores.append(store)
        for flow in fleet.flows {
            let subject = flow.subscription.description
            let gate = gates.gate(of: subject)
            for applier in fleet.appliers(of: flow) {
                let progress = Progress(name: "\(subject) from \(applier.stream.service)", changes: changes)
                let meter = signals?.delivery(of: applier)
                readers.append(
                    MeasuredDelivery(subscription: applier.subscription, stream: applier.stream, meter: meter))
                services.append(
                    DeliveryService(
                        applier: applier, stores: store, broker: broker, limit: Self.limit, patience: patience,
                        progress: progress, gate: gate, observer: meter,
                        tell: { logger.about(applier.stream).tell(of: $0, at: subject) }))
                work.append(
                    FleetRun.Work(
                        kind: .delivery, subject: subject, stream: applier.stream, progress: progress, gate: gate))
            }
            let progress = Progress(name: "limits of flow \(flow.name)", changes: changes)
            let sources = fleet.sources(of: flow).compactMap { name in
                relays[name.text].map { relay in
                    FlowSource(
                        stream: fleet.stream(of: name), isDrained: { try await relay.isDrained() },
                        isPaused: { relay.isPaused })
                }
            }
            services.append(
                FlowService(
                    plan: FlowPlan(flow), fleet: fleet.name, subscription: flow.subscription, sources: sources,
                    stores: store, broker: broker, progress: progress, gate: gate, write: writer(of: flow, in: fleet),
                    notify: { Self.tell($0, of: flow, logger) }))
            work.append(
                FleetRun.Work(
                    kind: .limits, subject: subject,
                    stream: fleet.stream(of: ServiceName(unchecked: flow.start.name.service)), progress: progress,
                    gate: gate))
        }
    }

    /// Of many that are stuck for one reason one is told, and how many more: the log folds what has the same words.
    private static func tell(_ stuck: [FlowState], of flow: FlowDefinition, _ logger: Logger) {
        for state in stuck {
            let account = FlowAccount(state, flow)
            let wrong = account.findings.filter { $0.kind == "overdue" && $0.clearedAt == nil }.map(\.text)
            let text =
                "a run of flow \(flow.name) is stuck: \(wrong.joined(separator: "; "));"
                + " see `flotilla flows list \(flow.name) --state stuck`"
            logger.warning(
                "\(text)",
                metadata: ["flow": "\(flow.name)", "key": "\(account.key)"])
        }
    }

    /// Writes events of a flow's timeouts to a service's outbox. The inbox of the service's store keeps their ids, in the same
    /// transaction: one that was written is not written again, though its row be gone.
    private mutating func writer(of flow: FlowDefinition, in fleet: FleetDefinition) -> FlowService.Writer {
        guard let timeout = flow.onTimeout,
            let service = fleet.services.first(where: { $0.name.text == timeout.event.service })
        else { return { _ in } }
        let store = SharedStore { try Connectors.store(of: service) }
        stores.append(store)
        let (name, stream) = (flow.subscription.name, fleet.stream(of: service.name))
        return { events in
            let opened = try await store.store()
            do {
                try await opened.write { transaction in
                    let inbox = Inbox(
                        number: try Inbox.begin(name, in: stream, identity: "", after: .start, transaction).number)
                    for event in events where try inbox.accept(event.id, at: .start, transaction) {
                        try OutgoingEvent(
                            id: event.id, type: event.name.type, key: event.key, aggregateType: service.name.text,
                            payload: event.payload
                        ).write(to: service, in: transaction)
                    }
                }
            } catch {
                await store.discard(opened)
                throw error
            }
        }
    }
}
