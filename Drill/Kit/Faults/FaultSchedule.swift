import TestKit

/// What happens when, by a seed alone: the same seed and kinds give the same schedule.
public struct FaultSchedule: Sendable {
    /// Faults that happen at the same time, after a while of peace.
    public struct Step: Sendable, Hashable {
        /// How long the fleet is left alone before, in milliseconds.
        public var peace: Int
        public var faults: [Fault]
    }

    private var random: RandomSource
    private let kinds: [Fault.Kind]
    /// What is still to come before any kind comes again.
    private var deck: [Fault.Kind] = []

    public init(seed: UInt64, kinds: [Fault.Kind]) {
        random = RandomSource(seed: seed)
        self.kinds = kinds
    }

    private static let peace = 300...2_500
    private static let pairs = 3

    public mutating func next() -> Step {
        let peace = Int.random(in: Self.peace, using: &random)
        guard let first = draw(unless: nil) else { return Step(peace: peace, faults: []) }
        var faults = [fault(first)]
        // One step in three has two faults at the same time.
        if Int.random(in: 0..<Self.pairs, using: &random) == 0, let second = draw(unless: first.victim) {
            faults.append(fault(second))
        }
        return Step(peace: peace, faults: faults)
    }

    private mutating func fault(_ kind: Fault.Kind) -> Fault {
        Fault(
            kind, choice: Int.random(in: 0..<1_000, using: &random),
            length: Int.random(in: kind.lengths, using: &random))
    }

    private mutating func draw(unless victim: Fault.Victim?) -> Fault.Kind? {
        if deck.isEmpty { deck = kinds.shuffled(using: &random) }
        guard let place = deck.lastIndex(where: { $0.victim != victim }) else { return nil }
        return deck.remove(at: place)
    }
}
