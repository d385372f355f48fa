/// A short history, small enough to be sent with every row: one character a moment.
public struct Sparkline: Codable, Sendable, Hashable {
    /// The oldest first; `.` is unknown, and the rest stand for 0 to 63 of ``top``.
    public var low: String
    public var high: String
    /// What the highest character stands for.
    public var top: Double

    /// How many moments one has.
    public static let count = 40
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_")

    /// `nil` where nothing is known.
    public init?(low: [Float], high: [Float]) {
        let (low, high) = (Self.shortened(low), Self.shortened(high))
        guard let top = (low + high).filter({ !$0.isNaN }).max() else { return nil }
        self.top = Double(top).rounded4
        func text(_ values: [Float]) -> String {
            String(
                values.map { value in
                    guard !value.isNaN else { return "." }
                    return top > 0 ? Self.digits[min(63, Int((value / top * 63).rounded()))] : "0"
                })
        }
        self.low = text(low)
        self.high = text(high)
    }

    /// The largest of each of as many parts as there are moments.
    private static func shortened(_ values: [Float]) -> [Float] {
        guard values.count > count else { return values }
        return (0..<count).map { number in
            let part = values[(number * values.count / count)..<((number + 1) * values.count / count)]
            return part.filter { !$0.isNaN }.max() ?? .nan
        }
    }

    /// From 0 to 1 of ``top``; `nil` is unknown. The larger of the two.
    public var shares: [Double?] {
        zip(high, low).map { high, low in
            [high, low].compactMap { Self.digits.firstIndex(of: $0) }.max().map { Double($0) / 63 }
        }
    }
}
