/// A transfer of money that somebody asked for: a saga is to carry it out.
public struct AskedTransfer: Sendable, Codable, Hashable {
    public var id: String
    /// What the writer was told of the transaction that asks for it.
    public var outcome: Outcome
    /// Whether it cannot be done, so that what was done for it must be undone.
    public var isImpossible: Bool
    /// In milliseconds from the drill's beginning.
    public var at: Int

    public init(id: String, outcome: Outcome, isImpossible: Bool, at: Int = 0) {
        self.id = id
        self.outcome = outcome
        self.isImpossible = isImpossible
        self.at = at
    }
}
