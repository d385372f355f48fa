public import FleetCore
import SagaModel
import Stores
public import Subscriptions
import Synchronization

/// Carries out the sagas of a runner: takes what comes to them, writes the journal, and then does what they ask for.
///
/// One transaction of the journal takes inputs of many sagas (``SagaTurn``): what can be done within it is done there, so that
/// a step, its entry and its outgoing command are one commit. Everything else is an *order*: carried out after the commit,
/// remembered in the journal until its outcome is there, and carried out again after a crash.
public final class SagaEngine: Sendable {
    /// What it tells of itself, for logs.
    public enum Notice: Sendable, Hashable {
        case started(count: Int)
        case ended(saga: String, SagaOutcome, TraceContext?)
        /// The reason may be a service's, or a store's, own words.
        case parked(saga: String, place: String, reason: String, TraceContext?)
        case stray(String)
    }

    public struct Settings: Sendable {
        /// How this process is called, for people.
        public var owner: String
        /// Throws `fenced` where this process may not carry the sagas out any more, as somebody else decides; `nil` where the
        /// lease in the journal does.
        public var confirm: (@Sendable () async throws -> Void)?
        public var lease: Duration
        /// How often messages of other processes are looked for.
        public var interval: Duration
        /// Orders that are carried out at a time.
        public var ordersAtOnce: Int
        /// Sagas that are kept in memory between turns.
        public var cached: Int
        /// How long sagas that have ended stay in the journal.
        public var keep: Duration
        /// How long an event is kept for sagas that begin to wait for it later.
        public var keepEvents: Duration

        public init(
            owner: String, confirm: (@Sendable () async throws -> Void)?, lease: Duration = .seconds(5),
            interval: Duration = .milliseconds(250),
            ordersAtOnce: Int = 64, cached: Int = 4_096, keep: Duration = .seconds(30 * 86_400),
            keepEvents: Duration = .seconds(86_400)
        ) {
            self.owner = owner
            self.confirm = confirm
            self.lease = lease
            self.interval = interval
            self.ordersAtOnce = ordersAtOnce
            self.cached = cached
            self.keep = keep
            self.keepEvents = keepEvents
        }
    }

    let journal: SagaJournal
    private let catalog: SagaCatalog
    let parties: any SagaParties
    private let stores: any StoreProvider
    private let settings: Settings
    let clock: FleetClock
    let backoff: Backoff
    let progress: Progress
    private let notify: @Sendable (Notice) -> Void
    private let observer: (any SagaObserver)?
    private let trace: @Sendable ([SagaTrace]) -> Void
    let inbox = SagaInbox()
    private let state = Mutex(State())

    private struct State {
        var runs: [String: SagaRun] = [:]
        /// Orders that nobody has begun with, but for commands.
        var waiting: [SagaOrder] = []
        /// By service.
        var waitingCommands: [String: [SagaOrder]] = [:]
        /// Orders that wait or are under way.
        var known: Set<OrderKey> = []
        var underWay = 0
        var nextDue: Timestamp?
        /// Whether a message may be there that was not looked for.
        var isNudged = true
    }

    private struct OrderKey: Hashable {
        var saga: String
        var ticket: SagaTicket
    }

    public init(
        runner: String, catalog: SagaCatalog, parties: any SagaParties, stores: any StoreProvider, settings: Settings,
        clock: FleetClock = .system, backoff: Backoff = .standard, progress: Progress,
        observer: (any SagaObserver)? = nil, notify: @escaping @Sendable (Notice) -> Void = { _ in },
        trace: @escaping @Sendable ([SagaTrace]) -> Void = { _ in }
    ) {
        journal = SagaJournal(runner: runner)
        self.catalog = catalog
        self.parties = parties
        self.stores = stores
        self.settings = settings
        self.clock = clock
        self.backoff = backoff
        self.progress = progress
        self.observer = observer
        self.notify = notify
        self.trace = trace
    }

    /// Says that a message was posted, or will be in a moment.
    public func nudge() {
        state.withLock { $0.isNudged = true }
        inbox.nudge()
    }

    /// Whether nothing waits to be taken, and no saga has anything under way that ends by itself.
    public func isDrained() async throws -> Bool {
        let (journal, catalog) = (journal, catalog)
        let store = try await stores.store()
        var last = ""
        while true {
            let (ids, isBusy) = try await store.read { [last] transaction -> ([String], Bool) in
                guard try journal.messages(limit: 1, in: transaction).isEmpty else { return ([], true) }
                let ids = try journal.open(after: last, limit: 256, in: transaction)
                for id in ids {
                    if try journal.readableSaga(id, catalog, in: transaction)?.machine.isBusy == true {
                        return (ids, true)
                    }
                }
                return (ids, false)
            }
            if isBusy { return false }
            guard let next = ids.last else { return true }
            last = next
        }
    }

    /// Carries out sagas until the task is cancelled. What stands in the way is in its ``Progress``, and waited for.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tick() }
            var failures = 0
            while !Task.isCancelled {
                do {
                    try await self.carry(&group) { failures = 0 }
                } catch {
                    if Task.isCancelled { break }
                    let error = FleetError.wrapping(error)
                    failures += 1
                    self.progress.fail(error)
                    var random = SystemRandomNumberGenerator()
                    let wait = self.backoff.delay(afterFailures: failures, using: &random)
                    // Whoever has the sagas may be gone soon.
                    try? await self.clock.sleep(error.code == .busy ? min(wait, .milliseconds(500)) : wait)
                }
            }
            group.cancelAll()
        }
    }

    /// Has the engine look from time to time, and when a saga's time has come.
    private func tick() async {
        while !Task.isCancelled {
            let due = state.withLock { $0.nextDue }
            let wait = due.map { $0.elapsed(since: clock.now()) } ?? settings.interval
            let step = max(.milliseconds(1), min(wait, settings.interval))
            guard (try? await clock.sleep(step)) != nil else { return }
            inbox.nudge()
        }
    }

    private func carry(_ group: inout DiscardingTaskGroup, progressed: () -> Void) async throws {
        let store = try await stores.store()
        do {
            let hold = try await begin(in: store)
            try await loadOrders(in: store)
            var renewed = clock.now()
            var looked = Timestamp(microseconds: 0)
            var pruned = clock.now()
            startOrders(&group)
            for await _ in inbox.nudges {
                repeat {
                    let now = clock.now()
                    let renews = now.elapsed(since: renewed) > settings.lease / 4
                    let looks = now.elapsed(since: looked) >= settings.interval
                    guard renews || looks || isWanted(at: now) else { break }
                    if looks { looked = now }
                    try await turn(hold, renews: renews, in: store)
                    if renews { renewed = now }
                    progressed()
                    progress.recover()
                    startOrders(&group)
                    if now.elapsed(since: pruned) > .seconds(60) {
                        pruned = now
                        try await prune(in: store)
                    }
                } while !Task.isCancelled && isWanted(at: clock.now())
                if Task.isCancelled { break }
            }
            await letGo(of: hold, in: store)
        } catch {
            state.withLock { $0.runs = [:] }
            await stores.discard(store)
            throw error
        }
    }

    /// Also where the task is cancelled: so that the next need not wait for the end of the lease.
    private func letGo(of hold: SagaHold, in store: any Store) async {
        let (journal, now) = (journal, clock.now())
        // A task of its own is not cancelled with this one.
        _ = await Task { try? await store.write { try journal.release(hold, at: now, in: $0) } }.value
    }

    private func isWanted(at now: Timestamp) -> Bool {
        !inbox.isEmpty || state.withLock { $0.isNudged || $0.nextDue.map { $0 <= now } ?? false }
    }

    private func begin(in store: any Store) async throws -> SagaHold {
        // One that was paused and wakes is told so here, and may not take what another has by now. Where it was paused
        // between this and what follows, the other is told, comes here, and takes it back.
        try await settings.confirm?()
        let (journal, catalog, settings, now) = (journal, catalog, settings, clock.now())
        let (hold, due, last) = try await store.write { transaction in
            let last = try journal.lastSign(in: transaction)
            let hold = try journal.take(
                as: settings.owner, until: now.advanced(by: settings.lease), isForced: settings.confirm != nil, at: now,
                in: transaction)
            try catalog.load(in: transaction)
            return (hold, try journal.nextDue(in: transaction), last)
        }
        state.withLock { state in
            state.runs = [:]
            state.nextDue = due
            state.isNudged = true
        }
        // The clock was put back: what is to happen by the other one is not waited for.
        if let last, last.elapsed(since: now) > settings.lease * 2 { try await wakeAll(in: store) }
        inbox.nudge()
        return hold
    }

    /// Has every saga that is open look at the time.
    private func wakeAll(in store: any Store) async throws {
        let journal = journal
        var last = ""
        while true {
            let ids = try await store.read { [last] in try journal.open(after: last, limit: 256, in: $0) }
            for id in ids { inbox.put(id, .woke) }
            guard let next = ids.last else { return }
            last = next
        }
    }

    /// Orders whose outcome is not in the journal: after a crash they are carried out again.
    private func loadOrders(in store: any Store) async throws {
        let (journal, catalog, parties) = (journal, catalog, parties)
        var last = ""
        while true {
            let (after, found) = try await store.read { [last] transaction -> (String?, [SagaOrder]) in
                let ids = try journal.withOrders(after: last, limit: 256, in: transaction)
                var orders: [SagaOrder] = []
                for id in ids {
                    guard let (machine, entry) = try journal.readableSaga(id, catalog, in: transaction) else {
                        continue
                    }
                    for case .perform(let work) in machine.resume() where entry.orders.contains(work.ticket) {
                        if let effect = try? machine.effect(of: work, parties) {
                            orders.append(SagaOrder(saga: id, ticket: work.ticket, effect: effect))
                        }
                    }
                }
                return (ids.last, orders)
            }
            enqueue(found)
            guard let after else { return }
            last = after
        }
    }

    // MARK: Turns

    private func turn(_ hold: SagaHold, renews: Bool, in store: any Store) async throws {
        let taken = inbox.take(atMost: 512)
        let result: SagaTurnResult
        do {
            result = try await write(taken, hold, renews: renews, in: store)
        } catch {
            inbox.putBack(taken)
            throw error
        }
        state.withLock { state in
            for (id, run) in result.runs { state.runs[id] = run.machine.state.outcome == nil ? run : nil }
            if state.runs.count > settings.cached { state.runs = result.runs }
            state.nextDue = result.nextDue
            if result.hasMore { state.isNudged = true }
        }
        CrashPoint.sagaWritten.reached()
        enqueue(result.orders)
        progress.count(result.count + taken.answers.count)
        tell(result)
        setIdle()
    }

    /// One transaction.
    private func write(
        _ taken: SagaInbox.Content, _ hold: SagaHold, renews: Bool, in store: any Store
    ) async throws -> SagaTurnResult {
        let now = clock.now()
        let (known, isRoomy) = state.withLock { state in
            state.isNudged = false
            return (state.runs, state.waiting.count < 1_024)
        }
        let turn = SagaTurn(
            journal: journal, catalog: catalog, parties: parties, now: now,
            jitter: SagaJitter(seed: .random(in: 0 ... .max)), known: known)
        let lease = renews ? now.advanced(by: settings.lease) : nil
        return try await store.write { [turn, parties] transaction in
            var turn = turn
            parties.begin()
            return try turn.run(
                hold: hold, leaseUntil: lease, answers: taken.answers, sent: taken.sent, takesMore: isRoomy,
                in: transaction)
        }
    }

    private func setIdle() {
        let (isQuiet, nextDue) = state.withLock { state in
            (state.known.isEmpty && !state.isNudged, state.nextDue)
        }
        let isDueSoon = nextDue.map { $0.elapsed(since: clock.now()) < .seconds(2) } ?? false
        progress.setIdle(isQuiet && inbox.isEmpty && !isDueSoon)
    }

    private func tell(_ result: SagaTurnResult) {
        if !result.traced.isEmpty { trace(result.traced) }
        if !result.observations.isEmpty { observer?.observe(result.observations) }
        if result.started > 0 { notify(.started(count: result.started)) }
        for ending in result.ended { notify(.ended(saga: ending.saga, ending.outcome, ending.trace)) }
        for parked in result.parked {
            notify(.parked(saga: parked.saga, place: parked.place, reason: parked.reason, parked.trace))
        }
        for stray in result.strays { notify(.stray(stray)) }
    }

    private func prune(in store: any Store) async throws {
        let (journal, settings, now) = (journal, settings, clock.now())
        try await store.write { transaction in
            _ = try journal.prune(
                endedBefore: now.advanced(by: .zero - settings.keep),
                eventsBefore: now.advanced(by: .zero - settings.keepEvents), limit: 10_000, in: transaction)
        }
        try await parties.forgetSteps(before: now.advanced(by: .zero - settings.keep))
    }

    // MARK: Orders

    private func enqueue(_ orders: [SagaOrder]) {
        state.withLock { state in
            for order in orders
            where state.known.insert(OrderKey(saga: order.saga, ticket: order.ticket)).inserted {
                if case .command(let command) = order.effect {
                    state.waitingCommands[command.service, default: []].append(order)
                } else {
                    state.waiting.append(order)
                }
            }
        }
    }

    /// Begins with orders, as many as may be under way; commands to one service go together.
    private func startOrders(_ group: inout DiscardingTaskGroup) {
        for orders in state.withLock({ Self.takeOrders(&$0, settings.ordersAtOnce) }) {
            group.addTask {
                await self.carryOut(orders)
                self.state.withLock { state in
                    state.underWay -= 1
                    for order in orders { state.known.remove(OrderKey(saga: order.saga, ticket: order.ticket)) }
                }
                self.inbox.nudge()
            }
        }
    }

    private static func takeOrders(_ state: inout State, _ limit: Int) -> [[SagaOrder]] {
        guard state.underWay < limit else { return [] }
        let taken = state.waiting.prefix(limit - state.underWay)
        let batches = taken.map { [$0] } + state.waitingCommands.values
        state.waiting.removeFirst(taken.count)
        state.waitingCommands = [:]
        state.underWay += batches.count
        return batches
    }
}
