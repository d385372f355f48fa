public import Brokers
public import FleetCore

/// Delivers one stream to one subscription: the logic, without I/O, clock or randomness.
///
/// Every action that the machine returns is answered by exactly one input. Batches are applied one at a time, in order;
/// while one is applied, the next is read, and what is committed is acknowledged to the broker.
public struct DeliveryMachine: Sendable {
    /// What the driver is to do.
    public enum Action: Sendable {
        /// Open the store and tell where the subscription stands. Always the first.
        case open
        case read(after: LogPosition)
        /// Apply a batch in one transaction. With `isCareful`, park what fails; without, fail.
        case apply([LogRecord], after: LogPosition, heldKeys: Set<String>, isCareful: Bool)
        /// Tell the broker how far the subscription is, and how many records that is since it was last told.
        case acknowledge(LogPosition, records: Int)
        /// At the given time, try the parked events that are due.
        case retry(at: Timestamp)
        case wait(afterFailures: Int, then: Step)
    }

    /// What became of it.
    public enum Input: Sendable {
        case opened(Opening)
        case read([LogRecord])
        case applied(Application)
        case acknowledged
        case retried(Retry)
        case failed(Step, FleetError)
        case waited(Step)
    }

    public enum Step: Sendable, Hashable { case open, read, apply, acknowledge, retry }

    public struct Opening: Sendable {
        /// How far the store says that the subscription is.
        public var position: LogPosition
        public var heldKeys: Set<String>
        /// When the next parked event is to be tried again.
        public var nextDue: Timestamp?

        public init(position: LogPosition, heldKeys: Set<String>, nextDue: Timestamp?) {
            self.position = position
            self.heldKeys = heldKeys
            self.nextDue = nextDue
        }
    }

    public struct Application: Sendable {
        /// Keys of events that failed and are parked now.
        public var newlyHeld: Set<String>
        public var nextDue: Timestamp?

        public init(newlyHeld: Set<String>, nextDue: Timestamp?) {
            self.newlyHeld = newlyHeld
            self.nextDue = nextDue
        }
    }

    public struct Retry: Sendable {
        /// Keys that have no parked events any more.
        public var released: Set<String>
        public var nextDue: Timestamp?

        public init(released: Set<String>, nextDue: Timestamp?) {
            self.released = released
            self.nextDue = nextDue
        }
    }

    private var heldKeys: Set<String> = []
    /// Committed in the store.
    private var applied: LogPosition = .start
    /// Known to the broker.
    private var acknowledged: LogPosition = .start
    /// Records between the two.
    private var unacknowledged = 0
    private var acknowledging: (position: LogPosition, records: Int)?
    private var readThrough: LogPosition = .start
    /// Read and not applied: the batch at work, and at most one more.
    private var batches: [[LogRecord]] = []
    /// Whether the first batch failed, and is applied with a savepoint for each event.
    private var isCareful = false
    private var isReading = false
    private var isApplying = false
    private var isRetrying = false
    private var nextDue: Timestamp?
    /// When events that were parked while a retry was under way are to be tried: it may not have seen them.
    private var dueMeanwhile: Timestamp?
    private var foundNothing = false
    private var failures: [Step: Int] = [:]
    private var waiting: Set<Step> = []
    private var mustReopen = false

    private static let batchLimit = 2

    public init() {}

    /// Whether the last read found nothing, everything read is applied, and no event waits to be tried again.
    public var isIdle: Bool { foundNothing && batches.isEmpty && nextDue == nil && acknowledged == applied }

    /// The first action.
    public mutating func start() -> [Action] { [.open] }

    /// Takes an answer, and returns what to do next.
    public mutating func handle(_ input: Input) -> [Action] {
        switch input {
        case .opened(let opening):
            failures[.open] = nil
            applied = opening.position
            acknowledged = opening.position
            readThrough = opening.position
            heldKeys = opening.heldKeys
            nextDue = opening.nextDue
        case .read(let records):
            failures[.read] = nil
            isReading = false
            if !mustReopen { take(records) }
        case .applied(let application):
            failures[.apply] = nil
            isApplying = false
            isCareful = false
            finishBatch(application)
        case .acknowledged:
            failures[.acknowledge] = nil
            if let done = acknowledging {
                acknowledged = done.position
                unacknowledged -= done.records
            }
            acknowledging = nil
        case .retried(let retry):
            failures[.retry] = nil
            isRetrying = false
            heldKeys.subtract(retry.released)
            nextDue = [retry.nextDue, dueMeanwhile].compactMap(\.self).min()
        case .failed(let step, let error):
            return failed(step, error) + next()
        case .waited(let step):
            waiting.remove(step)
            if step == .open { return [.open] }
        }
        return next()
    }

    private mutating func take(_ records: [LogRecord]) {
        guard let last = records.last else {
            foundNothing = true
            return
        }
        foundNothing = false
        readThrough = last.position
        batches.append(records)
    }

    private mutating func finishBatch(_ application: Application) {
        let batch = batches.removeFirst()
        if let last = batch.last { applied = last.position }
        unacknowledged += batch.count
        heldKeys.formUnion(application.newlyHeld)
        guard let due = application.nextDue else { return }
        nextDue = min(due, nextDue ?? due)
        if isRetrying { dueMeanwhile = min(due, dueMeanwhile ?? due) }
    }

    // MARK: Failures

    private mutating func failed(_ step: Step, _ error: FleetError) -> [Action] {
        foundNothing = false
        failures[step, default: 0] += 1
        switch step {
        case .open: break
        case .read: isReading = false
        case .apply: isApplying = false
        case .acknowledge: acknowledging = nil
        case .retry: isRetrying = false
        }
        if step == .apply, !isCareful, error.code == .statement || error.code == .badEvent {
            isCareful = true
            return []
        }
        let canRetry = step == .acknowledge || error.waitingHelps
        if step == .open || !canRetry { mustReopen = true }
        if mustReopen { return [] }
        waiting.insert(step)
        return [.wait(afterFailures: failures[step] ?? 1, then: step)]
    }

    // MARK: What next

    private mutating func next() -> [Action] {
        if mustReopen { return reopen() }
        var actions: [Action] = []
        if !isApplying, !waiting.contains(.apply), let batch = batches.first {
            isApplying = true
            actions.append(.apply(batch, after: applied, heldKeys: heldKeys, isCareful: isCareful))
        }
        if acknowledging == nil, !waiting.contains(.acknowledge), applied > acknowledged {
            acknowledging = (applied, unacknowledged)
            actions.append(.acknowledge(applied, records: unacknowledged))
        }
        if !isRetrying, !waiting.contains(.retry), let due = nextDue {
            isRetrying = true
            dueMeanwhile = nil
            actions.append(.retry(at: due))
        }
        if !isReading, !waiting.contains(.read), batches.count < Self.batchLimit {
            isReading = true
            actions.append(.read(after: readThrough))
        }
        return actions
    }

    /// Once nothing is under way any more, begins again from what the store says.
    private mutating func reopen() -> [Action] {
        guard !isReading, !isApplying, !isRetrying, acknowledging == nil, waiting.isEmpty else { return [] }
        mustReopen = false
        batches = []
        isCareful = false
        unacknowledged = 0
        nextDue = nil
        waiting.insert(.open)
        return [.wait(afterFailures: max(1, failures.values.max() ?? 1), then: .open)]
    }
}
