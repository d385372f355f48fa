/// What an engine has done, for those who measure it.
public enum SagaObservation: Sendable, Hashable {
    case started(saga: String)
    case step(saga: String, SagaOccurrence)
    case ended(saga: String, SagaStatus, took: Duration)
    /// Something matched no saga.
    case stray
}

/// Who measures an engine. It is told once a turn, after the turn's transaction has committed.
public protocol SagaObserver: Sendable {
    func observe(_ observations: [SagaObservation])
}
