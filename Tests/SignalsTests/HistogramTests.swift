import FleetCore
import Foundation
import Testing

@testable import Signals

@Suite struct HistogramTests {
    private let metric = Metric("test.time", .histogram, .seconds, [], "A time.")

    @Test func bucketsLieSideBySide() {
        for index in 0..<(LogLinear.count - 1) {
            let (low, high) = (LogLinear.lowerBound(of: index), LogLinear.upperBound(of: index))
            #expect(low < high)
            // Above the lower bound, and up to the upper one.
            #expect(LogLinear.index(of: low + 1) == index, "\(low + 1)")
            #expect(LogLinear.index(of: high) == index, "\(high)")
            // No wider than a tenth of what is in it; the few above a thousand seconds are wider.
            if index < 730 { #expect(high - low <= max(1, (low + 9) / 10), "\(low)...\(high)") }
        }
        #expect(LogLinear.index(of: LogLinear.limit) == LogLinear.count - 2)
        #expect(LogLinear.index(of: LogLinear.limit + 1) == LogLinear.count - 1)
        #expect(LogLinear.index(of: .max) == LogLinear.count - 1)
        #expect(LogLinear.index(of: 0) == 0)
        #expect(LogLinear.index(of: .min) == 0)
    }

    @Test func whatIsCountedBelowABoundIsExact() {
        let histogram = Histogram(metric)
        histogram.record(.milliseconds(5))
        histogram.record(.nanoseconds(5_000_001))
        histogram.record(.milliseconds(1))
        histogram.record(.seconds(-3))
        let read = histogram.distribution
        let below = Dictionary(uniqueKeysWithValues: zip(read.bounds, read.cumulative))
        #expect(below[0.001] == 2)
        #expect(below[0.005] == 3)
        #expect(below[0.01] == 4)
        #expect(read.count == 4)
        #expect(abs(read.sum - 0.011001) < 1e-9)
    }

    @Test(arguments: [0.5, 0.9, 0.95, 0.99, 0.999, 1.0]) func quantilesAreWithinTheirBucket(_ share: Double) throws {
        var random = SystemRandomNumberGenerator()
        // Latencies as they are: most are short, few are long.
        let values = (0..<20_000).map { _ in Int(exp(Double.random(in: 3...16, using: &random))) }.sorted()
        let histogram = Histogram(metric)
        for value in values { histogram.record(value) }
        let exact = Double(values[max(0, Int((share * Double(values.count)).rounded(.up)) - 1)]) / 1_000_000
        let told = try #require(histogram.distribution.quantile(share))
        #expect(abs(told - exact) <= exact * 0.1 + 0.000_001, "\(told), not \(exact)")
    }

    @Test func nothingRecordedHasNoQuantile() {
        #expect(Histogram(metric).distribution.quantile(0.5) == nil)
    }

    @Test func agesOfAClockThatWentBackAreZero() {
        let histogram = Histogram(metric)
        let now = Timestamp(microseconds: 1_000_000)
        histogram.record(
            ages: EventTimes([now.advanced(by: .seconds(60)), now.advanced(by: .milliseconds(-20))]), at: now)
        let read = histogram.distribution
        #expect(read.count == 2)
        #expect(read.sum == 0.02)
    }

    @Test func nothingIsLostWhereManyRecord() async {
        let (histogram, counter) = (Histogram(metric), Counter(Metric("test.count", .counter, .events, [], "A count.")))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for value in 0..<50_000 {
                        if value % 1000 == 0 { await Task.yield() }
                        histogram.record(value)
                        counter.add()
                    }
                }
            }
        }
        #expect(histogram.distribution.count == 400_000)
        guard case .count(400_000) = counter.value else {
            Issue.record("\(String(describing: counter.value))")
            return
        }
    }

    /// What is allocated for them, and not what the system says: other tests run beside.
    @Test func tenThousandTakeSixtyFourMegabytesAtMost() {
        let each = LogLinear.count * MemoryLayout<UInt64>.stride
        // The object itself, its metric, and the registry's entry with a few labels.
        #expect((each + 512) * 10_000 <= 64 << 20)
    }
}
