public import FleetCore

/// A saga as the journal has it.
public struct SagaEntry: Sendable, Hashable {
    public var state: SagaState
    /// Of the definition that it was started with, and ends with.
    public var version: Int64
    /// Grows with each entry.
    public var revision: Int64
    /// Grows with each owner.
    public var epoch: Int64
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

/// Who has a semantic lock.
public enum SagaLockAnswer: Sendable, Hashable {
    case taken(until: Timestamp)
    case held(by: String)
}
