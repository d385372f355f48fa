extension FleetMoment.Kind {
    /// Whether it comes again and again by itself where something flaps: of one part it is one moment then.
    var isFolded: Bool {
        switch self {
        case .trouble, .recovery, .alert, .resolved: true
        case .start, .takeover, .stop, .apply, .pause, .resume, .failover, .schema, .note: false
        }
    }

    /// So many are shown at most: no kind takes the room of another.
    public var shownLimit: Int { isFolded ? 20 : 40 }
}

extension FleetMoment {
    /// The youngest of each kind, as many as are shown, in the order in which they come.
    public static func shown(_ moments: [FleetMoment]) -> [FleetMoment] {
        var counts: [Kind: Int] = [:]
        var shown: [FleetMoment] = []
        for moment in moments.reversed() where counts[moment.kind, default: 0] < moment.kind.shownLimit {
            counts[moment.kind, default: 0] += 1
            shown.append(moment)
        }
        return shown.reversed()
    }
}

/// Makes one moment of what begins and ends again and again: with its last time, how often, and since when.
public struct MomentFolding: Sendable {
    private struct Key: Hashable {
        var kind: FleetMoment.Kind
        var subject: String
    }

    private var last: [Key: FleetMoment] = [:]

    /// What comes again within so many seconds is the same still.
    private static let pause = 3600.0
    /// After so many seconds it is told anew.
    private static let longest = 86_400.0

    /// - Parameter known: what has happened, the youngest last.
    public init(_ known: [FleetMoment] = []) {
        for moment in known where moment.kind.isFolded { last[Self.key(moment)] = moment }
    }

    private static func key(_ moment: FleetMoment) -> Key { Key(kind: moment.kind, subject: moment.subject) }

    /// - Returns: what to tell, and the moment whose place it takes.
    public mutating func fold(_ moment: FleetMoment) -> (moment: FleetMoment, replaced: FleetMoment?) {
        guard moment.kind.isFolded else { return (moment, nil) }
        last = last.filter { moment.at - $0.value.at <= Self.pause }
        guard let before = last[Self.key(moment)], moment.at - (before.since ?? before.at) <= Self.longest else {
            last[Self.key(moment)] = moment
            return (moment, nil)
        }
        var folded = moment
        folded.count = (before.count ?? 1) + 1
        folded.since = before.since ?? before.at
        last[Self.key(moment)] = folded
        return (folded, before)
    }
}
