public import Brokers
import Endpoints
public import FleetCore
import Inbox
import Parking
public import ServiceLifecycle
import Stores
public import Subscriptions
import Synchronization

/// Drives a ``PushMachine``: carries its actions out, and answers them.
public final class PushService: Service {
    private let plan: PushPlan
    private let stores: any StoreProvider
    private let broker: any Broker
    private let limit: BatchLimit
    private let backoff: Backoff
    private let patience: Duration
    private let clock: FleetClock
    private let progress: Progress
    private let gate: FlowGate
    private let drain: DrainLimit
    private let observer: (any WorkObserver)?
    private let tracer: (any WorkTracer)?
    private let tell: @Sendable ([ParkedNotice]) -> Void
    private let state: Mutex<State>
    private let cursor: CursorCheck

    private struct State {
        var store: (any Store)?
        /// Of the subscription, in the inbox of its store.
        var number: Int64 = 0
        /// Of each target; `nil` where it has no rate.
        var buckets: [TokenBucket?]
    }

    /// One look ahead; what is held in all is bounded by ``PushMachine/windowLimit``.
    public static let batchLimit = BatchLimit(events: 1024, bytes: .mebibytes(1))

    /// - Parameters:
    ///   - backoff: between attempts that fail, as long as nothing else helps.
    ///   - patience: how long one look at an idle stream may wait before it says that there is nothing.
    ///   - gate: where it is told to rest, or to begin anew.
    ///   - drain: how long it may take, when the process shuts down, to hear of what it has sent, and to note it.
    ///   - observer: who measures it.
    ///   - tracer: who makes spans of it.
    ///   - tell: is told of events that were parked.
    public init(
        plan: PushPlan, stores: any StoreProvider, broker: any Broker, limit: BatchLimit = PushService.batchLimit,
        backoff: Backoff = Backoff(initial: .milliseconds(100), cap: .seconds(10)), patience: Duration = .seconds(1),
        clock: FleetClock = .system, progress: Progress, gate: FlowGate = FlowGate(),
        drain: DrainLimit = DrainLimit(), observer: (any WorkObserver)? = nil, tracer: (any WorkTracer)? = nil,
        tell: @escaping @Sendable ([ParkedNotice]) -> Void = { _ in }
    ) {
        let now = clock.now()
        let buckets = plan.targets.map { target in
            // What a tenth of a second lets through, so that it goes evenly.
            target.rate.map { TokenBucket(rate: $0, capacity: $0.events(in: .milliseconds(100)), at: now) }
        }
        state = Mutex(State(buckets: buckets))
        self.gate = gate
        self.drain = drain
        self.observer = observer
        self.tracer = tracer
        self.tell = tell
        self.plan = plan
        cursor = CursorCheck(plan.subscription, in: plan.stream)
        self.stores = stores
        self.broker = broker
        self.limit = limit
        self.backoff = backoff
        self.patience = patience
        self.clock = clock
        self.progress = progress
    }

    /// Delivers until the task is cancelled or the process shuts down; then what was sent is answered and noted first.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                let machine = PushMachine(
                    routes: self.plan.routes, inFlightLimits: self.plan.targets.map(\.inFlightLimit))
                let inbox = AnswerInbox<PushMachine.Input>()
                await MachineDriver(progress: self.progress, observer: self.observer).drive(
                    machine, gate: self.gate, inbox: inbox, handOver: { self.send($0, answeringTo: inbox) },
                    perform: { try await self.perform($0) })
            }
            group.addTask {
                guard (try? await gracefulShutdown()) != nil else { return }
                await self.drain.drain(self.gate) { self.state.withLock { $0.store == nil } }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Sends all that may go at once, and needs no task each: where no rate has to be waited for.
    /// - Returns: what is left to do.
    private func send(
        _ actions: [PushMachine.Action], answeringTo inbox: AnswerInbox<PushMachine.Input>
    ) -> [PushMachine.Action] {
        var others: [PushMachine.Action] = []
        var events: [[Event]] = Array(repeating: [], count: plan.targets.count)
        for action in actions {
            if case .send(let event, let number) = action, plan.targets[number].rate == nil {
                events[number].append(event)
            } else {
                others.append(action)
            }
        }
        let begun = ContinuousClock.now
        for (number, events) in events.enumerated() where !events.isEmpty {
            let contexts = contexts(of: events)
            plan.targets[number].endpoint.deliver(events, in: contexts) { index, answer in
                let context = contexts.isEmpty ? nil : contexts[index]
                let noted = self.note(answer, of: events[index], in: context, to: number, since: begun)
                inbox.put(.answered(key: events[index].key, endpoint: number, noted))
            }
        }
        return others
    }

    /// Of each event the span that its request is; empty where none belongs to a trace, or nobody makes spans.
    private func contexts(of events: [Event]) -> [TraceContext?] {
        guard tracer != nil, events.contains(where: { $0.tracedPart != nil }) else { return [] }
        return events.map(context)
    }

    private func context(of event: Event) -> TraceContext? {
        guard let tracer, let part = event.tracedPart, tracer.admits(part), let context = event.traceContext else {
            return nil
        }
        return context.newChild()
    }

    /// - Returns: the answer; a failure says which place of a trace it is about.
    private func note(
        _ answer: DeliveryAnswer, of event: Event, in context: TraceContext?, to target: Int,
        since begun: ContinuousClock.Instant
    ) -> DeliveryAnswer {
        let took = ContinuousClock.now - begun
        observer?.observe(.sent(to: target, occurred: event.time, outcome: answer.outcome, took: took))
        // A failure is told also where the request went without a span of its own.
        let span = context ?? (answer.failure == nil ? nil : event.traceContext?.newChild())
        if let tracer, let span, let event = TracedEvent(event, failure: answer.failure) {
            tracer.requested(event, as: span, to: target, status: answer.status, took: took)
        }
        guard case .delivered = answer else { return answer.failed(in: context ?? event.traceContext) }
        progress.count(1)
        CrashPoint.pushed.reached()
        return answer
    }

    private func perform(_ action: PushMachine.Action) async throws -> PushMachine.Input {
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
            return .read(try await read(after: position))
        case .send(let event, let number):
            // The key waits in its turn: nothing of it overtakes.
            guard await isLetThrough(to: number) else { return .unsent(key: event.key, endpoint: number) }
            let begun = ContinuousClock.now
            let context = context(of: event)
            let answer = await plan.targets[number].endpoint.deliver(event, in: context)
            let noted = note(answer, of: event, in: context, to: number, since: begun)
            return .answered(key: event.key, endpoint: number, noted)
        case .commit(let commit):
            let (store, number) = try opened()
            let (ledger, now) = (PushLedger(plan: plan), clock.now())
            let begun = ContinuousClock.now
            let nextDue = try await WorkObservation.StoreOperation.commit.run(tellingTo: observer) {
                try await store.write { try ledger.commit(commit, number: number, at: now, in: $0) }
            }
            observer?.observe(
                .committed(
                    events: commit.count, parked: commit.parked.count, through: commit.last.position,
                    took: ContinuousClock.now - begun))
            let parked = commit.parked.compactMap { one in
                one.failure.map { ParkedNotice(one.record.event, reason: $0.withoutData) }
            }
            if !parked.isEmpty { tell(parked) }
            CrashPoint.pushNoted.reached()
            return .committed(nextDue: nextDue)
        case .acknowledge(let position):
            try await broker.acknowledge(upTo: position, by: plan.subscription, in: plan.stream)
            return .acknowledged
        case .findDue(let due):
            return try await findDue(due)
        case .settle(let event, let settlement):
            let (ledger, now) = (PushLedger(plan: plan), clock.now())
            let (next, isFree) = try await opened().store.write {
                try ledger.settle(event, settlement, at: now, in: $0)
            }
            return .settled(key: event.event.key, next: next, isFree: isFree)
        case .report(let number, let error, let isOpen):
            observer?.observe(.breaker(of: number, isOpen: isOpen))
            if let error { throw error }
            return .reported(number)
        case .wait(let failures, let least, let wake):
            var random = SystemRandomNumberGenerator()
            let delay = failures == 0 ? .zero : backoff.delay(afterFailures: failures, using: &random)
            try? await clock.sleep(max(delay, least ?? .zero))
            return .waited(wake)
        }
    }

    /// Waits as long as the rate of a target asks for.
    /// - Returns: `false` where the delivery is told to rest meanwhile, or to end.
    private func isLetThrough(to target: Int) async -> Bool {
        let (clock, now) = (clock, clock.now())
        let wait = state.withLock { $0.buckets[target]?.take(1, at: now) } ?? .zero
        if wait <= .zero { return true }
        return (try? await gate.whileOpen { try await clock.sleep(wait) }).flatMap { $0 } != nil
    }

    /// A look at an idle stream takes its time, and ends where the delivery is told to rest.
    private func read(after position: LogPosition) async throws -> [LogRecord] {
        let there = try await broker.read(plan.stream, for: plan.subscription, after: position, limit: limit)
        if !there.isEmpty { return there }
        let (broker, stream, subscription, patience) = (broker, plan.stream, plan.subscription, patience)
        guard
            try await gate.whileOpen({
                try await broker.waitForRecords(
                    in: stream, for: subscription, after: position, timeout: patience)
            }) != nil
        else { return [] }
        let came = try await broker.read(stream, for: subscription, after: position, limit: limit)
        if came.isEmpty { try await cursor.checkIfDue(in: opened().store) }
        return came
    }

    private func opened() throws -> (store: any Store, number: Int64) {
        let state = state.withLock { $0 }
        guard let store = state.store else { throw FleetError(.bug, "the store was not opened") }
        return (store, state.number)
    }

    private func open() async throws -> PushMachine.Opening {
        if let failed = state.withLock({ state in
            defer { state.store = nil }
            return state.store
        }) {
            await stores.discard(failed)
        }
        let store = try await stores.store()
        // Known from now on, so that the next try discards it where anything below fails.
        state.withLock { $0.store = store }
        let start = SubscriptionStart(
            subscription: plan.subscription, stream: plan.stream, broker: broker, reader: "\(plan.subscription)",
            remedy:
                "begin with what this one holds: take `push` out of the fleet file, `flotilla apply`, put it back, and"
                + " `flotilla apply` again")
        let begun = try await start.open(in: store)
        cursor.begin(at: begun.position)
        state.withLock { $0.number = begun.number }
        let parking = plan.parking
        return try await store.read { transaction in
            PushMachine.Opening(
                position: begun.position, heldKeys: try parking.heldKeys(in: transaction),
                nextDue: try parking.nextDue(in: transaction))
        }
    }

    /// Looks often enough to see what was parked meanwhile, and is due sooner.
    private func findDue(_ due: Timestamp) async throws -> PushMachine.Input {
        try await clock.sleep(min(max(due.elapsed(since: clock.now()), .zero), .seconds(1)))
        let (ledger, now) = (PushLedger(plan: plan), clock.now())
        let (events, next) = try await opened().store.read { try ledger.due(at: now, in: $0) }
        return .due(events, nextDue: next)
    }
}

extension DeliveryAnswer {
    fileprivate var outcome: WorkObservation.SendOutcome {
        switch self {
        case .delivered: .delivered
        case .refused: .refused
        case .notNow: .postponed
        }
    }
}
