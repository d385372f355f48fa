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

    /// - Parameters:
    ///   - patience: how long one look at an idle outbox may wait before it says that there is nothing.
    ///   - makeSource: opens the outbox; called anew after the source has failed.
    public init(
        stream: StreamName, contract: RelayContract, broker: any Broker, limit: BatchLimit = .standard,
        backoff: Backoff = .standard, patience: Duration = .seconds(1), clock: FleetClock = .system, progress: Progress,
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
        self.makeSource = makeSource
    }

    /// Carries until the task is cancelled or the process shuts down.
    public func run() async {
        await cancelWhenGracefulShutdown {
            var machine = RelayMachine(contract: self.contract)
            await withTaskGroup(of: RelayMachine.Input.self) { group in
                var failing: Set<RelayMachine.Step> = []
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
        await replaceSource(with: nil)
    }

    /// Whether everything that is committed by now was appended and settled.
    public func isDrained() async throws -> Bool {
        guard progress.snapshot.isIdle, let source = source.withLock({ $0 }) else { return false }
        return try await source.pending().count == 0
    }

    private func perform(_ action: RelayMachine.Action) async -> RelayMachine.Input {
        switch action {
        case .open:
            return await attempt(.open) {
                // The old one goes first: it may hold what only one can have, a replication slot or a lease.
                await self.replaceSource(with: nil)
                let source = try await self.makeSource()
                await self.replaceSource(with: source)
                return .opened(heldKeys: try await source.heldKeys())
            }
        case .capture(let position):
            return await attempt(.capture) {
                self.forgetAppended()
                let rows = try await self.openSource().capture(
                    after: position, limit: self.limit, patience: self.patience)
                if !rows.isEmpty { CrashPoint.captured.reached() }
                return .captured(rows)
            }
        case .append(let events):
            return await attempt(.append) {
                if !events.isEmpty {
                    _ = try await self.broker.append(events, to: self.stream)
                    CrashPoint.appended.reached()
                    self.progress.count(events.count)
                    self.appended.withLock { $0.append(events) }
                }
                return .appended
            }
        case .settle(let batch):
            return await attempt(.settle) {
                try await self.openSource().settle(batch)
                return .settled
            }
        case .wait(let failures, let step):
            var random = SystemRandomNumberGenerator()
            try? await clock.sleep(backoff.delay(afterFailures: failures, using: &random))
            return .waited(step)
        }
    }

    private func forgetAppended() {
        let forgotten = appended.withLock { appended in
            defer { appended = [] }
            return appended
        }
        _ = consume forgotten
    }

    private func attempt(
        _ step: RelayMachine.Step, _ body: () async throws -> RelayMachine.Input
    ) async -> RelayMachine.Input {
        do {
            return try await body()
        } catch {
            return .failed(step, FleetError.wrapping(error))
        }
    }

    /// Tells what stands in the way, until the step that failed has succeeded, or nothing is left to do.
    private func observe(_ input: RelayMachine.Input, _ failing: inout Set<RelayMachine.Step>) {
        switch input {
        case .failed(let step, let error):
            if error.code == .cancelled || error.code == .conflict { return }
            failing.insert(step)
            progress.fail(error)
            return
        case .opened: failing.remove(.open)
        case .captured: failing.remove(.capture)
        case .appended: failing.remove(.append)
        case .settled: failing.remove(.settle)
        case .waited: return
        }
        if failing.isEmpty { progress.recover() }
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
        await old?.close()
    }
}
