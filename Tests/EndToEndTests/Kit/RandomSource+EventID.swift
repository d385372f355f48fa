import TestKit

extension RandomSource {
    /// A random UUID, as text.
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
