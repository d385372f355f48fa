public import Brokers
public import FleetCore
import Inbox
import Parking
public import ServiceLifecycle
public import Stores
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
    private let state = Mutex(State())

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
    }

    /// An event id is remembered for this many records of its stream. A relay repeats a batch only directly after it.
    private static let inboxWindow: Int64 = 1_000_000

    /// - Parameter patience: how long one look at an idle stream may wait before it says that there is nothing.
    public init(
        applier: ViewApplier, stores: any StoreProvider, broker: any Broker, limit: BatchLimit = .standard,
        backoff: Backoff = .standard, patience: Duration = .seconds(1), clock: FleetClock = .system, progress: Progress
    ) {
        self.applier = applier
        self.stores = stores
        self.broker = broker
        self.limit = limit
        self.backoff = backoff
        self.patience = patience
        self.clock = clock
        self.progress = progress
    }

    /// Delivers until the task is cancelled or the process shuts down.
    public func run() async {
        await cancelWhenGracefulShutdown {
            var machine = DeliveryMachine()
            await withTaskGroup(of: DeliveryMachine.Input.self) { group in
                var failing: Set<DeliveryMachine.Step> = []
                for action in machine.start() { group.addTask { await self.perform(action) } }
                while let input = await group.next() {
                    if Task.isCancelled { break }
                    let actions = machine.handle(input)
                    if machine.isIdle { failing.removeAll() }
                    self.observe(input, &failing)
                    self.progress.setIdle(machine.isIdle)
                    for action in actions { group.addTask { await self.perform(action) } }
                }
                group.cancelAll()
            }
        }
    }

    private func perform(_ action: DeliveryMachine.Action) async -> DeliveryMachine.Input {
        switch action {
        case .open:
            return await attempt(.open) { .opened(try await self.open()) }
        case .read(let position):
            return await attempt(.read) {
                self.forgetAppliedBatches()
                let there = try await self.read(after: position)
                if !there.isEmpty { return .read(self.prepared(there)) }
                try await self.broker.waitForRecords(
                    in: self.stream, for: self.applier.subscription, after: position, timeout: self.patience)
                return .read(self.prepared(try await self.read(after: position)))
            }
        case .apply(let records, let position, let heldKeys, let isCareful):
            return await attempt(.apply) {
                let (store, number) = try self.opened()
                let (applier, now) = (self.applier, self.clock.now())
                let batch = self.batch(of: records, number: number)
                let result = try await store.write { transaction in
                    try applier.apply(
                        batch, after: position, heldKeys: heldKeys, isCareful: isCareful, at: now, in: transaction)
                }
                if let last = records.last { self.state.withLock { $0.applied = last.position } }
                self.progress.count(records.count)
                CrashPoint.delivered.reached()
                return .applied(result)
            }
        case .acknowledge(let position, let records):
            return await attempt(.acknowledge) {
                try await self.broker.acknowledge(upTo: position, by: self.applier.subscription, in: self.stream)
                try await self.forget(below: position, records: records)
                return .acknowledged
            }
        case .retry(let due):
            return await attempt(.retry) {
                try await self.clock.sleep(due.elapsed(since: self.clock.now()))
                let (applier, now) = (self.applier, self.clock.now())
                let retried = try await self.opened().store.write { try applier.retryDue(at: now, in: $0) }
                return .retried(retried)
            }
        case .wait(let failures, let step):
            var random = SystemRandomNumberGenerator()
            try? await clock.sleep(backoff.delay(afterFailures: failures, using: &random))
            return .waited(step)
        }
    }

    private var stream: StreamName { applier.stream }

    private func read(after position: LogPosition) async throws -> [LogRecord] {
        try await broker.read(stream, for: applier.subscription, after: position, limit: limit)
    }

    /// Prepares a batch while the one before it is applied.
    private func prepared(_ records: [LogRecord]) -> [LogRecord] {
        guard let first = records.first else { return records }
        let batch = applier.batch(of: records, number: state.withLock { $0.number })
        state.withLock { $0.prepared[first.position] = batch }
        return records
    }

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
        return applier.batch(of: records, number: number)
    }

    private func attempt(
        _ step: DeliveryMachine.Step, _ body: () async throws -> DeliveryMachine.Input
    ) async -> DeliveryMachine.Input {
        do {
            return try await body()
        } catch {
            return .failed(step, FleetError.wrapping(error))
        }
    }

    /// Tells what stands in the way, until the step that failed has succeeded, or nothing is left to do.
    private func observe(_ input: DeliveryMachine.Input, _ failing: inout Set<DeliveryMachine.Step>) {
        switch input {
        case .failed(let step, let error):
            // An effect that fails is parked, and told there.
            let isExpected = step == .apply && (error.code == .statement || error.code == .badEvent)
            if error.code == .cancelled || error.code == .conflict || isExpected { return }
            failing.insert(step)
            progress.fail(error)
            return
        case .opened: failing.remove(.open)
        case .read: failing.remove(.read)
        case .applied: failing.remove(.apply)
        case .acknowledged: failing.remove(.acknowledge)
        case .retried: failing.remove(.retry)
        case .waited: return
        }
        if failing.isEmpty { progress.recover() }
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
        let (name, stream, parking) = (applier.inboxName, stream, applier.parking)
        let bounds = try await broker.bounds(of: stream)
        let oldest = LogPosition(bounds.first.value - 1)
        let found = try await store.read { try Inbox.state(of: name, in: stream, $0) }
        let begun: Inbox.State
        if let found {
            guard found.streamIdentity == bounds.identity else {
                throw FleetError(
                    .gap,
                    "stream \(stream) is not the one that view \(applier.subscription) has read until now: it was made anew",
                    remedy: "put the old file back, or build the view from what the new one holds:"
                        + " `flotilla views rebuild \(applier.subscription)`")
            }
            try await checkLastRecord(of: found, within: bounds)
            begun = found
        } else {
            begun = try await store.write {
                try Inbox.begin(name, in: stream, identity: bounds.identity, after: oldest, $0)
            }
        }
        // The store is right where the broker differs: after a restored backup it asks for older records again.
        try await broker.subscribe(applier.subscription, to: stream, at: begun.position)
        state.withLock { state in
            state.number = begun.number
            state.forgetting = nil
            state.prepared = [:]
            state.applied = begun.position
        }
        return try await store.read { transaction in
            DeliveryMachine.Opening(
                position: begun.position, heldKeys: try parking.heldKeys(in: transaction),
                nextDue: try parking.nextDue(in: transaction))
        }
    }

    /// Looks whether the record that was taken last is still the one at its position, as far as it is still there: where
    /// an older copy of the stream has taken its place and grown since, other records were appended there.
    private func checkLastRecord(of state: Inbox.State, within bounds: StreamBounds) async throws {
        guard state.position <= bounds.last else {
            // Told here, and not only by the first read: until then the gap may be filled.
            throw FleetError(
                .gap,
                "stream \(stream) ends at position \(bounds.last), before position \(state.position) that view"
                    + " \(applier.subscription) has read already: an older copy of the stream was put in its place",
                remedy: "put the newest copy back, or build the view from what this one holds:"
                    + " `flotilla views rebuild \(applier.subscription)`")
        }
        guard let id = state.lastEventID, state.position >= bounds.first else { return }
        let before = LogPosition(state.position.value - 1)
        let there: LogRecord?
        do {
            there = try await broker.read(stream, after: before, limit: BatchLimit(events: 1, bytes: ByteCount(1)))
                .first
        } catch let error as FleetError where error.code == .gap {
            // Dropped meanwhile.
            return
        }
        guard let there, there.position == state.position, there.event.id != id else { return }
        throw FleetError(
            .gap,
            "stream \(stream) has another record at position \(state.position) than view \(applier.subscription) has"
                + " read there: an older copy of the stream was put in its place, and has grown since",
            remedy: "put the newest copy back, or build the view from what this one holds:"
                + " `flotilla views rebuild \(applier.subscription)`")
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

/// Opens a service's store for all who work in it, once.
public protocol StoreProvider: Sendable {
    func store() async throws -> any Store
    /// Closes a store that has failed, so that the next who asks gets it opened anew. No effect on a newer one.
    func discard(_ store: any Store) async
}
