public import FleetCore

/// The attempts at a step, or at its compensation.
public struct SagaAttempts: Sendable, Hashable {
    public enum Status: String, Sendable, Hashable, Codable {
        /// An attempt is under way, or a wait.
        case running
        case backingOff
        case done
        /// It did not happen.
        case failed
        /// It may have happened; it is undone.
        case unknown
        /// A wait, or a query, that was given up.
        case dropped
        /// Waits for an operator.
        case parked
        /// An operator passed over it.
        case skipped
    }

    public internal(set) var status: Status = .running
    /// The number of the last attempt, from 1.
    public internal(set) var attempt = 1
    /// Failures since it began, or since an operator had it tried again.
    public internal(set) var failures = 0
    /// Whether the outcome of an attempt is unknown.
    public internal(set) var mayBeDone = false
    /// When the attempt times out, or the back-off or wait ends.
    public internal(set) var due: Timestamp?
    public internal(set) var startedAt: Timestamp
    public internal(set) var endedAt: Timestamp?
    /// Of the last failure.
    public internal(set) var failure: SagaFailure?
    /// A JSON text.
    public internal(set) var reply: String?
    /// What an operator said.
    public internal(set) var remark: String?

    init(startedAt: Timestamp, due: Timestamp?) {
        self.startedAt = startedAt
        self.due = due
    }

    /// Whether an attempt or a wait is under way, or will be.
    public var isActive: Bool { status == .running || status == .backingOff }
    /// Whether an answer may still count.
    public var isOpen: Bool { isActive || status == .parked }

    mutating func end(_ status: Status, at now: Timestamp) {
        self.status = status
        due = nil
        endedAt = now
    }
}

/// One run of a step.
public struct SagaStepState: Sendable, Hashable, Decodable {
    public let id: SagaStepID
    public internal(set) var forward: SagaAttempts
    /// `nil` as long as it is not undone.
    public internal(set) var compensation: SagaAttempts?

    /// What an operator would see to.
    public var parked: SagaDirection? {
        if compensation?.status == .parked { return .compensation }
        return forward.status == .parked ? .forward : nil
    }
}

/// The runs of a saga's steps, in the order in which they began.
public struct SagaRuns: Sendable, Hashable {
    public private(set) var all: [SagaStepState] = []
    private var places: [SagaStepID: Int] = [:]

    init() {}

    public subscript(id: SagaStepID) -> SagaStepState? {
        get { places[id].map { all[$0] } }
        set {
            guard let newValue else { return }
            if let place = places[id] {
                all[place] = newValue
            } else {
                places[id] = all.count
                all.append(newValue)
            }
        }
    }
}

extension SagaRuns: Decodable {
    public init(from decoder: any Decoder) throws {
        all = try decoder.singleValueContainer().decode([SagaStepState].self)
        for (place, run) in all.enumerated() {
            if places.updateValue(place, forKey: run.id) != nil {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "\(run.id) is there twice"))
            }
        }
    }
}
