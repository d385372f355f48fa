import Overview
import Testing

/// What is slower than usual is told, and nothing that is not.
@Suite struct AnomalyTests {
    private static let start = 1_800_000_000

    /// Points of twenty minutes, of which the last so many are as `then` says, and the others as `before`.
    private func found(
        before: (rate: Float, p99: Float) = (100, 0.01), then: (rate: Float, p99: Float), points: Int = 6,
        of all: Int = 120
    ) -> [Anomaly] {
        var history = History()
        for number in 0..<all {
            let (rate, p99) = number < all - points ? before : then
            _ = history.add(
                at: Self.start + number * 10,
                ["store a": [rate, p99 / 2, p99, .nan, .nan, 0], "store b": [100, 0.005, 0.01, .nan, .nan, 0]])
        }
        return history.anomalies(at: Self.start + (all - 1) * 10)
    }

    @Test func timesThatGrowAtTheSameTrafficAreOne() {
        #expect(found(then: (100, 0.05)) == [Anomaly(of: "store a", before: 0.01, now: 0.05)])
        #expect(found(then: (110, 0.031)).map(\.of) == ["store a"])
    }

    @Test func othersAreNot() {
        // As before; more traffic; less; too short; too little to matter; too little traffic; too young a history.
        #expect(found(then: (100, 0.02)).isEmpty)
        #expect(found(then: (200, 0.05)).isEmpty)
        #expect(found(then: (20, 0.05)).isEmpty)
        #expect(found(then: (100, 0.05), points: 3).isEmpty)
        #expect(found(before: (100, 0.0001), then: (100, 0.004)).isEmpty)
        #expect(found(before: (0.1, 0.01), then: (0.1, 0.05)).isEmpty)
        #expect(found(then: (100, 0.05), of: 40).isEmpty)
        #expect(History().anomalies(at: Self.start).isEmpty)
    }
}
