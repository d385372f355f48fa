import FleetCore
import Objectives
import TestKit
import Testing

/// Days of good, bad and ugly hours, with pauses and clocks that go back, against an oracle that keeps everything and sums it
/// up from the beginning each time.
@Suite struct BudgetSimulationTests {
    @Test func theBudgetIsWhatANaiveOneSays() async {
        var random = RandomSource(for: "budget simulation")
        for round in 0..<40 { await simulate(round, &random) }
    }

    private func simulate(_ round: Int, _ random: inout RandomSource) async {
        let days = [1, 7, 30].randomElement(using: &random) ?? 30
        let target = [0.9, 0.99, 0.999, 0.9995].randomElement(using: &random) ?? 0.99
        let objective = Objective(
            name: "o", subject: ObjectiveSubject(.stream, "a"), measure: .errors, target: target,
            window: .seconds(Int64(days) * 86_400))
        var budget = ErrorBudget(objective)
        var oracle = Oracle(objective)
        let slot = Int64(days) * 86_400_000_000 / 43_200
        var now: Int64 = 1_800_000_000_000_000 + Int64.random(in: 0..<slot, using: &random)
        var badness = 0.0
        var kept: [[Int64]: ObjectiveSlot] = [:]
        for step in 0..<1500 {
            if step % 10 == 0 { await Task.yield() }
            switch Int.random(in: 0..<100, using: &random) {
            case 0: now += slot * Int64.random(in: 0...20_000, using: &random)
            case 1: now -= slot * Int64.random(in: 0...4, using: &random)
            case 2: now -= slot * Int64.random(in: 6...3_000, using: &random)
            case 3...6: badness = [0, 0.001, 0.01, 0.05, 0.5, 1].randomElement(using: &random) ?? 0
            default: now += Int64.random(in: 0...slot * 4, using: &random)
            }
            let total = Int64.random(in: 0...500, using: &random)
            let bad = min(total, Int64((Double(total) * badness).rounded()))
            let moment = Timestamp(microseconds: now)
            budget.add(total: total, bad: bad, at: moment)
            oracle.add(total: total, bad: bad, at: now)
            let told = budget.judge(at: moment)
            let expected = oracle.judge()
            #expect(told.map { [$0.rule, $0.isFiring ? 1 : 0] } == expected, "round \(round), step \(step)")
            if step % 25 == 0 {
                let reading = budget.reading(at: moment)
                let whole = oracle.count(objective.window)
                #expect((reading.total, reading.bad) == whole, "round \(round), step \(step)")
            }
            // It is written down now and then. The process ends, and another goes on from what was kept.
            if step % 50 == 49 {
                let changes = budget.changes
                if changes.isAll { kept = [:] }
                for slot in changes.slots { kept[[slot.width, slot.index]] = slot }
                budget.settle()
            }
            if step % 400 == 399 {
                let firing = budget.alerts
                budget = ErrorBudget(objective)
                budget.restore(Array(kept.values), firing: firing)
                oracle.restart()
            }
        }
    }
}

/// Keeps every count with its time, and nothing else.
private struct Oracle {
    let objective: Objective
    let rules: [BurnRule]
    private let fine: Int64
    private let coarse: Int64
    private var entries: [(fine: Int64, coarse: Int64, total: Int64, bad: Int64)] = []
    private var now: (fine: Int64, coarse: Int64)?
    private var firing: Set<Int> = []

    init(_ objective: Objective) {
        self.objective = objective
        rules = BurnRule.all(for: objective.window)
        fine = objective.window.wholeMicroseconds / 43_200
        coarse = objective.window.wholeMicroseconds / 720
    }

    mutating func add(total: Int64, bad: Int64, at time: Int64) {
        let place = (fine: time / fine, coarse: time / coarse)
        if let now {
            if place.fine < now.fine - 5 {
                let shift = (place.fine - now.fine, min(0, place.coarse - now.coarse))
                for index in entries.indices {
                    entries[index].fine += shift.0
                    entries[index].coarse += shift.1
                }
                self.now = (place.fine, now.coarse + shift.1)
            } else {
                self.now = (max(now.fine, place.fine), max(now.coarse, place.coarse))
            }
        } else {
            now = place
        }
        guard let now else { return }
        entries.append((now.fine, now.coarse, total, bad))
    }

    /// What is kept ends with the last thing that was counted.
    mutating func restart() {
        let counted = entries.filter { $0.total > 0 }
        now = counted.map(\.fine).max().flatMap { fine in counted.map(\.coarse).max().map { (fine, $0) } }
    }

    func count(_ window: Duration) -> (Int64, Int64) {
        guard let now else { return (0, 0) }
        let slots = window.wholeMicroseconds / fine
        let chosen = entries.filter { entry in
            slots <= 360
                ? entry.fine >= now.fine - slots
                : entry.coarse >= now.coarse - window.wholeMicroseconds / coarse
        }
        return (chosen.reduce(0) { $0 + $1.total }, chosen.reduce(0) { $0 + $1.bad })
    }

    mutating func judge() -> [[Int]] {
        rules.indices.compactMap { index in
            let rule = rules[index]
            let isBurning = [rule.long, rule.short].allSatisfy { window in
                let (total, bad) = count(window)
                return Double(bad) > rule.rate * (1 - objective.target) * Double(total)
            }
            guard isBurning != firing.contains(index) else { return nil }
            if isBurning { firing.insert(index) } else { firing.remove(index) }
            return [index, isBurning ? 1 : 0]
        }
    }
}
