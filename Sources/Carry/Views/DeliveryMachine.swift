public import Brokers
public import FleetCore

/// Delivers one stream to one subscription: the logic, without I/O, clock or randomness.
///
/// Every action that the machine returns is answered by exactly one input. Batches are applied one at a time, in order;
/// while one is applied, the next is read, and what is committed is acknowledged to the broker.
public struct DeliveryMachine: SteerableMachine, Sendable {
    /// What the driver is to do.
    public enum Action: MachineAction {
        /// Open the store and tell where the subscription stands. Always the first.
        case open
        /// Let go of the store, which others may go on with.
        case close
        case read(after: LogPosition)
        /// Apply a batch in one transaction. With `isCareful`, park what fails; without, fail.
        case apply([LogRecord], after: LogPosition, heldKeys: Set<String>, isCareful: Bool)
        /// Tell the broker how far the subscription is, and how many records that is since it was last told.
        case acknowledge(LogPosition, records: Int)
        /// At the given time, try the parked events that are due.
        case retry(at: Timestamp)
        case wait(afterFailures: Int, then: Step)

        public var step: Step {
            switch self {
            case .open: .open
            case .close: .close
            case .read: .read
            case .apply: .apply
            case .acknowledge: .acknowledge
            case .retry: .retry
            case .wait(_, let step): step
            }
        }
    }

    /// What became of it.
    public enum Input: MachineInput {
        case opened(Opening)
        case closed
        case read([LogRecord])
        case applied(Application)
        case acknowledged
        case retried(Retry)
        case failed(Step, FleetError)
        case waited(Step)

        public var ending: MachineEnding<Step>? {
            switch self {
            case .opened: .success(.open)
            case .closed: .success(.close)
            case .read: .success(.read)
            case .applied: .success(.apply)
            case .acknowledged: .success(.acknowledge)
            case .retried: .success(.retry)
            case .failed(let step, let error): .failure(step, error)
            case .waited: nil
            }
        }
    }

    public enum Step: Sendable, Hashable { case open, close, read, apply, acknowledge, retry }

    private enum Phase {
        case new
        /// The store is opened, or will be after a while.
        case opening
        case open, closing, resting
    }

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
        /// How many events are parked, or wait behind others now.
        public var parked = 0
        /// Why those failed that are parked.
        var failures: [LogPosition: FleetError] = [:]
        /// Those that went behind a parked one.
        var waiting: Set<LogPosition> = []

        public init(newlyHeld: Set<String>, nextDue: Timestamp?) {
            self.newlyHeld = newlyHeld
            self.nextDue = nextDue
        }
    }

    public struct Retry: Sendable {
        /// Keys that have no parked events any more.
        public var released: Set<String>
        public var nextDue: Timestamp?
        /// Events that were tried and belong to a trace.
        var traced: [TracedEvent] = []

        public init(released: Set<String>, nextDue: Timestamp?) {
            self.released = released
            self.nextDue = nextDue
        }
    }

    private var phase = Phase.new
    private var isOpening = false
    private var isPaused = false
    /// What is under way is to be ended, and the store let go of.
    private var mustClose = false
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

    /// Whether it rests, or the last read found nothing, everything read is applied, and no event waits to be tried again.
    public var isIdle: Bool {
        phase == .resting || (foundNothing && batches.isEmpty && nextDue == nil && acknowledged == applied)
    }

    /// The first action; none where it is paused already.
    public mutating func start() -> [Action] { open() }

    public mutating func restart(isPaused: Bool) -> [Action] {
        self.isPaused = isPaused
        switch phase {
        case .new: return []
        case .resting: return open()
        case .opening, .open, .closing:
            mustClose = true
            foundNothing = false
            return next()
        }
    }

    /// Takes an answer, and returns what to do next.
    public mutating func handle(_ input: Input) -> [Action] {
        switch input {
        case .opened(let opening):
            failures[.open] = nil
            isOpening = false
            phase = .open
            foundNothing = false
            applied = opening.position
            acknowledged = opening.position
            readThrough = opening.position
            heldKeys = opening.heldKeys
            nextDue = opening.nextDue
        // What could not be closed is of no use any more, either.
        case .closed, .failed(.close, _):
            mustClose = false
            failures = [:]
            return open()
        case .read(let records):
            failures[.read] = nil
            isReading = false
            if !mustReopen, !mustClose { take(records) }
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
            if step == .open, !mustClose { return open() }
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
        case .open: isOpening = false
        case .close: break
        case .read: isReading = false
        case .apply: isApplying = false
        case .acknowledge: acknowledging = nil
        case .retry: isRetrying = false
        }
        if step == .apply, !isCareful, error.code == .statement || error.code == .badEvent {
            isCareful = true
            return []
        }
        // Of a broker that cannot be reached the store knows nothing, and others are at work in it.
        let isBrokers = step == .acknowledge || (step == .read && error.code == .unavailable)
        let canRetry = isBrokers || error.waitingHelps
        if step == .open || !canRetry { mustReopen = true }
        if mustReopen { return [] }
        waiting.insert(step)
        return [.wait(afterFailures: failures[step] ?? 1, then: step)]
    }

    // MARK: What next

    private mutating func next() -> [Action] {
        guard phase == .open || phase == .opening else { return [] }
        if mustReopen { return reopen() }
        if phase == .opening { return mustClose && waiting.isEmpty && !isOpening ? close() : [] }
        var actions: [Action] = []
        if !mustClose, !isApplying, !waiting.contains(.apply), let batch = batches.first {
            isApplying = true
            actions.append(.apply(batch, after: applied, heldKeys: heldKeys, isCareful: isCareful))
        }
        if acknowledging == nil, !waiting.contains(.acknowledge), applied > acknowledged {
            acknowledging = (applied, unacknowledged)
            actions.append(.acknowledge(applied, records: unacknowledged))
        }
        if mustClose { return isAtRest && applied == acknowledged ? close() : actions }
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

    // MARK: Opening and closing

    private var isAtRest: Bool {
        !isReading && !isApplying && !isRetrying && acknowledging == nil && waiting.isEmpty
    }

    private mutating func open() -> [Action] {
        phase = isPaused ? .resting : .opening
        isOpening = !isPaused
        return isPaused ? [] : [.open]
    }

    /// What was read and not applied is read again.
    private mutating func close() -> [Action] {
        forget()
        phase = .closing
        return [.close]
    }

    /// Once nothing is under way any more, begins again from what the store says.
    private mutating func reopen() -> [Action] {
        guard isAtRest else { return [] }
        mustReopen = false
        if mustClose { return close() }
        forget()
        phase = .opening
        waiting.insert(.open)
        return [.wait(afterFailures: max(1, failures.values.max() ?? 1), then: .open)]
    }

    private mutating func forget() {
        batches = []
        isCareful = false
        unacknowledged = 0
        nextDue = nil
    }
}
