/// A number with a percent sign, as people write it.
public struct Percentage: Sendable, Hashable {
    /// As it is written: 99.9.
    public let value: Double
    /// The share: 0.999, as if that were written.
    public let share: Double

    public init?(_ text: String) {
        guard text.hasSuffix("%") else { return nil }
        self.init(number: text.dropLast())
    }

    /// - Parameter number: digits, with at most one point among them.
    public init?(number: Substring) {
        let digits = number.utf8.filter { (48...57).contains($0) }.count
        let dots = number.utf8.filter { $0 == UInt8(ascii: ".") }.count
        guard digits > 0, digits <= 12, dots <= 1, digits + dots == number.utf8.count, number.first != ".",
            number.last != ".", let value = Double(number), let share = Double("\(number)e-2")
        else { return nil }
        self.value = value
        self.share = share
    }
}
