/// Everything that happened in a drill, put together from its lines.
public struct History: Sendable {
    /// How long the fleet took to carry everything again after a step's faults.
    public struct Recovery: Sendable, Hashable {
        public var step: Int
        /// `nil`: it did not within the bound.
        public var milliseconds: Int?

        public init(step: Int, milliseconds: Int?) {
            self.step = step
            self.milliseconds = milliseconds
        }
    }

    /// What every stream and view was behind by at one moment.
    public struct Sampling: Sendable, Hashable {
        public var at: Int
        public var samples: [LagSample]

        public init(at: Int, samples: [LagSample]) {
            self.at = at
            self.samples = samples
        }
    }

    public var opening: Opening?
    public var transactions: [WrittenTransaction] = []
    public var asked: [AskedTransfer] = []
    public var faults: [FaultRecord] = []
    public var recoveries: [Recovery] = []
    public var samplings: [Sampling] = []
    public var deaths: [(at: Int, process: String, how: String)] = []
    public var notes: [String] = []
    private var places: [String: Int] = [:]
    private var faultPlaces: [Int: Int] = [:]

    public init() {}

    /// Takes the next line. A transaction without an end has an unknown outcome.
    public mutating func take(_ entry: HistoryEntry) {
        switch entry.what {
        case .opened(let opening): self.opening = opening
        case .began(var transaction):
            transaction.at = entry.at
            transaction.outcome = .unknown
            places[transaction.id] = transactions.count
            transactions.append(transaction)
        case .ended(let id, let outcome):
            if let place = places[id] { transactions[place].outcome = outcome }
        case .asked(var transfer):
            transfer.at = entry.at
            asked.append(transfer)
        case .faultBegan(var fault):
            fault.begin = entry.at
            faultPlaces[fault.number] = faults.count
            faults.append(fault)
        case .faultEnded(let number):
            if let place = faultPlaces[number] { faults[place].end = entry.at }
        case .recovered(let step, let milliseconds):
            recoveries.append(Recovery(step: step, milliseconds: milliseconds))
        case .sampled(let samples): samplings.append(Sampling(at: entry.at, samples: samples))
        case .died(let process, let how): deaths.append((entry.at, process, how))
        case .noted(let text): notes.append(text)
        }
    }
}
