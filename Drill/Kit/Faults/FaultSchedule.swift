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

    public mutating func next() -> Step {
        let peace = Int.random(in: Self.peace, using: &random)
        guard let kind = draw(unless: nil) else { return Step(peace: peace, faults: []) }
        let first = fault(kind)
        guard let second = second(with: first) else { return Step(peace: peace, faults: [first]) }
        return Step(peace: peace, faults: [first, second])
    }

    /// Half of the steps have a second fault, which begins while the first lasts. Where the broker cannot be written, that
    /// tells nothing about who forgets what was not written: whoever carries is killed before it can be again.
    private mutating func second(with first: Fault) -> Fault? {
        if first.kind.victim == .broker, kinds.contains(.killInstance) {
            return fault(.killInstance, delay: first.length / 2...first.length)
        }
        guard Bool.random(using: &random), let kind = draw(unless: first.kind.victim) else { return nil }
        return fault(kind, delay: 0...first.length)
    }

    private mutating func fault(_ kind: Fault.Kind, delay: ClosedRange<Int> = 0...0) -> Fault {
        Fault(
            kind, choice: Int.random(in: 0..<1_000, using: &random), delay: Int.random(in: delay, using: &random),
            length: Int.random(in: kind.lengths, using: &random))
    }

    private mutating func draw(unless victim: Fault.Victim?) -> Fault.Kind? {
        if deck.isEmpty { deck = kinds.shuffled(using: &random) }
        guard let place = deck.lastIndex(where: { $0.victim != victim }) else { return nil }
        return deck.remove(at: place)
    }
}
