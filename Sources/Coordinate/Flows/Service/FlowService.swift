public import Brokers
public import FleetCore
import FlowModel
import Inbox
public import ServiceLifecycle
import Stores
public import Subscriptions

/// Has the limits of one flow passed: judges runs whose time has come, writes the event of a timeout, and forgets old runs.
///
/// Of all runs only those are in memory that are due, a batch at a time.
public final class FlowService: Service {
    /// Writes events to a service's outbox, each once however often it is asked to.
    public typealias Writer = @Sendable ([FlowTimeoutEvent]) async throws -> Void

    private let plan: FlowPlan
    private let journal: FlowJournal
    private let fleet: FleetName
    private let subscription: SubscriptionName
    private let sources: [FlowSource]
    private let stores: any StoreProvider
    private let broker: any Broker
    private let clock: FleetClock
    private let progress: Progress
    private let gate: FlowGate
    private let write: Writer
    private let notify: @Sendable ([FlowState]) -> Void

    /// How many runs are judged in one transaction.
    private static let batch = 64
    /// How often it looks, where nothing is due before.
    private static let interval = Duration.milliseconds(250)
    private static let toleratedFailures = 5
    private static let backoff = Backoff(initial: .milliseconds(250), cap: .seconds(10))

    /// - Parameters:
    ///   - subscription: by which the flow's cursors are found in the journal's store.
    ///   - stores: opens the journal's store.
    ///   - notify: told of runs that are stuck, once each time that they get so.
    public init(
        plan: FlowPlan, fleet: FleetName, subscription: SubscriptionName, sources: [FlowSource],
        stores: any StoreProvider, broker: any Broker, clock: FleetClock = .system, progress: Progress,
        gate: FlowGate = FlowGate(), write: @escaping Writer,
        notify: @escaping @Sendable ([FlowState]) -> Void = { _ in }
    ) {
        self.plan = plan
        self.fleet = fleet
        self.subscription = subscription
        self.sources = sources
        self.stores = stores
        self.broker = broker
        self.clock = clock
        self.progress = progress
        self.gate = gate
        self.write = write
        self.notify = notify
        journal = FlowJournal(plan.definition.name)
    }

    /// Watches the clock until the task is cancelled or the process shuts down.
    public func run() async {
        await cancelWhenGracefulShutdown {
            var failures = 0
            while !Task.isCancelled {
                var wait = Self.interval
                do {
                    wait = try await self.gate.whileOpen { try await self.look() } ?? Self.interval
                    failures = 0
                    self.progress.recover()
                } catch {
                    let error = FleetError.wrapping(error)
                    if error.code == .cancelled { continue }
                    failures += 1
                    // A delivery of the same flow may have been in the way.
                    if !error.waitingHelps || failures > Self.toleratedFailures { self.progress.fail(error) }
                    var random = SystemRandomNumberGenerator()
                    wait = Self.backoff.delay(afterFailures: failures, using: &random)
                }
                try? await self.clock.sleep(wait)
            }
        }
    }

    /// Judges what is due.
    /// - Returns: how long to wait before the next look.
    private func look() async throws -> Duration {
        let store = try await stores.store()
        let now = clock.now()
        do {
            let journal = journal
            let next = try await store.read { try journal.nextDue(in: $0) }
            guard let next, next <= now else {
                progress.setIdle(true)
                return min(Self.interval, next?.elapsed(since: now) ?? Self.interval)
            }
            progress.setIdle(false)
            let watermark = try await watermark(in: store)
            guard next <= watermark else {
                // What is paused is nobody's to wait for.
                progress.setIdle(sources.contains { $0.isPaused() })
                return Self.interval
            }
            try await judge(by: watermark, in: store)
            return .zero
        } catch {
            await discardIfBroken(store, error)
            throw error
        }
    }

    /// A store that cannot be used is opened anew.
    private func discardIfBroken(_ store: any Store, _ error: any Error) async {
        let error = FleetError.wrapping(error)
        if [.missing, .corrupt, .readOnly, .unavailable].contains(error.code) { await stores.discard(store) }
    }

    private func judge(by watermark: Timestamp, in store: any Store) async throws {
        let (journal, plan, fleet, now) = (journal, plan, fleet, clock.now())
        let (count, orders, stuck) = try await store.write { transaction in
            guard let watch = try journal.watch(in: transaction) else {
                throw FleetError(
                    .notApplied, "flow \(journal.flow) is not watched yet", remedy: "run `flotilla apply`")
            }
            var orders: [(key: String, event: FlowTimeoutEvent)] = []
            var stuck: [FlowState] = []
            let states = try journal.due(by: watermark, limit: Self.batch, in: transaction)
            for state in states {
                var machine = FlowMachine(plan, key: state.key, state: state, at: now)
                let actions = machine.handle(.passed(watermark: watermark, watchedSince: watch.since), at: now)
                if actions.contains(.forget) {
                    try journal.remove(state.key, in: transaction)
                    continue
                }
                if machine.state != state { try journal.save(machine.state, in: transaction) }
                if machine.state.status == .stuck, state.status != .stuck { stuck.append(machine.state) }
                if actions.contains(.writeTimeout),
                    let event = FlowTimeoutEvent(of: machine.state, plan.definition, in: fleet)
                {
                    orders.append((state.key, event))
                }
            }
            return (states.count, orders, stuck)
        }
        progress.count(count)
        if !stuck.isEmpty { notify(stuck) }
        if !orders.isEmpty { try await carryOut(orders, in: store) }
    }

    /// Writes the events, and then notes in the journal that they are.
    private func carryOut(_ orders: [(key: String, event: FlowTimeoutEvent)], in store: any Store) async throws {
        let input: FlowMachine.Input
        var failure: FleetError?
        do {
            try await write(orders.map(\.event))
            CrashPoint.flowTimeoutWritten.reached()
            input = .written
        } catch {
            // Others go on meanwhile.
            failure = FleetError.wrapping(error)
            input = .postponed(clock.now().advanced(by: Self.patience))
        }
        let (journal, plan, now, keys) = (journal, plan, clock.now(), orders.map(\.key))
        try await store.write { transaction in
            for key in keys {
                guard let state = try journal.state(of: key, in: transaction) else { continue }
                var machine = FlowMachine(plan, key: key, state: state, at: now)
                _ = machine.handle(input, at: now)
                try journal.save(machine.state, in: transaction)
            }
        }
        if let failure { throw failure }
    }

    /// After this time an event that could not be written is tried again.
    private static let patience = Duration.seconds(1)

    // MARK: The watermark

    /// Up to which time everything that happened is known, but for what is within the grace: the least of what can be said of
    /// each stream.
    private func watermark(in store: any Store) async throws -> Timestamp {
        var watermark = clock.now()
        for source in sources {
            // In this order: what was committed before now is in the stream, then read, then in the journal.
            let isDrained = try await source.isDrained()
            let bounds = try await broker.bounds(of: source.stream)
            let name = subscription.name
            let position = try await store.read { try Inbox.state(of: name, in: source.stream, $0)?.position }
            let taken = position ?? LogPosition(bounds.first.value - 1)
            if isDrained, taken >= bounds.last { continue }
            // A stream is in the order of its commits: what comes later did not happen long before.
            watermark = min(watermark, try await time(of: taken, in: source.stream, bounds))
        }
        return watermark
    }

    private func time(of position: LogPosition, in stream: StreamName, _ bounds: StreamBounds) async throws -> Timestamp
    {
        let never = Timestamp(microseconds: 0)
        guard position >= bounds.first else { return never }
        let limit = BatchLimit(events: 1, bytes: ByteCount(1))
        do {
            let before = LogPosition(position.value - 1)
            return try await broker.read(stream, after: before, limit: limit).first?.event.time ?? never
        } catch let error as FleetError where error.code == .gap {
            return never
        }
    }
}
