import Brokers
import Endpoints
public import FleetCore
import Parking

/// Delivers one stream to endpoints: the logic, without I/O, clock or randomness.
///
/// Every action that the machine returns is answered by exactly one input. Events of one key are sent one after the other,
/// whatever their types and endpoints; keys go side by side. The cursor moves over what is delivered or parked, and over
/// nothing else.
///
/// An event that an endpoint refuses is parked, and its key is held: later ones of the key go behind it. One that only
/// fails is sent again, for ever while nothing else gets through either: then it waits where it is, and the stream with it.
/// If its endpoint takes others meanwhile, it is set aside: parked, to be tried again by itself a number of times.
public struct PushMachine: SteerableMachine, Sendable {
    /// Which endpoint events of a type go to; others are passed over.
    let routes: [String: Int]
    var targets: [PushTarget]
    var window = PushWindow()
    var lanes: [String: PushLane] = [:]
    /// Keys that have parked events, or will have once the cursor has come to them.
    var heldKeys: Set<String> = []
    /// How many lanes have a parked event in hand.
    var parkedInHand = 0
    /// What became of parked events that were sent again, while it is being noted.
    var settling: [String: (event: ParkedEvent, settlement: Settlement)] = [:]
    /// Keys whose settlement is to be noted next.
    var toSettle: [String] = []

    private var committed: LogPosition = .start
    private var acknowledged: LogPosition = .start
    private var acknowledging: LogPosition?
    private var readThrough: LogPosition = .start
    /// Records that the commit under way moves over.
    private var committing: Int?
    /// Whether the cursor waits a moment, so that one step of it notes many deliveries.
    private var gathering = Gathering.no
    /// Deliveries and failures since the last step of the cursor.
    var doneSinceCommit = 0
    private var isReading = false
    private var isFindingDue = false
    /// When the next parked event is to be tried again, as far as is known.
    var nextDue: Timestamp?
    private var foundNothing = false
    private var failures: [Step: Int] = [:]
    private var waiting: Set<Step> = []
    var mustReopen = false
    private enum Gathering { case no, waiting, over }
    private enum Phase {
        case new
        /// The store is opened, or will be after a while.
        case opening
        case open, closing, resting
    }

    private var phase = Phase.new
    private var isOpening = false
    private var isPaused = false
    /// What is under way is to be ended, and the store let go of.
    private var mustClose = false

    /// So much is held in memory before reading waits; one batch may come on top.
    public static let windowLimit = BatchLimit(events: 4096, bytes: .mebibytes(4))
    /// What one step of the cursor moves over at most.
    private static let commitLimit = 2048
    /// While requests are under way, the cursor moves once so much was delivered, or after so long.
    private static let commitBatch = 512
    private static let gatheringTime = Duration.milliseconds(5)
    /// How often an event may fail although its endpoint takes others, before it is set aside.
    static let strikeLimit = 2

    /// - Parameters:
    ///   - routes: the number of the endpoint for each type of event.
    ///   - inFlightLimits: of each endpoint, how many requests may be on their way at once.
    public init(routes: [String: Int], inFlightLimits: [Int]) {
        self.routes = routes
        targets = inFlightLimits.map { PushTarget(inFlightLimit: max(1, $0)) }
    }

    /// Whether it rests, or the last read found nothing, everything that was read is delivered or parked, and no event waits
    /// to be tried again.
    public var isIdle: Bool {
        phase == .resting
            || foundNothing && window.isEmpty && nextDue == nil && parkedInHand == 0 && acknowledged == committed
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

    public mutating func handle(_ inputs: [Input]) -> [Action] {
        var actions: [Action] = []
        for input in inputs {
            if case .answered(let key, let endpoint, let answer) = input {
                actions += answered(key, endpoint, answer)
            } else {
                actions += handle(input)
            }
        }
        return actions + next()
    }

    public mutating func handle(_ input: Input) -> [Action] {
        var actions: [Action] = []
        switch input {
        case .opened(let opening):
            failures[.open] = nil
            begin(opening)
        // What could not be closed is of no use any more, either.
        case .closed, .failed(.close, _):
            mustClose = false
            failures = [:]
            return open()
        case .read(let records):
            failures[.read] = nil
            isReading = false
            if !mustReopen, !mustClose { take(records) }
        case .answered(let key, let endpoint, let answer):
            actions += answered(key, endpoint, answer)
        case .unsent(let key, let endpoint):
            unsent(key, endpoint)
        case .committed(let due):
            failures[.commit] = nil
            finishCommit()
            if let due { nextDue = min(due, nextDue ?? due) }
        case .acknowledged:
            failures[.acknowledge] = nil
            if let acknowledging { acknowledged = acknowledging }
            acknowledging = nil
        case .due(let events, let next):
            failures[.findDue] = nil
            isFindingDue = false
            nextDue = next
            if !mustReopen, !mustClose { for event in events { take(event) } }
        case .settled(let key, let next, let isFree):
            failures[.settle(key: key)] = nil
            settled(key, next: next, isFree: isFree)
        case .reported(let endpoint):
            targets[endpoint].wasTold()
        case .waited(let wake):
            wakeUp(wake)
            if wake == .step(.open), !mustClose { return open() }
        case .failed(let step, let error):
            actions += failed(step, error)
        }
        return actions + next()
    }

    private mutating func begin(_ opening: Opening) {
        isOpening = false
        phase = .open
        foundNothing = false
        committed = opening.position
        acknowledged = opening.position
        readThrough = opening.position
        heldKeys = opening.heldKeys
        nextDue = opening.nextDue
    }

    private mutating func take(_ records: [LogRecord]) {
        guard let last = records.last else {
            foundNothing = true
            return
        }
        foundNothing = false
        readThrough = last.position
        for record in records {
            guard routes[record.event.type] != nil else {
                _ = window.append(record, .delivered)
                continue
            }
            let ticket = window.append(record, .pending)
            let key = record.event.key
            lanes[key, default: PushLane()].append(ticket)
            makeReady(key)
        }
    }

    // MARK: The cursor

    private mutating func finishCommit() {
        guard let count = committing else { return }
        committing = nil
        for slot in window.prefix(count, while: { _ in true }) {
            committed = slot.record.position
            // What waits behind another goes with it; what was delivered or has failed is out of its lane already.
            if case .pending = slot.state { leaveLane(slot.record.event.key) }
        }
        window.removeFirst(count)
    }

    /// Each step costs a durable transaction: where more will have been delivered in a moment, it waits for that.
    private var isWorthCommitting: Bool {
        mustClose || gathering == .over || doneSinceCommit >= Self.commitBatch
            || targets.allSatisfy { $0.inFlight == 0 }
    }

    private func isDone(_ slot: PushWindow.Slot) -> Bool {
        if case .pending = slot.state { return heldKeys.contains(slot.record.event.key) }
        return true
    }

    private func nextCommit() -> Commit? {
        let done = window.prefix(Self.commitLimit, while: isDone)
        guard let last = done.last else { return nil }
        let parked = done.compactMap { slot -> Parked? in
            switch slot.state {
            case .delivered: nil
            case .pending: Parked(record: slot.record, failure: nil, isRetried: false)
            case .failed(let error, let isRetried):
                Parked(record: slot.record, failure: error, isRetried: isRetried)
            }
        }
        return Commit(from: committed, last: last.record, count: done.count, parked: parked)
    }

    // MARK: Failures

    private mutating func failed(_ step: Step, _ error: FleetError) -> [Action] {
        switch step {
        case .open: isOpening = false
        case .read: isReading = false
        case .commit: committing = nil
        case .acknowledge: acknowledging = nil
        case .findDue: isFindingDue = false
        case .close, .settle: break
        case .report(let endpoint):
            // This is how trouble is told.
            targets[endpoint].wasTold()
            return []
        case .send, .wait: return []
        }
        foundNothing = false
        failures[step, default: 0] += 1
        // Of a broker that cannot be reached the store knows nothing, and others are at work in it.
        let isBrokers = step == .acknowledge || (step == .read && error.code == .unavailable)
        if step == .open || !(isBrokers || error.waitingHelps) { mustReopen = true }
        if mustReopen {
            if case .settle(let key) = step { settling[key] = nil }
            return []
        }
        waiting.insert(step)
        return [.wait(afterFailures: failures[step] ?? 1, atLeast: nil, then: .step(step))]
    }

    private mutating func wakeUp(_ wake: Wake) {
        switch wake {
        case .step(let step):
            waiting.remove(step)
            if case .settle(let key) = step { toSettle.append(key) }
        case .lane(let key, let ticket, let failures):
            guard let lane = lanes[key], case .delayed = lane.state, lane.first == ticket, lane.failures == failures
            else { return }
            lanes[key]?.state = .resting
            makeReady(key)
        case .breaker(let endpoint, let ticket):
            targets[endpoint].breaker.waited(ticket)
        case .gathered:
            gathering = .over
        }
    }

    // MARK: What next

    private mutating func next() -> [Action] {
        var actions = reports()
        guard phase == .open || phase == .opening else { return actions }
        if mustReopen { return actions + reopen() }
        if phase == .opening { return actions + (mustClose && waiting.isEmpty && !isOpening ? close() : []) }
        actions += settlements()
        if !mustClose { for endpoint in targets.indices { actions += sends(to: endpoint) } }
        if committing == nil, !waiting.contains(.commit) {
            if isWorthCommitting {
                if gathering == .over { gathering = .no }
                if let commit = nextCommit() {
                    committing = commit.count
                    doneSinceCommit = 0
                    actions.append(.commit(commit))
                }
            } else if gathering == .no, let first = window.first, isDone(first) {
                gathering = .waiting
                actions.append(.wait(afterFailures: 0, atLeast: Self.gatheringTime, then: .gathered))
            }
        }
        if acknowledging == nil, !waiting.contains(.acknowledge), committed > acknowledged {
            acknowledging = committed
            actions.append(.acknowledge(committed))
        }
        // What is delivered behind an event that still waits is sent again.
        if mustClose { return isAtRest ? actions + close() : actions }
        if !isFindingDue, parkedInHand == 0, !waiting.contains(.findDue), let due = nextDue {
            isFindingDue = true
            actions.append(.findDue(at: due))
        }
        let limit = Self.windowLimit
        if !isReading, !waiting.contains(.read), window.count < limit.events.value, window.bytes < limit.bytes.value {
            isReading = true
            actions.append(.read(after: readThrough))
        }
        return actions
    }

    private mutating func reports() -> [Action] {
        var actions: [Action] = []
        for endpoint in targets.indices where targets[endpoint].hasNews {
            targets[endpoint].tell()
            let (trouble, isOpen) = (targets[endpoint].trouble, !targets[endpoint].breaker.isClosed)
            actions.append(.report(endpoint, trouble, isOpen: isOpen))
        }
        return actions
    }

    private mutating func settlements() -> [Action] {
        defer { toSettle.removeAll(keepingCapacity: true) }
        return toSettle.compactMap { key in settling[key].map { .settle($0.event, $0.settlement) } }
    }

    // MARK: Opening and closing

    /// Whether nothing is under way. Waits of lanes and breakers may go on: they find nobody, or the same endpoint as before.
    private var isAtRest: Bool {
        targets.allSatisfy { $0.inFlight == 0 } && settling.isEmpty && !isReading && !isFindingDue && committing == nil
            && acknowledging == nil && waiting.isEmpty
    }

    private mutating func open() -> [Action] {
        phase = isPaused ? .resting : .opening
        isOpening = !isPaused
        return isPaused ? [] : [.open]
    }

    private mutating func close() -> [Action] {
        forget()
        phase = .closing
        return [.close]
    }

    /// Once nothing is under way any more, begins again from what the store says.
    private mutating func reopen() -> [Action] {
        // Those that nobody has begun to note are forgotten with the rest.
        for key in toSettle { settling[key] = nil }
        toSettle = []
        guard !isOpening, isAtRest else { return [] }
        mustReopen = false
        if mustClose { return close() }
        forget()
        phase = .opening
        waiting.insert(.open)
        failures = failures.filter { if case .settle = $0.key { false } else { true } }
        return [.wait(afterFailures: max(1, failures.values.max() ?? 1), atLeast: nil, then: .step(.open))]
    }

    private mutating func forget() {
        foundNothing = false
        window.clear()
        doneSinceCommit = 0
        lanes = [:]
        parkedInHand = 0
        nextDue = nil
        for endpoint in targets.indices { targets[endpoint].clear() }
    }
}
