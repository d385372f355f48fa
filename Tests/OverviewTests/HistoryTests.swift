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

/// What comes from a file may be damaged.
@Suite struct DamagedHistoryTests {
    private static let start = 1_800_000_000

    @Test func whatCannotBeIsLeftOut() {
        var history = History(names: ["s"])
        history.restore(History.Point(at: -5, numbers: [1, 1, 1, 1, 1, 1]), .hour)
        history.restore(History.Point(at: .min, numbers: [1, 1, 1, 1, 1, 1]), .day)
        history.restore(History.Point(at: Self.start, numbers: [1, 1, 1]), .hour)
        let many = [Float](repeating: 1, count: (History.seriesLimit + 1) * History.width)
        history.restore(History.Point(at: Self.start, numbers: many), .hour)
        #expect(history.kept.isEmpty)
        // One that is far off is in nobody's way.
        history.restore(History.Point(at: .max, numbers: [1, 1, 1, 1, 1, 1]), .hour)
        #expect(history.series(of: "s", .hour, at: Self.start).isEmpty)
        #expect(history.values(of: "s", .p99, .hour, at: 0).allSatisfy { $0.isNaN })
        for at in [-1, -10, -3601, Int.min, .max] {
            #expect(History.Span.allCases.allSatisfy { (0..<$0.count).contains(History.slot(at, $0)) })
        }
    }

    @Test func aNumberThatCannotBeIsUnknown() {
        let numbers: [Float] = [.infinity, -1, 5, .nan, -.infinity, 0]
        var history = History(names: ["s"])
        history.restore(History.Point(at: Self.start, numbers: numbers), .hour)
        _ = history.add(at: Self.start + 10, ["s": numbers])
        for point in history.series(of: "s", .hour, at: Self.start + 10) {
            #expect([0, 1, 3, 4].allSatisfy { point.numbers[$0].isNaN } && point.numbers[2] == 5)
        }
        #expect(history.kept.count == 2)
    }

    @Test func whatIsForgottenMakesRoom() {
        var history = History()
        _ = history.add(at: Self.start, ["a": [1, 1, 1, 1, 1, 1]])
        _ = history.add(at: Self.start + 10, ["a": [1, 1, 1, 1, 1, 1], "b": [2, 2, 2, 2, 2, 2]])
        _ = history.add(at: Self.start + 20, ["b": [3, 3, 3, 3, 3, 3], "c": [4, 4, 4, 4, 4, 4]])
        let isNothingGone = history.forget(allBut: ["a", "b", "c", "d"])
        #expect(!isNothingGone)
        let isOneGone = history.forget(allBut: ["b", "c"])
        #expect(isOneGone && history.names == ["b", "c"])
        func rates(_ name: String) -> [Float] {
            history.series(of: name, .hour, at: Self.start + 20).map { $0.numbers[0] }
        }
        #expect(rates("a").isEmpty)
        #expect(rates("b").count == 3 && rates("b")[0].isNaN && rates("b").suffix(2) == [2, 3])
        #expect(rates("c").last == 4 && rates("c").prefix(2).allSatisfy(\.isNaN))
        _ = history.add(at: Self.start + 30, ["d": [5, 5, 5, 5, 5, 5]])
        #expect(history.series(of: "d", .hour, at: Self.start + 30).last?.numbers[0] == 5)
    }
}

@Suite struct MomentTests {
    private func trouble(_ at: Double, _ subject: String = "shop outbox") -> FleetMoment {
        FleetMoment(at: at, kind: .trouble, subject: subject, text: "at \(at)")
    }

    @Test func whatComesAgainIsTheSameForADay() {
        var folding = MomentFolding([trouble(0)])
        let second = folding.fold(trouble(100))
        #expect(second.replaced == trouble(0) && second.moment.count == 2 && second.moment.since == 0)
        #expect(second.moment.at == 100 && second.moment.text == "at 100.0")
        // Another part, another kind, and what somebody did are others.
        let pause = FleetMoment(at: 130, kind: .pause, subject: "shop", text: "")
        let recovery = FleetMoment(at: 120, kind: .recovery, subject: "shop outbox", text: "")
        for other in [trouble(110, "billing"), recovery, pause, pause] {
            let folded = folding.fold(other)
            #expect(folded.replaced == nil && folded.moment == other)
        }
        // After a long pause it is new, and so it is each day.
        let late = folding.fold(trouble(100 + 3601))
        #expect(late.replaced == nil && late.moment == trouble(100 + 3601))
        var moments: [FleetMoment] = []
        var daily = MomentFolding()
        for at in stride(from: 0.0, through: 100_000, by: 1000) {
            let (moment, replaced) = daily.fold(trouble(at))
            moments.removeAll { $0 == replaced }
            moments.append(moment)
        }
        #expect(moments.suffix(2).map(\.count) == [87, 14] && moments.last?.since == 87_000)
    }

    @Test func eachKindHasRoomOfItsOwn() {
        let note = FleetMoment(at: 0, kind: .note, text: "deployed")
        let shown = FleetMoment.shown([note] + (1...500).map { trouble(Double($0), "part \($0)") })
        #expect(shown.first == note && shown.count == 1 + FleetMoment.Kind.trouble.shownLimit)
        #expect(shown.last == trouble(500, "part 500"))
    }
}

@Suite struct SparklineTests {
    /// What a file says may be anything.
    @Test func whatCannotBeMeasuredIsUnknown() throws {
        let line = try #require(Sparkline(low: [.infinity, -1, 0.5, 0], high: [.nan, -.infinity, 1, 0]))
        #expect(line.top == 1 && line.low == "..W0" && line.high == ".._0")
        #expect(Sparkline(low: [.infinity, -3], high: [.nan, -.infinity]) == nil)
        let most = try #require(Sparkline(low: [.greatestFiniteMagnitude], high: [.leastNonzeroMagnitude]))
        #expect(most.low == "_" && most.high == "0" && most.top.isFinite)
    }

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
