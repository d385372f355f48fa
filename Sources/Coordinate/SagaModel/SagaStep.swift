/// One step of a saga: what it does, and how that is undone.
public struct SagaStep: Sendable, Hashable, Codable {
    /// Unique in its saga.
    public var name: String
    public var activity: SagaActivity
    public var role: SagaRole
    public var compensation: SagaCompensation?
    public var retry: SagaRetry
    /// How long one attempt may take; of a wait, how long it may last. The outcome of an attempt that took longer is not
    /// known. Of no meaning for a timer.
    public var timeout: Duration

    public init(
        name: String, activity: SagaActivity, role: SagaRole, compensation: SagaCompensation? = nil,
        retry: SagaRetry = .standard, timeout: Duration = .seconds(30)
    ) {
        self.name = name
        self.activity = activity
        self.role = role
        self.compensation = compensation
        self.retry = retry
        self.timeout = timeout
    }
}

/// What may become of a step's effect.
public enum SagaRole: String, Sendable, Hashable, Codable, CaseIterable {
    /// Changes nothing that needs to be undone: a look, a wait, a timer.
    case query
    /// Can be undone, by its compensation.
    case compensatable
    /// Once it is done there is no way back.
    case pivot
    /// Stands behind the point of no return: it cannot be undone, and is retried until it is done; if its attempts do not
    /// suffice it is parked for an operator.
    case retriable
}

/// How a step is undone. It must be idempotent, must succeed where the step's effect never happened, and from then on the
/// step's own request must have no effect any more: both may come late, and twice.
public struct SagaCompensation: Sendable, Hashable, Codable {
    public var activity: SagaActivity
    public var retry: SagaRetry
    /// How long one attempt may take.
    public var timeout: Duration

    public init(activity: SagaActivity, retry: SagaRetry = .standard, timeout: Duration = .seconds(30)) {
        self.activity = activity
        self.retry = retry
        self.timeout = timeout
    }
}
