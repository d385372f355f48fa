import Foundation

/// A small generator of random numbers that repeats from its seed (Vigna, "splitmix64").
public struct RandomSource: RandomNumberGenerator, Sendable {
    /// What to give to repeat this run: `FLOTILLA_SEED`.
    public let seed: UInt64
    private var state: UInt64

    /// A new seed each time, unless `FLOTILLA_SEED` asks for one that failed. Printed, so that a failure can be repeated.
    public init(for test: String) {
        let asked = ProcessInfo.processInfo.environment["FLOTILLA_SEED"].flatMap { UInt64($0) }
        seed = asked ?? .random(in: 0...UInt64.max)
        state = seed
        print("\(test): FLOTILLA_SEED=\(seed)")
    }

    /// Repeats from a seed that was printed already.
    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
