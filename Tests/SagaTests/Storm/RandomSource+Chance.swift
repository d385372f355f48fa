import TestKit

extension RandomSource {
    /// A number from 0 up to, and not including, `bound`. The bias of the remainder does not matter here.
    mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: (next() >> 1) % UInt64(bound)) }

    mutating func between(_ least: Int, _ most: Int) -> Int { least + below(most - least + 1) }

    mutating func chance(_ percent: Int) -> Bool { percent > 0 && below(100) < percent }
}
