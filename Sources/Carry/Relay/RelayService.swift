public import Brokers
public import FleetCore
public import Outbox
public import ServiceLifecycle
import Synchronization

/// Drives a ``RelayMachine``: carries its actions out, and answers them.
public final class RelayService: Service {
    public let stream: StreamName
    /// How it is doing, for those who watch.
    public let progress: Progress
    private let makeSource: @Sendable () async throws -> any OutboxSource
    private let broker: any Broker
    private let contract: RelayContract
    private let limit: BatchLimit
    private let backoff: Backoff
    private let clock: FleetClock
    private let patience: Duration
    private let source = Mutex<(any OutboxSource)?>(nil)
    /// Events that are appended. They are let go of where there is time for it: to free so many values takes some.
    private let appended = Mutex<[[Event]]>([])
    /// Batches that are captured and not settled, in their order. The machine bounds how many there are.
    private let inFlight = Mutex<[(count: Int, oldest: Timestamp?)]>([])
    private let gate: FlowGate
    private let drain: DrainLimit
    private let observer: (any WorkObserver)?
    private let tracer: (any WorkTracer)?
    private let tell: @Sendable ([ParkedNotice]) -> Void

    /// - Parameters:
    ///   - patience: how long one look at an idle outbox may wait before it says that there is nothing.
    ///   - gate: where it is told to rest.
    ///   - drain: how long it may take, when the process shuts down, to append and settle what it has captured.
    ///   - observer: who measures it.
    ///   - tracer: who makes spans of it.
    ///   - tell: is told of events that were parked.
    ///   - makeSource: opens the outbox; called anew after the source has failed.
    public init(
        stream: StreamName, contract: RelayContract, broker: any Broker, limit: BatchLimit = .standard,
        backoff: Backoff = .standard, patience: Duration = .seconds(1), clock: FleetClock = .system, progress: Progress,
        gate: FlowGate = FlowGate(), drain: DrainLimit = DrainLimit(), observer: (any WorkObserver)? = nil,
        tracer: (any WorkTracer)? = nil, tell: @escaping @Sendable ([ParkedNotice]) -> Void = { _ in },
        makeSource: @escaping @Sendable () async throws -> any OutboxSource
    ) {
        self.stream = stream
        self.contract = contract
        self.broker = broker
        self.limit = limit
        self.backoff = backoff
        self.patience = patience
        self.clock = clock
        self.progress = progress
        self.gate = gate
        self.drain = drain
        self.observer = observer
        self.tracer = tracer
        self.tell = tell
        self.makeSource = makeSource
    }

    /// Carries until the task is cancelled or the process shuts down; then what was captured is appended and settled first.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                let machine = RelayMachine(contract: self.contract)
                let driver = MachineDriver(progress: self.progress, observer: self.observer)
                await driver.drive(machine, gate: self.gate) { try await self.perform($0) }
            }
            group.addTask {
                guard (try? await gracefulShutdown()) != nil else { return }
                await self.drain.drain(self.gate) { self.opened == nil }
            }
            await group.next()
            group.cancelAll()
        }
        await replaceSource(with: nil)
    }

    /// Whether it is told to rest.
    public var isPaused: Bool { gate.isPaused }

    /// Whether everything that is committed by now was appended and settled.
    public func isDrained() async throws -> Bool {
        guard progress.snapshot.isIdle, let source = source.withLock({ $0 }) else { return false }
        return try await source.pending().count == 0
    }

    /// The outbox, where it is open.
    public var opened: (any OutboxSource)? { source.withLock { $0 } }

    private func perform(_ action: RelayMachine.Action) async throws -> RelayMachine.Input {
        switch action {
        case .open:
            // The old one goes first: it may hold what only one can have, a replication slot or a lease.
            await replaceSource(with: nil)
            let source = try await makeSource()
            await replaceSource(with: source)
            return .opened(heldKeys: try await source.heldKeys())
        case .close:
            await replaceSource(with: nil)
            return .closed
        case .capture(let position):
            return .captured(try await capture(after: position))
        case .append(let events):
            if !events.isEmpty {
                let begun = ContinuousClock.now
                let last = try await broker.append(events, to: stream)
                CrashPoint.appended.reached()
                progress.count(events.count)
                let took = ContinuousClock.now - begun
                observer?.observe(.appended(times: EventTimes(of: events), through: last, took: took))
                trace(events, took: took)
                appended.withLock { $0.append(events) }
            }
            return .appended
        case .settle(let batch):
            let begun = ContinuousClock.now
            let source = try openSource()
            try await WorkObservation.StoreOperation.settle.run(tellingTo: observer) { try await source.settle(batch) }
            let took = ContinuousClock.now - begun
            observer?.observe(.settled(parked: batch.parked.count, took: took))
            traceParked(batch, took: took)
            let parked = batch.parked.compactMap { row in row.reason.map { ParkedNotice(row.traced, reason: $0) } }
            if !parked.isEmpty { tell(parked) }
            inFlight.withLock { inFlight in
                if !inFlight.isEmpty { inFlight.removeFirst() }
            }
            return .settled
        case .wait(let failures, let step):
            var random = SystemRandomNumberGenerator()
            try? await clock.sleep(backoff.delay(afterFailures: failures, using: &random))
            return .waited(step)
        }
    }

    /// A look at an idle outbox takes its time, and ends where the relay is told to rest.
    private func capture(after position: OutboxPosition) async throws -> CapturedRows {
        forgetAppended()
        let source = try openSource()
        let captured = try await WorkObservation.StoreOperation.capture.run(tellingTo: observer) {
            try await gate.whileOpen { [limit, patience] in
                try await source.capture(after: position, limit: limit, patience: patience)
            }
        }
        guard var rows = captured, !rows.isEmpty else { return CapturedRows() }
        CrashPoint.captured.reached()
        rows.adoptTraceParents()
        observer?.observe(.captured(rows: rows.count, took: rows.took))
        let oldest = rows.events.first?.time
        inFlight.withLock { $0.append((rows.count, oldest)) }
        return rows
    }

    private func trace(_ events: [Event], took: Duration) {
        guard let tracer else { return }
        let traced = TracedEvent.all(of: events, admittedBy: tracer)
        if !traced.isEmpty { tracer.worked(on: traced, took: took) }
    }

    private func traceParked(_ batch: CapturedBatch, took: Duration) {
        guard let tracer, !batch.parked.isEmpty else { return }
        let traced = batch.parked.compactMap { row -> TracedEvent? in
            guard let reason = row.reason, let event = row.traced else { return nil }
            return TracedEvent(event, failure: FleetError(.badEvent, reason))
        }
        if !traced.isEmpty { tracer.worked(on: traced, took: took) }
    }

    /// What is captured and not settled: how many rows, and the time of the first event.
    public var captured: (count: Int, oldest: Timestamp?) {
        inFlight.withLock { ($0.reduce(0) { $0 + $1.count }, $0.first?.oldest) }
    }

    private func forgetAppended() {
        let forgotten = appended.withLock { appended in
            defer { appended = [] }
            return appended
        }
        _ = consume forgotten
    }

    private func openSource() throws -> any OutboxSource {
        guard let source = source.withLock({ $0 }) else { throw FleetError(.bug, "the source was not opened") }
        return source
    }

    private func replaceSource(with new: (any OutboxSource)?) async {
        let old = source.withLock { source in
            defer { source = new }
            return source
        }
        inFlight.withLock { $0 = [] }
        await old?.close()
    }
}
