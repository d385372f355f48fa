/// A short history, small enough to be sent with every row: one character a moment.
public struct Sparkline: Codable, Sendable, Hashable {
    /// The oldest first, as far back as anything is known; `.` is unknown, and the rest stand for 0 to 63 of ``top``.
    public var low: String
    public var high: String
    /// What the highest character stands for.
    public var top: Double

    /// How many moments one has.
    public static let count = 40
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_")

    /// `nil` where nothing is known.
    public init?(low: [Float], high: [Float]) {
        // What cannot be measured is not known.
        let (low, high) = (low.map(History.sound), high.map(History.sound))
        let begin = Self.begin(of: low, high)
        let (short, shortHigh) = (Self.shortened(low[begin...]), Self.shortened(high[begin...]))
        guard let top = (short + shortHigh).filter({ !$0.isNaN }).max() else { return nil }
        self.top = Double(top).rounded4
        func text(_ values: [Float]) -> String {
            String(
                values.map { value in
                    guard !value.isNaN else { return "." }
                    return top > 0 ? Self.digits[min(63, Int((value / top * 63).rounded()))] : "0"
                })
        }
        self.low = text(short)
        self.high = text(shortHigh)
    }

    /// A short past fills the whole line: where what is known begins, or a little before.
    private static func begin(of low: [Float], _ high: [Float]) -> Int {
        let known = [low, high].compactMap { $0.firstIndex { !$0.isNaN } }.min() ?? 0
        return max(0, min(known, min(low.count, high.count) - count / 2))
    }

    /// The largest of each of as many parts as there are moments.
    private static func shortened(_ values: ArraySlice<Float>) -> [Float] {
        guard values.count > count else { return Array(values) }
        let first = values.startIndex
        return (0..<count).map { number in
            let part = values[(first + number * values.count / count)..<(first + (number + 1) * values.count / count)]
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
