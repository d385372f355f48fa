public import FleetCore
public import Outbox

/// Carries one outbox into one stream: the logic, without I/O, clock or randomness.
///
/// Every action that the machine returns is answered by exactly one input. Batches are appended in the order in which
/// they were captured, one at a time; a batch is settled at its source only after the broker has answered that it is
/// durable. While one batch is appended, the next is captured and the one before is settled, and never more are held.
public struct RelayMachine: SteerableMachine, Sendable {
    /// What the driver is to do.
    public enum Action: MachineAction {
        /// Open the source, and tell the keys that it holds. Always the first.
        case open
        /// Let go of the source.
        case close
        case capture(after: OutboxPosition)
        case append([Event])
        case settle(CapturedBatch)
        /// Wait, and answer ``Input/waited(_:)``.
        case wait(afterFailures: Int, then: Step)

        public var step: Step {
            switch self {
            case .open: .open
            case .close: .close
            case .capture: .capture
            case .append: .append
            case .settle: .settle
            case .wait(_, let step): step
            }
        }
    }

    /// What became of it.
    public enum Input: MachineInput {
        case opened(heldKeys: Set<String>)
        case closed
        case captured(CapturedRows)
        case appended
        case settled
        case failed(Step, FleetError)
        case waited(Step)

        public var ending: MachineEnding<Step>? {
            switch self {
            case .opened: .success(.open)
            case .closed: .success(.close)
            case .captured: .success(.capture)
            case .appended: .success(.append)
            case .settled: .success(.settle)
            case .failed(let step, let error): .failure(step, error)
            case .waited: nil
            }
        }
    }

    public enum Step: Sendable, Hashable { case open, close, capture, append, settle }

    private enum Phase {
        case new
        /// The source is opened, or will be after a while.
        case opening
        case open, closing, resting
    }

    private struct Batch {
        var events: [Event]
        var outcome: CapturedBatch
    }

    /// What may be published, and how large an event may be.
    private let contract: RelayContract
    private var phase = Phase.new
    private var isOpening = false
    private var isPaused = false
    /// What is under way is to be ended, and the source closed.
    private var mustClose = false
    private var heldKeys: Set<String> = []
    private var captured: OutboxPosition = .start
    private var isCapturing = false
    private var isAppending = false
    private var isSettling = false
    /// Captured and not appended. At most one, besides the one that is being appended.
    private var toAppend: [Batch] = []
    /// Appended and not settled. At most one, besides the one that is being settled.
    private var toSettle: [CapturedBatch] = []
    /// Consecutive failures of each step.
    private var failures: [Step: Int] = [:]
    /// Steps that wait before they are tried again.
    private var waiting: Set<Step> = []
    /// Everything under way is to be forgotten, and the source opened anew.
    private var mustReopen = false
    /// Whether the last capture that ended found nothing.
    private var foundNothing = false

    /// How many batches may wait for each of the later steps.
    private static let queueLimit = 1

    public init(contract: RelayContract) {
        self.contract = contract
    }

    /// Whether it rests, or the last capture found nothing, and nothing that was captured before is still under way.
    public var isIdle: Bool { phase == .resting || (foundNothing && toAppend.isEmpty && toSettle.isEmpty) }

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
        case .opened(let keys):
            succeeded(.open)
            isOpening = false
            phase = .open
            heldKeys = keys
        // What could not be closed is of no use any more, either.
        case .closed, .failed(.close, _):
            mustClose = false
            failures = [:]
            captured = .start
            return open()
        case .captured(let rows):
            succeeded(.capture)
            isCapturing = false
            if !mustReopen { take(rows) }
        case .appended:
            succeeded(.append)
            isAppending = false
            let batch = toAppend.removeFirst()
            if !mustReopen { toSettle.append(batch.outcome) }
        case .settled:
            succeeded(.settle)
            isSettling = false
            toSettle.removeFirst()
        case .failed(let step, let error):
            return failed(step, error) + next()
        case .waited(let step):
            waiting.remove(step)
            if step == .open, !mustClose { return open() }
        }
        return next()
    }

    // MARK: Batches

    private mutating func take(_ rows: CapturedRows) {
        guard let last = rows.last else {
            foundNothing = true
            return
        }
        foundNothing = false
        captured = last
        if heldKeys.isEmpty, rows.malformed.isEmpty, contract.allowsAll(of: rows) {
            toAppend.append(
                Batch(
                    events: rows.events,
                    outcome: CapturedBatch(published: rows.positions, parked: [], through: last)))
        } else {
            toAppend.append(sort(rows, through: last))
        }
    }

    /// Tells what may leave from what must not, in the order of the rows.
    private mutating func sort(_ rows: CapturedRows, through last: OutboxPosition) -> Batch {
        var batch = Batch(events: [], outcome: CapturedBatch(published: [], parked: [], through: last))
        var malformed = rows.malformed[...]
        func park(_ position: OutboxPosition, _ key: String, _ reason: String?, _ event: Event? = nil) {
            batch.outcome.parked.append(
                RowToPark(
                    position: position, key: key, reason: reason, traced: event?.traceParent == nil ? nil : event))
        }
        for (event, position) in zip(rows.events, rows.positions) {
            while let row = malformed.first, row.position < position {
                malformed.removeFirst()
                park(row.position, row.key, heldKeys.insert(row.key).inserted ? row.reason : nil)
            }
            if heldKeys.contains(event.key) {
                park(position, event.key, nil)
            } else if let objection = contract.objection(to: event) {
                heldKeys.insert(event.key)
                park(position, event.key, objection, event)
            } else {
                batch.events.append(event)
                batch.outcome.published.append(position)
            }
        }
        for row in malformed {
            park(row.position, row.key, heldKeys.insert(row.key).inserted ? row.reason : nil)
        }
        return batch
    }

    // MARK: Failures

    private mutating func succeeded(_ step: Step) {
        failures[step] = nil
    }

    private mutating func failed(_ step: Step, _ error: FleetError) -> [Action] {
        failures[step, default: 0] += 1
        foundNothing = false
        switch step {
        case .open: isOpening = false
        case .close: break
        case .capture: isCapturing = false
        case .append: isAppending = false
        case .settle: isSettling = false
        }
        // Waiting helps against a lock or a full disk. After anything else at the source, what is known of it is void:
        // rows that are not settled are captured again.
        let canRetry = step == .append || error.waitingHelps
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
        if !isSettling, !waiting.contains(.settle), let batch = toSettle.first {
            isSettling = true
            actions.append(.settle(batch))
        }
        if !isAppending, !waiting.contains(.append), let batch = toAppend.first, toSettle.count <= Self.queueLimit {
            isAppending = true
            actions.append(.append(batch.events))
        }
        if mustClose {
            let isDone = !isCapturing && toAppend.isEmpty && toSettle.isEmpty && waiting.isEmpty
            return isDone ? close() : actions
        }
        if !isCapturing, !waiting.contains(.capture), toAppend.count <= Self.queueLimit {
            isCapturing = true
            actions.append(.capture(after: captured))
        }
        return actions
    }

    // MARK: Opening and closing

    private mutating func open() -> [Action] {
        phase = isPaused ? .resting : .opening
        isOpening = !isPaused
        return isPaused ? [] : [.open]
    }

    private mutating func close() -> [Action] {
        phase = .closing
        return [.close]
    }

    /// Once nothing is under way any more, begins again from what the source says.
    private mutating func reopen() -> [Action] {
        guard !isCapturing, !isAppending, !isSettling, waiting.isEmpty else { return [] }
        mustReopen = false
        toAppend = []
        toSettle = []
        captured = .start
        if mustClose { return close() }
        phase = .opening
        waiting.insert(.open)
        return [.wait(afterFailures: max(1, failures.values.max() ?? 1), then: .open)]
    }
}
