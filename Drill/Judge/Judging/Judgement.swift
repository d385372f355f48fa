/// What a judge says of a drill.
public struct Judgement: Sendable {
    public var findings: [Finding] = []
    public var figures = Figures()

    /// Whether every promise was kept.
    public var isClean: Bool { findings.isEmpty }
}

/// What was counted, beside what was judged.
public struct Figures: Sendable {
    public var committed = 0
    public var rolledBack = 0
    /// Transactions whose commit was cut off, and how many of them the stores have.
    public var unknown = 0
    public var unknownCommitted = 0
    /// Events of committed transactions.
    public var events = 0
    /// Events that a savepoint or a transaction undid.
    public var undone = 0
    /// Records in the broker that repeat another, by stream.
    public var duplicates: [String: Int] = [:]
    /// Events that a view applied, by view.
    public var applied: [String: Int] = [:]
    /// Events that are parked or wait, by place.
    public var parked: [String: Int] = [:]
    /// Sagas by how they ended.
    public var sagas: [String: Int] = [:]
    /// The largest log that a server kept for a stream meanwhile, and what it keeps now, in bytes.
    public var retained: [String: (peak: Int, now: Int)] = [:]
}
