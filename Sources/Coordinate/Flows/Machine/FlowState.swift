public import FleetCore

/// Everything that is known of one flow: what the journal holds. Only ``FlowMachine`` changes it.
public struct FlowState: Sendable, Hashable, Codable {
    /// How many repetitions of one event are told apart; more are counted.
    public static let repetitionLimit = 8
    /// The most findings that are kept, with those that no longer hold.
    public static let findingLimit = 128

    public let key: String
    public internal(set) var status: FlowStatus = .unstarted
    /// What came, by the event's name.
    public internal(set) var sightings: [String: FlowSighting] = [:]
    /// What is, or was, wrong, in the order in which it was found.
    public internal(set) var findings: [FlowFinding] = []
    /// The key as it stands in the start event, and the fields of it that are needed later: JSON texts by their paths.
    public internal(set) var startKey: String?
    public internal(set) var startFields: [String: String] = [:]
    public internal(set) var timeout: FlowTimeoutState?
    /// Up to which time of events it was judged.
    public internal(set) var judgedTo = Timestamp(microseconds: 0)
    /// When it was written last, by the clock of whoever carries the fleet.
    public internal(set) var changedAt: Timestamp
    /// When it is to be looked at again; `nil` where only an event can change it.
    public internal(set) var due: Timestamp?
    /// Counts sightings: those of one stream come in its order.
    var arrivals: Int64 = 0

    init(key: String, at now: Timestamp) {
        self.key = key
        changedAt = now
    }

    /// Whether something came that should not have come then.
    public var isOutOfOrder: Bool { findings.contains { $0.isCurrent && $0.kind != .overdue } }
    /// Whether a limit was passed.
    public var isLate: Bool { findings.contains { $0.isCurrent && $0.kind == .overdue } }
    /// Since when it is known to be stuck, where it is.
    public var stuckSince: Timestamp? {
        status == .stuck ? findings.filter { $0.isCurrent && $0.kind == .overdue }.map(\.since).min() : nil
    }
    /// When the flow began, as its start event says.
    public internal(set) var startedAt: Timestamp?
    /// When it ended, as its end says.
    public internal(set) var endedAt: Timestamp?
}

/// Where a flow stands, in one word.
public enum FlowStatus: String, Sendable, Hashable, Codable, CaseIterable {
    /// Something came, and the start has not.
    case unstarted
    case running
    /// A limit has passed, and what it waits for has not come.
    case stuck
    case ended
    case failed
}

/// That an event came.
public struct FlowSighting: Sendable, Hashable, Codable {
    public var id: String
    /// As the event says.
    public var time: Timestamp
    /// By the clock of whoever carries the fleet.
    public var seenAt: Timestamp
    var arrival: Int64
    /// Other events of the type, the first ones.
    public var repetitions: [Repetition] = []
    /// All of those.
    public var repetitionCount: Int64 = 0

    public struct Repetition: Sendable, Hashable, Codable {
        public var id: String
        public var time: Timestamp
        public var seenAt: Timestamp
    }
}

/// Something that is wrong with a flow.
public struct FlowFinding: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable {
        /// `event` came, and `other`, which it must follow, had not.
        case early
        /// `event` came behind the end, which is `other`.
        case afterEnd = "after_end"
        /// `event` came more than once.
        case repeated
        /// The limit of `event` passed, or of the flow where that is empty.
        case overdue
    }

    public var kind: Kind
    public var event: String
    public var other: String
    /// When it was found.
    public var since: Timestamp
    /// When it turned out not to hold: what was missing had been on its way.
    public var clearedAt: Timestamp?

    public var isCurrent: Bool { clearedAt == nil }
}

/// What became of the event that is written when a flow has not ended in time.
public struct FlowTimeoutState: Sendable, Hashable, Codable {
    public enum Stage: String, Sendable, Hashable, Codable {
        /// To be written.
        case due
        case written
        /// Not written: the flow began before it was watched, or is declared otherwise by now.
        case withheld
    }

    public var stage: Stage
    public var at: Timestamp
    /// When it is tried again, where it could not be written.
    public var next: Timestamp?
}
