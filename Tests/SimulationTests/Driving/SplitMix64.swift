/// The generator behind a seed (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014): small,
/// fast, and the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) {
        state = UInt64(truncatingIfNeeded: seed)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, and not including, `bound`. The bias of the remainder does not matter here.
    mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: (next() >> 1) % UInt64(bound))
    }

    mutating func between(_ least: Int, _ most: Int) -> Int {
        least + below(most - least + 1)
    }

    mutating func chance(_ percent: Int) -> Bool {
        percent > 0 && below(100) < percent
    }
}
