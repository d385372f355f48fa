public import FleetCore

/// A saga as the journal has it.
public struct SagaEntry: Sendable, Hashable {
    public var state: SagaState
    /// Of the definition that it was started with, and ends with.
    public var version: Int64
    /// Grows with each entry; 0 where it is not in the journal yet.
    public var revision: Int64
    /// Attempts that somebody has to carry out yet outside of the journal's transactions, or of which nobody knows whether
    /// they were. After a crash they are carried out again.
    public var orders: Set<SagaTicket>

    public init(state: SagaState, version: Int64, revision: Int64 = 0, orders: Set<SagaTicket> = []) {
        self.state = state
        self.version = version
        self.revision = revision
        self.orders = orders
    }
}

/// Where a saga stands, in one word.
public enum SagaStatus: String, Sendable, Hashable, CaseIterable {
    case running, compensating, parked, completed, compensated, rejected

    public init(_ state: SagaState) {
        switch state.phase {
        case .ended(.completed, _): self = .completed
        case .ended(.compensated, _): self = .compensated
        case .ended(.rejected, _): self = .rejected
        case _ where state.isParked: self = .parked
        case .compensating: self = .compensating
        case .locking, .forward: self = .running
        }
    }
}

/// What a list of sagas tells of each.
public struct SagaSummary: Sendable, Hashable {
    public var id: String
    public var saga: String
    public var status: SagaStatus
    public var startedAt: Timestamp
    public var endedAt: Timestamp?
}

/// Where the sagas of one name stand that have not ended.
public struct SagaStanding: Sendable, Hashable {
    /// So many that are parked are looked at for ``parkedFirst``, those first that were started first.
    static let parkedLimit = 32

    public var open: [SagaStatus: Int] = [:]
    /// When the oldest of them was started.
    public var startedFirst: Timestamp?
    /// Since when the first of those that are parked is.
    public var parkedFirst: Timestamp?

    public init() {}
}

/// Who has a semantic lock.
public enum SagaLockAnswer: Sendable, Hashable {
    case taken(until: Timestamp)
    case held(by: String, until: Timestamp)
}

/// The right of one process to carry out the sagas of a runner.
public struct SagaHold: Sendable, Hashable {
    /// Who carries out sagas from this journal: a fleet, or a service with sagas in its own code.
    public var runner: String
    /// Grows with each owner.
    public var epoch: Int64

    public init(runner: String, epoch: Int64) {
        self.runner = runner
        self.epoch = epoch
    }
}

/// Something that matched no saga, and who should know of it.
public struct SagaStray: Sendable, Hashable {
    public var at: Timestamp
    public var note: String
}
