import Overview
import Testing

@Suite struct HistoryTests {
    private static let start = 1_800_000_000

    private static func numbers(_ rate: Float, _ p99: Float) -> [Float] { [rate, p99 / 2, p99, .nan, .nan, 0] }

    @Test func anHourIsKeptInTenSecondsAndADayInTwoMinutes() {
        var history = History()
        var kept = 0
        for number in 0..<(2 * 360) {
            kept += history.add(at: Self.start + number * 10, ["store a": Self.numbers(Float(number), 1)]).count
        }
        let now = Self.start + (2 * 360 - 1) * 10
        let hour = history.series(of: "store a", .hour, at: now)
        #expect(hour.count == 360)
        #expect(hour.first?.numbers[0] == 360 && hour.last?.numbers[0] == 719)
        // Of a rate the mean is kept, of the rest the worst.
        let day = history.series(of: "store a", .day, at: now)
        #expect(day.count == 59 && day.first?.numbers[0] == 5.5 && day.first?.numbers[2] == 1)
        #expect(kept == 720 + 59)
        // A day later nothing of it is told.
        #expect(history.series(of: "store a", .day, at: now + 90_000).isEmpty)
    }

    @Test func whatComesLaterIsUnknownBefore() {
        var history = History()
        _ = history.add(at: Self.start, ["store a": Self.numbers(1, 1)])
        _ = history.add(at: Self.start + 10, ["store a": Self.numbers(1, 1), "store b": Self.numbers(2, 3)])
        let series = history.series(of: "store b", .hour, at: Self.start + 10)
        #expect(series.count == 2 && series[0].numbers[0].isNaN && series[1].numbers[0] == 2)
        let values = history.values(of: "store b", .p99, .hour, at: Self.start + 10)
        #expect(values.count == 360 && values[358].isNaN && values[359] == 3)
        #expect(history.series(of: "store c", .hour, at: Self.start).isEmpty)
    }

    /// A clock that went back, and then goes on, mixes nothing up.
    @Test func aClockThatGoesBackTellsNothingTwice() {
        var history = History()
        for at in [100, 110, 90, 100, 110, 120] {
            _ = history.add(at: Self.start + at, ["s": Self.numbers(Float(at), 1)])
        }
        let series = history.series(of: "s", .hour, at: Self.start + 120)
        #expect(series.map(\.at) == [90, 100, 110, 120].map { Self.start + $0 })
    }

    @Test func itIsBounded() {
        var history = History()
        for round in 0..<2 {
            let names = (0..<History.seriesLimit + 50).map { "store \($0 + round * 7)" }
            _ = history.add(
                at: Self.start + round * 10, Dictionary(uniqueKeysWithValues: names.map { ($0, Self.numbers(1, 1)) }))
        }
        #expect(history.names.count == History.seriesLimit)
    }
}

@Suite struct SparklineTests {
    @Test func itIsShortAndKeepsTheWorst() throws {
        var high = [Float](repeating: 0.1, count: 360)
        high[200] = 5
        high[0] = .nan
        let line = try #require(Sparkline(low: high.map { $0 / 2 }, high: high))
        #expect(line.top == 5 && line.high.count == Sparkline.count)
        #expect(line.shares.compactMap(\.self).max() == 1 && line.high.filter { $0 == "_" }.count == 1)
        #expect(Sparkline(low: [.nan], high: [.nan]) == nil)
        #expect(Sparkline(low: [0], high: [0])?.high == "0")
    }
}

@Suite struct RoundingTests {
    @Test(arguments: [
        (0.0, 0.0), (1.23456, 1.235), (0.000123456, 0.0001235), (123_456.0, 123_500.0), (1e12 / 7, 1.429e11),
        (9999.6, 10_000.0),
    ])
    func fourDigits(_ number: Double, _ rounded: Double) {
        #expect(abs(number.rounded4 - rounded) <= abs(rounded) * 1e-9)
    }
}
