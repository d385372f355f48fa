public import Brokers
public import FleetCore
import Inbox
import Parking
public import ServiceLifecycle
import Stores
public import Subscriptions
import Synchronization

/// Drives a ``DeliveryMachine``: carries its actions out, and answers them.
public final class DeliveryService: Service {
    public let applier: ViewApplier
    public let progress: Progress
    private let stores: any StoreProvider
    private let broker: any Broker
    private let limit: BatchLimit
    private let backoff: Backoff
    private let patience: Duration
    private let clock: FleetClock
    private let gate: FlowGate
    private let observer: (any WorkObserver)?
    private let tracer: (any WorkTracer)?
    private let tell: @Sendable ([ParkedNotice]) -> Void
    private let state: Mutex<State>
    private let cursor: CursorCheck

    private struct State {
        var store: (any Store)?
        var number: Int64 = 0
        /// Where forgetting old inbox rows goes on.
        var forgetting: [UInt8]?
        /// Batches that were read, prepared to be applied, by the position of their first record. The machine bounds how
        /// many are not applied.
        var prepared: [LogPosition: ViewApplier.Batch] = [:]
        /// Batches up to here are applied.
        var applied: LogPosition = .start
        /// `nil` where the subscription has no rate.
        var bucket: TokenBucket?
    }

    /// An event id is remembered for this many records of its stream. A relay repeats a batch only directly after it.
    private static let inboxWindow: Int64 = 1_000_000

    /// - Parameters:
    ///   - rate: how many events a second take effect at most; `nil` for as many as the store takes.
    ///   - patience: how long one look at an idle stream may wait before it says that there is nothing.
    ///   - gate: where it is told to rest, or to begin anew.
    ///   - observer: who measures it.
    ///   - tracer: who makes spans of it.
    ///   - tell: is told of events that were parked.
    public init(
        applier: ViewApplier, stores: any StoreProvider, broker: any Broker, limit: BatchLimit = .standard,
        rate: EventRate? = nil, backoff: Backoff = .standard, patience: Duration = .seconds(1),
        clock: FleetClock = .system, progress: Progress, gate: FlowGate = FlowGate(),
        observer: (any WorkObserver)? = nil, tracer: (any WorkTracer)? = nil,
        tell: @escaping @Sendable ([ParkedNotice]) -> Void = { _ in }
    ) {
        var limit = limit
        if let rate {
            // What a tenth of a second lets through, so that it goes evenly.
            limit.events = min(limit.events, rate.events(in: .milliseconds(100)))
        }
        let capacity = limit.events
        state = Mutex(State(bucket: rate.map { TokenBucket(rate: $0, capacity: capacity, at: clock.now()) }))
        self.gate = gate
        self.observer = observer
        self.tracer = tracer
        self.tell = tell
        self.applier = applier
        cursor = CursorCheck(applier.subscription, in: applier.stream)
        self.stores = stores
        self.broker = broker
        self.limit = limit
        self.backoff = backoff
        self.patience = patience
        self.clock = clock
        self.progress = progress
    }

    /// The last record that was applied, as far as this process knows: the store's cursor may have been taken back since.
    public var appliedThrough: LogPosition { state.withLock { $0.applied } }

    /// Delivers until the task is cancelled or the process shuts down.
    public func run() async {
        await cancelWhenGracefulShutdown {
            await MachineDriver(progress: self.progress, observer: self.observer).drive(
                DeliveryMachine(), gate: self.gate,
                // An effect that fails is parked, and told there.
                isExpected: { $0 == .apply && ($1.code == .statement || $1.code == .badEvent) },
                perform: { try await self.perform($0) })
        }
    }

    private func perform(_ action: DeliveryMachine.Action) async throws -> DeliveryMachine.Input {
        switch action {
        case .open:
            let opening = try await open()
            observer?.observe(.opened(opening.position))
            return .opened(opening)
        case .close:
            // Others may go on with it.
            state.withLock { $0.store = nil }
            return .closed
        case .read(let position):
            forgetAppliedBatches()
            return .read(try await read(after: position))
        case .apply(let records, let position, let heldKeys, let isCareful):
            let (store, number) = try opened()
            let (applier, now) = (applier, clock.now())
            let batch = batch(of: records, number: number)
            let begun = ContinuousClock.now
            let result = try await WorkObservation.StoreOperation.commit.run(tellingTo: observer) {
                try await store.write { transaction in
                    try applier.apply(
                        batch, after: position, heldKeys: heldKeys, isCareful: isCareful, at: now, in: transaction)
                }
            }
            progress.count(records.count)
            if let last = records.last {
                state.withLock { $0.applied = last.position }
                let took = ContinuousClock.now - begun
                let times = EventTimes(count: records.count) { places, body in
                    let span = records.span
                    for place in places { body(span[place].event.time) }
                }
                observer?.observe(
                    .delivered(times: times, parked: result.parked, through: last.position, took: took))
                if let tracer, !batch.traced.isEmpty { tracer.worked(on: traced(batch, result, tracer), took: took) }
                if !result.failures.isEmpty { tell(parked(batch, result)) }
            }
            CrashPoint.delivered.reached()
            return .applied(result)
        case .acknowledge(let position, let records):
            try await broker.acknowledge(upTo: position, by: applier.subscription, in: stream)
            try await forget(below: position, records: records)
            return .acknowledged
        case .retry(let due):
            let retry = try await retry(at: due)
            if let tracer, !retry.traced.isEmpty { tracer.worked(on: retry.traced, took: .zero) }
            observer?.observe(.retried(released: retry.released.count))
            return .retried(retry)
        case .wait(let failures, let step):
            var random = SystemRandomNumberGenerator()
            try? await clock.sleep(backoff.delay(afterFailures: failures, using: &random))
            return .waited(step)
        }
    }

    /// A look at an idle stream takes its time, and ends where the delivery is told to rest.
    private func read(after position: LogPosition) async throws -> [LogRecord] {
        let subscription = applier.subscription
        var records = try await broker.read(stream, for: subscription, after: position, limit: limit)
        if records.isEmpty {
            let (broker, stream, patience) = (broker, stream, patience)
            guard
                try await gate.whileOpen({
                    try await broker.waitForRecords(
                        in: stream, for: subscription, after: position, timeout: patience)
                }) != nil
            else { return [] }
            records = try await broker.read(stream, for: subscription, after: position, limit: limit)
        }
        guard let first = records.first else {
            try await cursor.checkIfDue(in: opened().store)
            return []
        }
        let batch = applier.batch(
            of: records, number: state.withLock { $0.number }, findsTraces: tracer != nil)
        state.withLock { $0.prepared[first.position] = batch }
        return try await isLetThrough(batch) ? records : []
    }

    /// Holds a batch back as long as the subscription's rate asks for: before it is applied, so that no transaction waits.
    /// - Returns: `false` where the delivery is told to rest meanwhile.
    private func isLetThrough(_ batch: ViewApplier.Batch) async throws -> Bool {
        let (clock, now) = (clock, clock.now())
        let wait = state.withLock { $0.bucket?.take(batch.effectCount, at: now) } ?? .zero
        guard wait > .zero else { return true }
        progress.setIdle(false)
        return try await gate.whileOpen { try await clock.sleep(wait) } != nil
    }

    /// No retry is planned further ahead than the longest back-off. One that is due later was planned before the clock was put
    /// back, or by a process with another clock; it is not waited for longer, as nothing else may end a delivery meanwhile.
    private func retry(at due: Timestamp) async throws -> DeliveryMachine.Retry {
        let (clock, applier) = (clock, applier)
        let wait = min(due.elapsed(since: clock.now()), applier.retries.backoff.cap)
        guard try await gate.whileOpen({ try await clock.sleep(wait) }) != nil else {
            return DeliveryMachine.Retry(released: [], nextDue: due)
        }
        let now = clock.now()
        return try await opened().store.write { try applier.retryDue(by: max(due, now), at: now, in: $0) }
    }

    /// What became of those events of a batch that belong to a trace; what only went behind a parked one has still to come.
    private func traced(
        _ batch: ViewApplier.Batch, _ result: DeliveryMachine.Application, _ tracer: any WorkTracer
    ) -> [TracedEvent] {
        var traced: [TracedEvent] = []
        // As where they are found, each is looked at where it lies.
        let records = batch.records.span
        for number in batch.traced {
            let position = records[number].position
            if result.waiting.contains(position) { continue }
            let failure = result.failures[position]
            let part = TraceContext.sampledPart(of: records[number].event.traceParent)
            guard failure != nil || part.map(tracer.admits) == true else { continue }
            if let event = TracedEvent(batch.records[number].event, failure: failure) { traced.append(event) }
        }
        return traced
    }

    private func parked(_ batch: ViewApplier.Batch, _ result: DeliveryMachine.Application) -> [ParkedNotice] {
        batch.records.compactMap { record in
            result.failures[record.position].map { ParkedNotice(record.event, reason: $0.withoutData) }
        }
    }

    private var stream: StreamName { applier.stream }

    /// Lets go of batches that are applied. Not at once, but beside the work on the next: to free so many values takes
    /// time.
    private func forgetAppliedBatches() {
        let forgotten = state.withLock { state in
            let applied = state.prepared.filter { $0.key <= state.applied }
            for position in applied.keys { state.prepared[position] = nil }
            return applied
        }
        _ = consume forgotten
    }

    private func batch(of records: [LogRecord], number: Int64) -> ViewApplier.Batch {
        let known = records.first.flatMap { first in state.withLock { $0.prepared[first.position] } }
        if let known, known.number == number, known.records.count == records.count { return known }
        return applier.batch(of: records, number: number, findsTraces: tracer != nil)
    }

    private func opened() throws -> (store: any Store, number: Int64) {
        let state = state.withLock { $0 }
        guard let store = state.store else { throw FleetError(.bug, "the store was not opened") }
        return (store, state.number)
    }

    /// Finds where the subscription stands, or begins it at the oldest record that there is.
    private func open() async throws -> DeliveryMachine.Opening {
        if let failed = state.withLock({ state in
            defer { state.store = nil }
            return state.store
        }) {
            await stores.discard(failed)
        }
        let store = try await stores.store()
        // Known from now on, so that the next try discards it where anything below fails: a connection to a file that
        // was read-only, damaged or replaced stays what it is.
        state.withLock { $0.store = store }
        let begun = try await start.open(in: store)
        cursor.begin(at: begun.position)
        state.withLock { state in
            state.number = begun.number
            state.forgetting = nil
            state.prepared = [:]
            state.applied = begun.position
        }
        let parking = applier.parking
        return try await store.read { transaction in
            DeliveryMachine.Opening(
                position: begun.position, heldKeys: try parking.heldKeys(in: transaction),
                nextDue: try parking.nextDue(in: transaction))
        }
    }

    private var start: SubscriptionStart {
        SubscriptionStart(
            subscription: applier.subscription, stream: stream, broker: broker, reader: applier.readerName,
            remedy: applier.reader.remedy(for: applier.subscription))
    }

    /// Looks at twice as many inbox rows as were just added, so that it keeps up.
    private func forget(below position: LogPosition, records: Int) async throws {
        let horizon = position.value - Self.inboxWindow
        guard horizon > 0 else { return }
        let (store, number) = try opened()
        let from = state.withLock { $0.forgetting }
        let next = try await store.write { transaction in
            try Inbox(number: number).forget(
                below: LogPosition(horizon), after: from, limit: max(16, 2 * records), transaction)
        }
        state.withLock { $0.forgetting = next }
    }
}
