/// What became of an attempt at a step, or at its compensation; for those who measure.
public struct SagaOccurrence: Sendable, Hashable {
    public enum Outcome: String, Sendable, Hashable, CaseIterable {
        case done
        /// It failed, and is tried again by itself.
        case retried
        /// It failed for good; the saga is undone.
        case failed
        /// It waits for an operator.
        case parked
    }

    /// The step's name.
    public var step: String
    public var direction: SagaDirection
    public var outcome: Outcome
    /// Since its first attempt began.
    public var took: Duration

    public init(step: String, direction: SagaDirection, outcome: Outcome, took: Duration) {
        self.step = step
        self.direction = direction
        self.outcome = outcome
        self.took = took
    }
}
