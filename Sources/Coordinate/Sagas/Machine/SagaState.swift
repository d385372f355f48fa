public import FleetCore
public import SagaModel

/// Everything that is known of one saga: what a journal holds. Only ``SagaMachine`` changes it.
public struct SagaState: Sendable, Hashable {
    /// The most events that are kept for waits that have not begun.
    public static let earlyEventLimit = 16
    /// The most notes that are kept; older ones make room.
    public static let noteLimit = 32

    public let id: String
    public let saga: SagaName
    /// What it was started with: a JSON text.
    public let data: String
    public let startedAt: Timestamp
    public let deadline: Timestamp
    public internal(set) var phase: SagaPhase = .locking
    /// Whether something is done that cannot be undone.
    public internal(set) var isPastPoint = false
    /// Whether the deadline passed before the end.
    public internal(set) var isOverdue = false
    /// Why it is to be undone, should the pivot turn out not to be done.
    public internal(set) var pendingStop: SagaStop?
    public internal(set) var locks: [SagaLockState] = []
    public internal(set) var runs = SagaRuns()
    /// Which case each choice took; the number of cases for what is there otherwise.
    public internal(set) var choices: [String: Int] = [:]
    /// How many items each for each has.
    public internal(set) var itemCounts: [String: Int] = [:]
    public internal(set) var earlyEvents: [SagaEarlyEvent] = []
    public internal(set) var notes: [SagaNote] = []
    /// With those that made room.
    public internal(set) var noteCount = 0
    /// What was asked for last.
    public internal(set) var wakeAt: Timestamp?
    /// The `traceparent` that it was started with; `nil` where it belongs to no trace.
    public internal(set) var trace: String?

    init(id: String, saga: SagaName, data: String, startedAt: Timestamp, deadline: Timestamp) {
        self.id = id
        self.saga = saga
        self.data = data
        self.startedAt = startedAt
        self.deadline = deadline
    }

    /// How it ended; `nil` before that.
    public var outcome: SagaOutcome? {
        if case .ended(let outcome, _) = phase { outcome } else { nil }
    }

    /// Why it is, or was, undone.
    public var stop: SagaStop? {
        switch phase {
        case .compensating(let stop), .ended(.compensated(let stop), _): stop
        default: nil
        }
    }

    /// The steps that wait for an operator.
    public var parked: [SagaStepState] { runs.all.filter { $0.parked != nil } }

    /// Since when the first of them waits; `nil` where none does.
    public var parkedSince: Timestamp? {
        parked.compactMap { $0.parked == .compensation ? $0.compensation?.endedAt : $0.forward.endedAt }.min()
    }

    /// Whether nothing goes on without an operator.
    public var isParked: Bool {
        outcome == nil && !parked.isEmpty
            && !runs.all.contains { $0.forward.isActive || $0.compensation?.isActive == true }
    }
}

public enum SagaPhase: Sendable, Hashable, Codable {
    /// It takes its locks.
    case locking
    case forward
    case compensating(SagaStop)
    case ended(SagaOutcome, at: Timestamp)
}

/// A lock that a saga wants or has.
public struct SagaLockState: Sendable, Hashable, Codable {
    public enum Status: Sendable, Hashable, Codable {
        case wanted
        case held(until: Timestamp)
        case lost
        case released
    }

    public let key: String
    public internal(set) var status: Status
}

/// An event that came before its wait.
public struct SagaEarlyEvent: Sendable, Hashable, Codable {
    public let event: SagaEventName
    public let payload: String
    public let id: String
}

/// Something that had no effect, or that somebody should know.
public struct SagaNote: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable {
        /// An answer that was there already.
        case duplicate
        /// An answer to something that has ended.
        case late
        /// An answer to something that was never asked.
        case stray
        /// A wish that could not be granted.
        case refused
        /// An event for which there was no room.
        case dropped
        case remark
    }

    public let at: Timestamp
    public let kind: Kind
    public let text: String
}
