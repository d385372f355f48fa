import FleetCore
import Synchronization

/// Exports one signal: carries out what an ``ExportMachine`` wants.
final class ExportLane<Item: Sendable>: Sendable {
    typealias Machine = ExportMachine<Item>

    private let machine: Mutex<Machine>
    private let send: @Sendable ([Item], Duration) async -> OTLPAnswer
    private let tell: @Sendable (Machine.Notice) -> Void
    private let clock: FleetClock
    private let nudges: AsyncStream<Void>
    private let nudge: AsyncStream<Void>.Continuation
    /// When the end has come; `nil` before.
    private let end = Mutex<ContinuousClock.Instant?>(nil)

    /// How long something waits for others to go with it.
    private static var lingering: Duration { .seconds(1) }
    /// A request is given up after this.
    private static var deadline: Duration { .seconds(10) }

    /// - Parameters:
    ///   - send: sends a batch, within a time.
    ///   - tell: what is worth a line in the log.
    init(
        _ limits: Machine.Limits, clock: FleetClock, send: @escaping @Sendable ([Item], Duration) async -> OTLPAnswer,
        tell: @escaping @Sendable (Machine.Notice) -> Void
    ) {
        machine = Mutex(Machine(limits))
        self.send = send
        self.tell = tell
        self.clock = clock
        (nudges, nudge) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Never waits.
    func add(_ items: [Item]) {
        let isFull = machine.withLock { machine in
            machine.add(items)
            return machine.hasFullBatch
        }
        if isFull { nudge.yield() }
    }

    var losses: [Machine.Loss: Int] { machine.withLock { $0.losses } }
    var exported: Int { machine.withLock { $0.exported } }

    /// Sends until it is told to finish, and then what is left, as long as there is time.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.remind() }
            for await _ in nudges {
                await sendAll()
                if isEnding || Task.isCancelled { break }
            }
            group.cancelAll()
        }
        machine.withLock { $0.end() }
    }

    /// Has it end after this.
    func finish(within limit: Duration) {
        end.withLock { $0 = .now + limit }
        nudge.yield()
    }

    private var isEnding: Bool { end.withLock { $0 != nil } }

    private func remind() async {
        while (try? await Task.sleep(for: Self.lingering)) != nil { nudge.yield() }
    }

    private func sendAll() async {
        while let batch = machine.withLock({ $0.begin(at: clock.now()) }) {
            let left = end.withLock { $0 }.map { $0 - .now } ?? Self.deadline
            guard left > .zero, !Task.isCancelled else { return }
            let answer = await sendUnlessEnding(batch, within: min(left, Self.deadline))
            guard let answer else { return }
            let (notices, wait) = machine.withLock { machine in
                var random = SystemRandomNumberGenerator()
                return machine.ended(answer.outcome, at: clock.now(), using: &random)
            }
            for notice in notices { tell(notice) }
            // At the end there is one try, and no waiting.
            if wait > .zero {
                if isEnding { return }
                await waitUnlessEnding(wait)
            }
        }
    }

    /// A request that hangs while the end comes has the rest of the time, and no more.
    private func sendUnlessEnding(_ batch: [Item], within limit: Duration) async -> OTLPAnswer? {
        await withTaskGroup(of: OTLPAnswer?.self) { group in
            group.addTask { await self.send(batch, limit) }
            group.addTask {
                await self.untilEnd()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// Returns when the time that is left at the end is over.
    private func untilEnd() async {
        while !Task.isCancelled {
            if let end = end.withLock({ $0 }), end <= .now { return }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    private func waitUnlessEnding(_ wait: Duration) async {
        let until = ContinuousClock.now + wait
        while !isEnding, !Task.isCancelled, ContinuousClock.now < until {
            try? await Task.sleep(for: min(.milliseconds(100), until - .now))
        }
    }
}
