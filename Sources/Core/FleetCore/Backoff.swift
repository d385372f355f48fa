/// Exponential back-off with a cap and full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
///
/// Pure: the caller brings the randomness.
public struct Backoff: Hashable, Sendable {
    /// The longest first wait.
    public var initial: Duration
    /// The longest wait of all.
    public var cap: Duration

    public init(initial: Duration, cap: Duration) {
        self.initial = initial
        self.cap = cap
    }

    /// 50 ms at first, 10 s at most.
    public static let standard = Backoff(initial: .milliseconds(50), cap: .seconds(10))

    /// The wait before attempt number `attempt + 1`, where `attempt` counts failures so far from 1.
    ///
    /// Half of the exponential step is fixed and half is random, so that a wait is never near zero.
    public func delay(afterFailures attempt: Int, using random: inout some RandomNumberGenerator) -> Duration {
        let doublings = min(max(attempt, 1) - 1, 20)
        let step = min(initial.wholeMicroseconds << Int64(doublings), cap.wholeMicroseconds)
        return .microseconds(step / 2 + Int64.random(in: 0...max(step / 2, 0), using: &random))
    }
}
