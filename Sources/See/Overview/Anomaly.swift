/// Times that have grown while there is no more to do than before: saturation comes so, before less gets through.
public struct Anomaly: Codable, Sendable, Hashable {
    /// What is slow, as the history calls it: `store orders`.
    public var of: String
    /// p99 before and now, in seconds.
    public var before: Double
    public var now: Double

    public init(of name: String, before: Double, now: Double) {
        of = name
        self.before = before
        self.now = now
    }
}

extension History {
    /// So long it must have lasted.
    private static var recent: Int { 60 }
    /// What was before is compared with what came so long ago at least.
    private static var past: Int { 300 }
    /// So many points of before, and of now, at least: of less nothing is usual.
    private static var fewest: (before: Int, now: Int) { (30, 5) }
    private static var factor: Float { 3 }
    /// Less than this is noise, in seconds.
    private static var least: Float { 0.005 }
    /// By so much may traffic differ.
    private static var flat: ClosedRange<Float> { 0.7...1.3 }

    /// What is slower than usual: p99 was three times what it was for an hour, for a minute without a break, at the same traffic.
    public func anomalies(at now: Int) -> [Anomaly] {
        let points = Span.hour.step
        return names.compactMap { name in
            let (rates, times) = (values(of: name, .rate, .hour, at: now), values(of: name, .p99, .hour, at: now))
            let split = (times.count - Self.past / points, times.count - Self.recent / points)
            let before = zip(rates, times).prefix(split.0).filter { !$0.isNaN && !$1.isNaN && $0 >= 1 }
            let since = zip(rates, times).suffix(times.count - split.1).filter { !$0.isNaN && !$1.isNaN && $0 >= 1 }
            guard before.count >= Self.fewest.before, since.count >= Self.fewest.now,
                let slow = since.map(\.1).min()
            else { return nil }
            let usual = Self.median(before.map(\.1))
            guard slow >= Self.least, slow > usual * Self.factor,
                Self.flat.contains(Self.median(since.map(\.0)) / Self.median(before.map(\.0)))
            else { return nil }
            return Anomaly(of: name, before: Double(usual).rounded4, now: Double(slow).rounded4)
        }
    }

    private static func median(_ values: [Float]) -> Float { values.sorted()[values.count / 2] }
}
