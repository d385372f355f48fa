/// A time that something is waited for, in pieces: one passes between two looks.
///
/// A process that stood still between two looks (it was stopped, its machine was suspended, or had no processor for
/// it) finds much of the time gone, in which nothing had a chance to happen. A piece counts as ``longestPiece`` at
/// most, and who stood still in the last one looks once more.
public struct WaitingTime: Sendable {
    /// What passes between two looks at the most, unless the process stands still.
    public static let longestPiece = Duration.seconds(1)

    /// What is left of it.
    public private(set) var left: Duration
    private var looked: ContinuousClock.Instant
    private var isExtended = false

    public init(_ length: Duration, from now: ContinuousClock.Instant = .now) {
        left = length
        looked = now
    }

    /// How long to wait until the next look.
    public var piece: Duration { max(.zero, min(left, Self.longestPiece)) }

    /// Lets no more than this be left from now on.
    public mutating func shorten(to length: Duration, at now: ContinuousClock.Instant = .now) {
        count(to: now)
        left = min(left, length)
    }

    /// Counts what has passed since the last look.
    /// - Returns: whether the time is over.
    public mutating func isOver(at now: ContinuousClock.Instant = .now) -> Bool {
        let passed = count(to: now)
        if left <= .zero, passed > Self.longestPiece * 2, !isExtended {
            isExtended = true
            left = Self.longestPiece
        }
        return left <= .zero
    }

    @discardableResult
    private mutating func count(to now: ContinuousClock.Instant) -> Duration {
        let passed = now - looked
        looked = now
        left -= min(passed, Self.longestPiece)
        return passed
    }
}
