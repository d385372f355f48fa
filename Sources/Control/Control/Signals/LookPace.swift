/// When something may be looked at again that others work with: in the long run looks take a hundredth of its time, at most.
///
/// Whether it answers is asked for more often, which costs next to nothing.
struct LookPace: Sendable {
    /// From one look to the next, at least.
    static let interval = Duration.seconds(5)
    /// For so long nobody asks whether it answers, at most.
    static let longest = Duration.seconds(30)
    /// Looks may take so much at once: a moment in which a machine has much to do is over soon.
    static let burst = Duration.seconds(1)
    static let share = 100

    /// How long looks may take still; less than nothing where they have taken more.
    private var allowance = LookPace.burst
    private var until: ContinuousClock.Instant?

    private func allowance(at now: ContinuousClock.Instant) -> Duration {
        min(Self.burst, allowance + (until.map { now - $0 } ?? .zero) / Self.share)
    }

    /// Whether it may be looked at.
    func isDue(at now: ContinuousClock.Instant = .now) -> Bool { allowance(at: now) >= .zero }

    /// Whether there is enough for whoever comes.
    func isPlenty(at now: ContinuousClock.Instant = .now) -> Bool { allowance(at: now) >= Self.burst / 2 }

    /// - Parameter took: what a look that has just ended took of its time.
    mutating func looked(_ took: Duration, at now: ContinuousClock.Instant = .now) {
        allowance = allowance(at: now) - took
        until = now
    }

    /// How long to wait before it is asked for anything again.
    func pause(at now: ContinuousClock.Instant = .now) -> Duration {
        min(max(Self.interval, (.zero - allowance(at: now)) * Self.share), Self.longest)
    }
}
