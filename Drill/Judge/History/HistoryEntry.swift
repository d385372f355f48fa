/// One line of a history: what happened, and when, in milliseconds from the drill's beginning.
public struct HistoryEntry: Sendable, Codable {
    public var at: Int
    public var what: Happening

    public init(at: Int, _ what: Happening) {
        self.at = at
        self.what = what
    }

    /// What a line tells.
    public enum Happening: Sendable, Codable {
        case opened(Opening)
        /// A transaction is about to commit or to be rolled back.
        case began(WrittenTransaction)
        /// What its writer was told.
        case ended(transaction: String, outcome: Outcome)
        /// A transfer was asked for, or was to be.
        case asked(AskedTransfer)
        case faultBegan(FaultRecord)
        case faultEnded(number: Int)
        /// Everything was carried again, so long after the faults of a step ended; `nil`: not within the bound.
        case recovered(step: Int, milliseconds: Int?)
        case sampled([LagSample])
        /// A process ended that nobody had ended, or did not end as it was told to.
        case died(process: String, how: String)
        /// For whoever reads the history.
        case noted(String)
    }
}

/// How a drill was started.
public struct Opening: Sendable, Codable, Hashable {
    public var seed: UInt64
    public var broker: String
    public var seconds: Int
    /// How its command line would say it.
    public var command: String
    /// Longer than this after a fault's end is a finding.
    public var recoveryBound: Int

    public init(seed: UInt64, broker: String, seconds: Int, command: String, recoveryBound: Int) {
        self.seed = seed
        self.broker = broker
        self.seconds = seconds
        self.command = command
        self.recoveryBound = recoveryBound
    }
}

/// A fault that was done to the fleet.
public struct FaultRecord: Sendable, Codable, Hashable {
    public var number: Int
    /// Faults of one step happen at the same time; the fleet is left alone before the next step.
    public var step: Int
    public var name: String
    /// In milliseconds from the drill's beginning: the time of its line.
    public var begin: Int
    /// `nil` while it lasts.
    public var end: Int?

    public init(number: Int, step: Int, name: String, begin: Int = 0, end: Int? = nil) {
        self.number = number
        self.step = step
        self.name = name
        self.begin = begin
        self.end = end
    }
}

/// How far one stream or view was behind at one moment.
public struct LagSample: Sendable, Codable, Hashable {
    public enum Kind: String, Sendable, Codable { case stream, view }

    public var name: String
    public var kind: Kind
    /// Events; `nil` where that could not be asked.
    public var pending: Int?
    /// The age of the oldest of them.
    public var seconds: Double?
    /// What the store keeps of its log for the stream, in bytes.
    public var retained: Int?

    public init(name: String, kind: Kind, pending: Int?, seconds: Double?, retained: Int? = nil) {
        self.name = name
        self.kind = kind
        self.pending = pending
        self.seconds = seconds
        self.retained = retained
    }
}
