import Foundation

/// A small generator of random numbers that repeats from its seed (Vigna, "splitmix64").
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A new seed each time, unless `FLOTILLA_SEED` asks for one that failed. It is printed.
    static func announcedSeed(for test: String) -> UInt64 {
        let seed =
            ProcessInfo.processInfo.environment["FLOTILLA_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max)
        print("\(test): FLOTILLA_SEED=\(seed)")
        return seed
    }

    mutating func eventID() -> String {
        let (high, low) = (next(), next())
        func hexadecimal(_ value: UInt64, _ digits: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: max(0, digits - text.count)) + text.suffix(digits)
        }
        return [
            hexadecimal(high >> 32, 8), hexadecimal(high >> 16 & 0xFFFF, 4), "4" + hexadecimal(high & 0xFFF, 3),
            "8" + hexadecimal(low >> 48 & 0xFFF, 3), hexadecimal(low & 0xFFFF_FFFF_FFFF, 12),
        ].joined(separator: "-")
    }
}
