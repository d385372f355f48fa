/// Buckets that are as wide as a tenth of the value's decade: two decimal digits are told apart, from 1 to 1,000,000,000.
///
/// The decades are decimal, so that every bound that people ask for (0.005 s, 0.25 s, 7.5 s) is a bucket's own, and what is
/// counted below it is exact. A bucket holds what is above its lower and up to its upper bound, as Prometheus counts.
enum LogLinear {
    /// One each up to 100; 90 for each of seven decades; nine coarse ones; the last for all that is larger.
    static let count = 100 + 7 * 90 + 9 + 1
    /// Above this, all values are in the last bucket.
    static let limit = 10_000_000_000

    static func index(of value: Int) -> Int {
        let below = UInt64(max(value, 1) - 1)
        // Divisions by constants: a few multiplications, and branches that go the same way as a rule.
        switch below {
        case ..<100: return Int(below)
        case ..<1000: return 90 + Int(below / 10)
        case ..<10_000: return 180 + Int(below / 100)
        case ..<100_000: return 270 + Int(below / 1000)
        case ..<1_000_000: return 360 + Int(below / 10_000)
        case ..<10_000_000: return 450 + Int(below / 100_000)
        case ..<100_000_000: return 540 + Int(below / 1_000_000)
        case ..<1_000_000_000: return 630 + Int(below / 10_000_000)
        case ..<10_000_000_000: return 729 + Int(below / 1_000_000_000)
        default: return count - 1
        }
    }

    /// The largest value that a bucket holds; that of the last one is nobody's.
    static func upperBound(of index: Int) -> Int {
        if index < 100 { return index + 1 }
        if index >= 730 { return (index - 728) * 1_000_000_000 }
        var scale = 10
        for _ in 0..<((index - 100) / 90) { scale *= 10 }
        return ((index - 100) % 90 + 11) * scale
    }

    static func lowerBound(of index: Int) -> Int { index == 0 ? 0 : upperBound(of: index - 1) }

    /// Tells how many values are at most as large as each of some bounds that grow, and how many there are.
    /// - Parameter count: of a bucket.
    @inline(__always) static func cumulate(
        through bounds: [Int], into cumulative: inout [UInt64], count: (Int) -> UInt64
    ) {
        cumulative.removeAll(keepingCapacity: true)
        var (index, total) = (0, UInt64(0))
        func add(through last: Int) {
            while index <= last {
                total &+= count(index)
                index += 1
            }
            cumulative.append(total)
        }
        for bound in bounds { add(through: Self.index(of: bound)) }
        add(through: Self.count - 1)
    }

    static func isUpperBound(_ value: Int) -> Bool {
        value >= 1 && value <= limit && upperBound(of: index(of: value)) == value
    }
}
