import FleetCore
import Objectives
import Testing

@Suite struct ErrorBudgetTests {
    private static let begin = Timestamp(microseconds: 1_800_000_000_000_000)

    private static func budget(target: Double = 0.999, days: Int64 = 30) -> ErrorBudget {
        ErrorBudget(
            Objective(
                name: "o", subject: ObjectiveSubject(.view, "a.b"), measure: .errors, target: target,
                window: .seconds(days * 86_400)))
    }

    @Test func whatIsLeftOfABudget() throws {
        var budget = Self.budget()
        #expect(budget.reading(at: Self.begin).state == .unknown)
        budget.add(total: 100_000, bad: 25, at: Self.begin)
        let reading = budget.reading(at: Self.begin)
        #expect((reading.total, reading.bad) == (100_000, 25))
        #expect(abs(try #require(reading.budgetLeft) - 0.75) < 1e-9)
        // A quarter of the rate that the budget allows: it lasts for three quarters of four windows.
        #expect(abs(try #require(reading.hoursToExhaustion) - 0.75 * 4 * 720) < 1e-6)
        #expect(reading.state == .ok)
        budget.add(total: 0, bad: 0, at: Self.begin)
        budget.add(total: 100, bad: 100, at: Self.begin)
        let spent = budget.reading(at: Self.begin)
        #expect(spent.state == .breached && (spent.budgetLeft ?? 1) < 0 && spent.hoursToExhaustion == 0)
    }

    /// A quiet hour behind a bad one: what is left does not last for ever.
    @Test func howLongItLastsIsToldAlsoInAQuietHour() throws {
        var budget = Self.budget()
        budget.add(total: 100_000, bad: 25, at: Self.begin)
        let later = Self.begin.advanced(by: .seconds(2 * 3600))
        budget.add(total: 100_000, bad: 0, at: later)
        let reading = budget.reading(at: later)
        #expect(reading.burns[0].long == 0)
        // At the rate of six hours, in which half of it was so.
        #expect(abs(try #require(reading.hoursToExhaustion) - 0.875 * 8 * 720) < 1e-6)
    }

    @Test func whatIsSpentIsSaidOnce() {
        var budget = Self.budget()
        budget.add(total: 1000, bad: 1000, at: Self.begin)
        _ = budget.judge(at: Self.begin)
        #expect(
            budget.reading(at: Self.begin).reason
                == "the budget is spent, and goes on being spent more than 14.4 times as fast as it allows")
    }

    @Test func anAlertFiresOnceAndIsResolvedOnce() async {
        var budget = Self.budget()
        var now = Self.begin
        func minute(_ bad: Int64) -> [ErrorBudget.Transition] {
            now = now.advanced(by: .seconds(60))
            budget.add(total: 1000, bad: bad, at: now)
            return budget.judge(at: now)
        }
        for number in 0..<(3 * 1440) {
            if number % 60 == 0 { await Task.yield() }
            #expect(minute(0).isEmpty)
        }
        var told: [ErrorBudget.Transition] = []
        for _ in 0..<60 { told += minute(100) }
        let since = told.filter { $0.rule == 0 }
        #expect(since.count == 1 && since.first?.isFiring == true)
        #expect(budget.alerts[0] != nil)
        told = []
        for number in 0..<(4 * 1440) {
            if number % 60 == 0 { await Task.yield() }
            told += minute(0)
        }
        #expect(told.filter { $0.rule == 0 }.map(\.isFiring) == [false])
        #expect(told.first { $0.rule == 0 }?.since == since.first?.at)
        #expect(budget.alerts.allSatisfy { $0 == nil })
    }

    /// Alertmanager refuses what ends before it began, and with it the end.
    @Test func anAlertEndsNotBeforeItBegan() throws {
        var budget = Self.budget()
        budget.add(total: 1000, bad: 1000, at: Self.begin)
        #expect(budget.judge(at: Self.begin).contains { $0.rule == 0 && $0.isFiring })
        // Within the patience for a clock that goes back, and so much happens that it ends.
        let back = Self.begin.advanced(by: .seconds(-120))
        budget.add(total: 1_000_000, bad: 0, at: back)
        let ended = try #require(budget.judge(at: back).first { $0.rule == 0 })
        #expect(!ended.isFiring && ended.since <= ended.at)
    }

    /// The long window alone says that it matters, the short one that it still goes on: neither is enough.
    @Test func bothWindowsMustExceed() {
        var budget = Self.budget()
        // An hour that was bad, and a short window that is good again.
        for minute in 0..<60 {
            let now = Self.begin.advanced(by: .seconds(Int64(minute) * 60))
            budget.add(total: 1000, bad: minute < 50 ? 30 : 0, at: now)
        }
        let late = Self.begin.advanced(by: .seconds(59 * 60))
        let reading = budget.reading(at: late)
        #expect((reading.burns[0].long ?? 0) > 14.4 && reading.burns[0].short == 0)
        #expect(!budget.judge(at: late).contains { $0.rule == 0 })
        // A short window that is bad after hours that were good.
        var other = Self.budget()
        for minute in 0..<60 {
            let now = Self.begin.advanced(by: .seconds(Int64(minute) * 60))
            other.add(total: 1000, bad: minute >= 54 ? 30 : 0, at: now)
        }
        let second = other.reading(at: late)
        #expect((second.burns[0].short ?? 0) > 14.4 && (second.burns[0].long ?? 99) < 14.4)
        #expect(!other.judge(at: late).contains { $0.rule == 0 })
    }

    @Test func somethingBadThatLastsIsOneInEachSlot() {
        var budget = Self.budget()
        var now = Self.begin
        for _ in 0..<600 {
            now = now.advanced(by: .seconds(1))
            budget.add(total: 0, bad: 0, isWaiting: true, at: now)
        }
        let reading = budget.reading(at: now)
        #expect((10...11).contains(reading.bad) && reading.bad == reading.total)
    }

    @Test func aRestartForgetsNothing() {
        var budget = Self.budget()
        for minute in 0..<5000 {
            budget.add(
                total: 10, bad: minute % 7 == 0 ? 3 : 0, at: Self.begin.advanced(by: .seconds(Int64(minute) * 60)))
        }
        let now = Self.begin.advanced(by: .seconds(5000 * 60))
        _ = budget.judge(at: now)
        var kept: [[Int64]: ObjectiveSlot] = [:]
        for slot in budget.changes.slots { kept[[slot.width, slot.index]] = slot }
        budget.settle()
        #expect(budget.changes.slots.isEmpty)
        budget.add(total: 5, bad: 5, at: now)
        for slot in budget.changes.slots { kept[[slot.width, slot.index]] = slot }
        var other = Self.budget()
        other.restore(Array(kept.values), firing: budget.alerts)
        #expect(other.reading(at: now) == budget.reading(at: now))
        // Bounded, however long it runs.
        #expect(kept.count <= 361 + 721 + 2)
    }

    /// What is kept may be damaged: of that nothing is taken over, and the rest counts.
    @Test func whatCannotHaveBeenCountedIsLeftOut() {
        var whole = Self.budget()
        whole.add(total: 10, bad: 3, at: Self.begin)
        let good = whole.changes.slots
        let impossible = good.flatMap { slot in
            [
                (Int64.min, Int64(1), Int64(0)), (.max, 1, 0), (slot.index - 1, .max, 0), (slot.index - 2, .max, .max),
                (slot.index - 3, 1, 2), (slot.index - 4, -1, -1), (slot.index - 5, .min, .min),
            ].map { ObjectiveSlot(width: slot.width, index: $0.0, total: $0.1, bad: $0.2) }
        }
        var other = Self.budget()
        other.restore(good + impossible, firing: [])
        other.add(total: 1, bad: 1, at: Self.begin)
        #expect(other.reading(at: Self.begin).total == 11 && other.reading(at: Self.begin).bad == 4)
    }

    @Test func aClockThatGoesBackTakesTheCountsWithIt() {
        var budget = Self.budget()
        for minute in 0..<600 {
            budget.add(total: 10, bad: 1, at: Self.begin.advanced(by: .seconds(Int64(minute) * 60)))
        }
        budget.settle()
        let before = budget.reading(at: Self.begin.advanced(by: .seconds(599 * 60)))
        let back = Self.begin.advanced(by: .seconds(-90 * 86_400))
        budget.add(total: 0, bad: 0, at: back)
        let after = budget.reading(at: back)
        #expect((after.total, after.bad) == (before.total, before.bad))
        #expect(after.burns.map(\.long) == before.burns.map(\.long))
        #expect(budget.changes.isAll)
        // It goes on from there: the window passes as it should.
        let gone = budget.reading(at: back.advanced(by: .seconds(31 * 86_400)))
        #expect(gone.state == .unknown)
    }
}
