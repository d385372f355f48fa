/// How often something is tried, and how long is waited in between.
public struct SagaRetry: Sendable, Hashable, Codable {
    /// The most ``attempts`` that may be asked for.
    public static let mostAttempts = 100
    /// The longest ``cap`` that may be asked for: a day.
    public static let longestWait = Duration.seconds(86_400)

    /// With the first; at least 1.
    public var attempts: Int
    /// The longest wait after the first failure; it doubles with each further one.
    public var initial: Duration
    /// The longest wait of all.
    public var cap: Duration
    /// The codes of the failures after which it is tried again; `nil` for all but `rejected`.
    public var errors: [String]?

    public init(attempts: Int, initial: Duration, cap: Duration, errors: [String]? = nil) {
        self.attempts = attempts
        self.initial = initial
        self.cap = cap
        self.errors = errors
    }

    /// 5 attempts, with waits of 200 ms at first and 30 s at most.
    public static let standard = SagaRetry(attempts: 5, initial: .milliseconds(200), cap: .seconds(30))
    /// One attempt.
    public static let never = SagaRetry(attempts: 1, initial: .milliseconds(200), cap: .seconds(30))

    /// Whether a failure with this code is one after which it is tried again.
    public func covers(_ code: String) -> Bool {
        // What the saga does not know it will not know at the next attempt either.
        if code == SagaFailureCode.badData { return false }
        return errors?.contains(code) ?? (code != SagaFailureCode.rejected)
    }

    /// How long to wait after so many failures, counted from 1: half of the step is fixed, half is chance.
    /// - Parameter jitter: from 0 to 1.
    public func delay(afterFailures failures: Int, jitter: Double) -> Duration {
        let doublings = Int64(min(max(failures, 1) - 1, 20))
        let first = max(0, min(microseconds(initial), microseconds(cap)))
        let step = min(first << doublings, max(0, microseconds(cap)))
        let share = jitter.isFinite ? min(max(jitter, 0), 1) : 1
        return .microseconds(step / 2 + Int64(Double(step / 2) * share))
    }

    private func microseconds(_ duration: Duration) -> Int64 {
        // A day at most: beyond that a definition has problems, and no shift may overflow.
        let (seconds, attoseconds) = duration.components
        return min(max(seconds, -1), 86_400) * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}

/// The codes of failures that the engine itself gives. Others come from the replies of services.
public enum SagaFailureCode {
    /// A service said no.
    public static let rejected = "rejected"
    /// No answer in time.
    public static let timeout = "timeout"
    /// A step needs something that the saga does not know; it is never tried again by itself.
    public static let badData = "bad-data"
    /// Nobody answered, and nobody knows what became of the request.
    public static let unknownOutcome = "unknown-outcome"
    /// A reply that cannot be read.
    public static let badReply = "bad-reply"
}

/// Something that one saga at a time may work on: a semantic lock. It binds sagas, and nobody else.
public struct SagaLock: Sendable, Hashable, Codable {
    /// What to do where another saga has it.
    public enum Conflict: String, Sendable, Hashable, Codable, CaseIterable {
        /// Wait until the other is through, or the saga's own deadline.
        case wait
        /// End as a saga that failed, with nothing done.
        case fail
        /// Refuse the start: whoever asked for the saga is told.
        case reject
    }

    public var key: SagaTemplate
    /// Counted from when it is taken. After that it is lost: a saga that nobody takes care of holds no key for ever.
    public var duration: Duration
    public var conflict: Conflict

    public init(key: SagaTemplate, duration: Duration, conflict: Conflict = .wait) {
        self.key = key
        self.duration = duration
        self.conflict = conflict
    }
}
