import Brokers
import FleetCore
public import FleetFile
import FlowModel
import Flows
import Inbox
import Outbox
import Parking
import SagaModel
import Sagas
import Stores
import Subscriptions

extension FleetStatus {
    /// Looks at every store and stream. What cannot be looked at is told in its row.
    public static func read(_ fleet: FleetDefinition) async -> FleetStatus {
        await StatusReader.read(fleet, includingStreams: true)
    }

    /// The views alone.
    static func readViews(_ fleet: FleetDefinition) async -> FleetStatus {
        await StatusReader.read(fleet, includingStreams: false)
    }
}

/// Asks a fleet's stores, broker and state how it is doing.
private struct StatusReader: Sendable {
    typealias Stream = FleetStatus.Stream
    typealias View = FleetStatus.View

    let broker: any Broker
    /// What the last run said of itself.
    let record: RunRecord?
    let pauses: [String: FlowAdministration.Pause]

    static func read(_ fleet: FleetDefinition, includingStreams: Bool) async -> FleetStatus {
        var status = FleetStatus(fleet: fleet.name.text, streams: [], views: [], unreachable: false)
        let record = await readState(of: fleet, into: &status)
        let reader = StatusReader(
            broker: Connectors.broker(of: fleet), record: record,
            pauses: Dictionary(status.paused.map { ($0.subject, $0) }) { $1 })
        for look in await reader.lookAtStreams(includingStreams ? fleet.publishers : []) {
            status.streams.append(look.row)
            if !look.isReachable { status.unreachable = true }
        }
        for service in fleet.services where !service.subscriptions.isEmpty {
            let store = SharedStore { try Connectors.store(of: service) }
            for (name, sources) in service.subscriptions {
                for source in sources {
                    let look = await reader.look(at: name, of: service, fleet.stream(of: source), store)
                    status.views.append(look.row)
                    if !look.isReachable { status.unreachable = true }
                }
            }
            await store.close()
        }
        for place in fleet.sagaPlaces {
            await reader.look(at: place, of: fleet, includingCounts: includingStreams, &status)
        }
        if includingStreams { status.undeclaredSagas = await fleet.undeclaredSagas() }
        await reader.lookAtFlows(of: fleet, includingCounts: includingStreams, into: &status)
        await reader.broker.close()
        return status
    }

    /// - Returns: what the last run said of itself.
    private static func readState(of fleet: FleetDefinition, into status: inout FleetStatus) async -> RunRecord? {
        let state = Connectors.state(of: fleet)
        var record: RunRecord?
        do {
            status.runningAs = try await state.holder()
            record = try await state.record()
            // What a run said that has ended is of no use but for its errors.
            if status.runningAs == nil { record?.captured = nil }
            status.paused = FlowAdministration.pauses(try await state.flow(), in: fleet)
        } catch {
            status.stateError = FleetError.wrapping(error).description
            status.unreachable = true
        }
        await state.close()
        return record
    }

    private func lastError(_ subject: String, _ stream: StreamName) -> String? {
        record?.conditions.first { $0.subject == subject && $0.stream == stream.description }?.message
    }

    // MARK: Streams

    /// How many outboxes are looked at at a time. While one is captured from a log, a look may take over a second.
    private static let looksAtATime = 8

    /// - Returns: a row for each, in their order.
    private func lookAtStreams(
        _ publishers: [(service: ServiceDefinition, stream: StreamName)]
    ) async -> [(row: Stream, isReachable: Bool)] {
        await withTaskGroup(of: (number: Int, row: Stream, isReachable: Bool).self) { group in
            var looks: [Int: (row: Stream, isReachable: Bool)] = [:]
            for (number, (service, stream)) in publishers.enumerated() {
                if number >= Self.looksAtATime, let look = await group.next() {
                    looks[look.number] = (look.row, look.isReachable)
                }
                group.addTask {
                    let look = await self.look(at: service, stream)
                    return (number, look.row, look.isReachable)
                }
            }
            for await look in group { looks[look.number] = (look.row, look.isReachable) }
            return publishers.indices.compactMap { looks[$0] }
        }
    }

    private func look(at service: ServiceDefinition, _ stream: StreamName) async -> (row: Stream, isReachable: Bool) {
        var row = Stream(service: service.name.text, stream: stream.description, parked: 0, waiting: 0)
        row.paused = pauses[service.name.text]
        do {
            try await fill(&row, service, stream)
            row.lastError = lastError(service.name.text, stream) ?? row.lastError
            return (row, true)
        } catch {
            row.lastError = FleetError.wrapping(error).description
            return (row, false)
        }
    }

    private func fill(_ row: inout Stream, _ service: ServiceDefinition, _ stream: StreamName) async throws {
        let captured = record?.captured?.first { $0.stream == stream.description }
        let pending = try await Connectors.pendingRows(of: service, stream: stream)
        row.pending = pending.count
        row.retainedBytes = pending.retainedLog?.value
        row.retainedLimitBytes = pending.retainedLog == nil ? nil : service.outbox.maximumRetainedLog.value
        if let retained = pending.retainedLog, let error = RetainedLog.error(of: service, retained) {
            row.lastError = row.lastError ?? error.description
        }
        let oldest = pending.oldest ?? captured?.oldest.flatMap { Timestamp($0) }
        row.lagSeconds = pending.count == 0 ? 0 : oldest.map { StatusStage.age($0) }
        let parking = Parking(place: .outbox, stream: stream)
        let (counts, oldestFailure) = try await Connectors.withStore(of: service) { store in
            try await store.read { (try parking.counts(in: $0), try parking.oldestFailure(in: $0)) }
        }
        row.parked = counts.parked
        row.waiting = counts.waiting
        row.oldestParkedSeconds = oldestFailure.map { StatusStage.age($0) }
        let bounds = try await broker.bounds(of: stream)
        if let weakness = try await broker.weakness(of: stream) {
            row.lastError = row.lastError ?? weakness.description
        }
        row.appended = bounds.last.value
        row.bytes = bounds.size.value
        row.records = StatusRecords(
            first: bounds.first.value, last: bounds.last.value, count: bounds.last.value - bounds.first.value + 1,
            bytes: bounds.size.value, firstTime: bounds.firstTime?.description, lastTime: bounds.lastTime?.description)
        fillStages(&row, pending: pending.count, oldest: oldest, captured, in: bounds)
    }

    private func fillStages(
        _ row: inout Stream, pending: Int?, oldest: Timestamp?, _ captured: RunRecord.Captured?, in bounds: StreamBounds
    ) {
        // What the run said may be a second old, and what it has settled since is no longer pending.
        let onTheWay = min(captured?.count ?? 0, pending ?? .max)
        let inBroker = bounds.last.value
        row.written = StatusStage(events: pending.map { inBroker + Int64($0) }, lag: 0)
        row.captured = StatusStage(
            events: inBroker + Int64(onTheWay), lag: pending.map { $0 - onTheWay }, oldest: oldest)
        row.broker = StatusStage(
            events: inBroker, lag: onTheWay, oldest: captured?.oldest.flatMap { Timestamp($0) })
    }

    // MARK: Sagas

    private func look(
        at place: SagaPlace, of fleet: FleetDefinition, includingCounts: Bool, _ status: inout FleetStatus
    ) async {
        let store = SharedStore { try Connectors.store(of: place.host) }
        for source in place.sources {
            let look = await look(
                at: place.subscription, of: place.host, fleet.stream(of: source), store, isSagas: true)
            status.views.append(look.row)
            if !look.isReachable { status.unreachable = true }
        }
        if includingCounts { status.sagas += await sagas(of: place, in: fleet, store) }
        await store.close()
    }

    private func sagas(
        of place: SagaPlace, in fleet: FleetDefinition, _ store: SharedStore
    ) async -> [FleetStatus.Sagas] {
        var counts: [String: [SagaStatus: Int]] = [:]
        var error = lastError(place.name, StreamName(fleet: fleet.name, service: place.host.name))
        do {
            let journal = place.journal(of: fleet.name)
            counts = try await store.store().read { try journal.counts(in: $0) }
        } catch let failure {
            error = FleetError.wrapping(failure).description
        }
        return place.rows(counts, error: error)
    }

    // MARK: Views

    private func look(
        at name: SubscriptionName, of service: ServiceDefinition, _ stream: StreamName, _ store: SharedStore,
        isSagas: Bool = false
    ) async -> (row: View, isReachable: Bool) {
        let limit = service.views.first { $0.name.text == name.name }?.limit
        let isConsumer = service.consumers.contains { $0.name.text == name.name }
        let kind: View.Kind
        if name.name == SagaPlace.subscriptionName, isSagas {
            kind = .sagas
        } else {
            kind = isConsumer ? .consumer : service.views.contains { $0.name.text == name.name } ? .view : .push
        }
        var row = View(
            kind: kind, view: name.description, service: service.name.text, stream: stream.description, parked: 0,
            retrying: 0,
            waiting: 0, lastError: lastError(name.description, stream), paused: pauses[name.description],
            rate: limit?.rate?.description, inFlight: limit?.inFlight.value)
        do {
            try await fill(&row, name, stream, try await store.store())
            return (row, true)
        } catch {
            row.lastError = FleetError.wrapping(error).description
            return (row, false)
        }
    }

    // MARK: Flows

    /// - Parameter includingCounts: whether to count the runs, besides looking how far the streams were read.
    private func lookAtFlows(
        of fleet: FleetDefinition, includingCounts: Bool, into status: inout FleetStatus
    ) async {
        guard let journal = fleet.flowJournal, !fleet.flows.isEmpty else { return }
        let store = SharedStore { try Connectors.store(of: journal, in: fleet) }
        for flow in fleet.flows {
            let name = flow.subscription
            for source in fleet.sources(of: flow) {
                let stream = fleet.stream(of: source)
                var row = View(
                    kind: .flow, view: name.description, service: name.service.text, stream: stream.description,
                    parked: 0, retrying: 0, waiting: 0, lastError: lastError(name.description, stream),
                    paused: pauses[name.description])
                do {
                    try await fill(&row, name, stream, try await store.store())
                } catch {
                    row.lastError = FleetError.wrapping(error).description
                    status.unreachable = true
                }
                status.views.append(row)
            }
            guard includingCounts else { continue }
            var row = FleetStatus.Flow(flow: flow.name.text)
            do {
                let journal = FlowJournal(flow.name)
                row = FleetStatus.Flow(
                    flow.name.text, try await store.store().read { try journal.counts(in: $0) })
            } catch {
                row.lastError = FleetError.wrapping(error).description
                status.unreachable = true
            }
            status.flows.append(row)
        }
        await store.close()
    }

    private func fill(_ row: inout View, _ name: SubscriptionName, _ stream: StreamName, _ store: any Store)
        async throws
    {
        let parking = Parking(place: .subscription(name.name), stream: stream)
        let (state, counts, oldestFailure) = try await store.read { transaction in
            (
                try Inbox.state(of: name.name, in: stream, transaction), try parking.counts(in: transaction),
                try parking.oldestFailure(in: transaction)
            )
        }
        row.parked = counts.parked
        row.retrying = counts.retrying
        row.waiting = counts.waiting
        row.oldestParkedSeconds = oldestFailure.map { StatusStage.age($0) }
        let bounds = try await broker.bounds(of: stream)
        let position = state?.position ?? LogPosition(bounds.first.value - 1)
        // A store may hold any number.
        row.builtFrom = state.map { min($0.begunAfter.value, .max - 1) + 1 }
        let pending = bounds.count(after: position)
        row.pending = pending
        row.lagSeconds = 0
        var oldest: Timestamp?
        if pending > 0 {
            let limit = BatchLimit(events: 1, bytes: ByteCount(1))
            oldest = try await broker.read(stream, after: position, limit: limit).first?.event.time
            row.lagSeconds = oldest.map { StatusStage.age($0) }
        }
        row.delivered = StatusStage(events: position.value, lag: pending, oldest: oldest)
    }
}

extension SagaPlace {
    /// How its sagas stand.
    /// - Parameter error: why that is not known, or what stands in their way.
    func rows(_ counts: [String: [SagaStatus: Int]], error: String? = nil) -> [FleetStatus.Sagas] {
        sagas.map { saga in
            let own = counts[saga.definition.name.text] ?? [:]
            func count(_ status: SagaStatus) -> Int { own[status] ?? 0 }
            return FleetStatus.Sagas(
                saga: saga.definition.name.text, journal: saga.journal?.text, running: count(.running),
                compensating: count(.compensating), parked: count(.parked), completed: count(.completed),
                compensated: count(.compensated), rejected: count(.rejected), lastError: error)
        }
    }
}

extension FleetStatus.Flow {
    init(_ name: String, _ counts: FlowCounts = FlowCounts(), error: String? = nil) {
        self.init(flow: name)
        unstarted = counts.byStatus[.unstarted] ?? 0
        running = counts.byStatus[.running] ?? 0
        stuck = counts.byStatus[.stuck] ?? 0
        ended = counts.byStatus[.ended] ?? 0
        failed = counts.byStatus[.failed] ?? 0
        outOfOrder = counts.outOfOrder
        late = counts.late
        lastError = error
    }
}
