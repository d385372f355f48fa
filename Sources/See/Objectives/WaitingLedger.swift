/// Counts events that are late: each once, however often it is seen, and at the latest when it has arrived.
///
/// An event that arrives late is bad. One that is already late and still waits is bad from then on, and not once more when it
/// arrives.
public struct WaitingLedger: Sendable {
    /// Late ones that are counted and have not arrived.
    public private(set) var charged: Int64
    private var waitedBefore: Int64
    private var seen: (total: Int64, bad: Int64) = (0, 0)

    /// - Parameter charged: what another process has counted and not seen arrive.
    public init(charged: Int64 = 0) {
        self.charged = max(0, charged)
        waitedBefore = self.charged
    }

    /// Leaves out some of what has arrived so far: of what was late as much as there is.
    public mutating func skip(_ count: Int64, of arrived: (total: Int64, bad: Int64)) {
        seen = (min(count, arrived.total), min(count, arrived.bad))
    }

    /// - Parameters:
    ///   - arrived: how many have arrived so far, and how many of them late.
    ///   - waiting: how many are late at least, and have not arrived; `nil` where that is not known. It must have been looked
    ///     at after `arrived`.
    /// - Returns: what is to be counted.
    public mutating func count(arrived: (total: Int64, bad: Int64), waiting: Int64?) -> (total: Int64, bad: Int64) {
        var total = max(0, arrived.total - seen.total)
        var bad = min(total, max(0, arrived.bad - seen.bad))
        // Where the total was read before what is bad of it, the rest is counted next time.
        seen = (arrived.total, seen.bad + bad)
        let known = min(charged, bad)
        charged -= known
        bad -= known
        total -= known
        guard let waiting else { return (total, bad) }
        // What waited at the last look and does not any more has arrived in time after all, or was dropped: it is counted as it
        // was. Between two looks it may have arrived and not be counted yet.
        charged = min(charged, max(waiting, waitedBefore))
        waitedBefore = waiting
        let new = max(0, waiting - charged)
        charged += new
        return (total + new, bad + new)
    }
}

/// How far a stream had come when, so that it can be told which of its records are surely older than a time.
public struct StreamHistory: Sendable {
    private let age: Int64
    /// The oldest first.
    private var looks: [(at: Int64, last: Int64)] = []

    /// In how many steps an age is told.
    private static let steps: Int64 = 32

    /// - Parameter age: microseconds.
    public init(age: Int64) { self.age = age }

    /// - Parameter last: the position of the last record at a moment of a clock that only goes forward, in microseconds.
    public mutating func note(last: Int64, at now: Int64) {
        if let newest = looks.last, now - newest.at < age / Self.steps { return }
        looks.append((now, last))
        // The newest of those that are old enough, and all that are not.
        if let keep = looks.lastIndex(where: { $0.at <= now - age }), keep > 0 { looks.removeFirst(keep) }
    }

    /// How many records behind a position are surely older than the age; `nil` where nobody has looked for so long.
    public func late(behind position: Int64, at now: Int64) -> Int64? {
        guard let look = looks.last(where: { $0.at <= now - age }) else { return nil }
        // Where a reader stands may be read from a table of somebody else's: nobody stands before the beginning.
        return max(0, look.last - max(0, position))
    }
}
