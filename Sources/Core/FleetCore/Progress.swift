import Synchronization

/// How one piece of work is doing: written by the work, read by whoever shows it.
public final class Progress: Sendable {
    public struct Snapshot: Sendable {
        /// Events carried since the start.
        public var count = 0
        /// Whether there was nothing to do at the last look.
        public var isIdle = false
        /// What stands in the way, since when, and how often it was met; `nil` while all is well.
        public var condition: Condition?
        /// Counts the times that ``condition`` changed.
        public var conditionChanges = 0
    }

    public struct Condition: Sendable {
        public var error: FleetError
        public var since: Timestamp
        public var count: Int
    }

    /// Whose progress this is, for people: "relay of orders".
    public let name: String
    private let state = Mutex(Snapshot())
    private let now: @Sendable () -> Timestamp
    private let changes: ChangeSignal?

    /// - Parameter changes: notified whenever ``Snapshot/isIdle`` or ``Snapshot/condition`` changes.
    public init(name: String, clock: FleetClock = .system, changes: ChangeSignal? = nil) {
        self.name = name
        now = clock.now
        self.changes = changes
    }

    public var snapshot: Snapshot { state.withLock { $0 } }

    public func count(_ events: Int) {
        state.withLock { $0.count += events }
    }

    public func setIdle(_ isIdle: Bool) {
        let changed = state.withLock { state in
            defer { state.isIdle = isIdle }
            return state.isIdle != isIdle
        }
        if changed { changes?.notify() }
    }

    public func fail(_ error: FleetError) {
        let changed = state.withLock { state in
            if var condition = state.condition, condition.error.description == error.description {
                condition.count += 1
                state.condition = condition
                return false
            }
            state.condition = Condition(error: error, since: now(), count: 1)
            state.conditionChanges += 1
            return true
        }
        if changed { changes?.notify() }
    }

    public func recover() {
        let changed = state.withLock { state in
            guard state.condition != nil else { return false }
            state.condition = nil
            state.conditionChanges += 1
            return true
        }
        if changed { changes?.notify() }
    }
}
