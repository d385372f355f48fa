import FleetCore
import FleetFile
import Objectives

/// Puts together what was counted for a fleet's objectives, and what stands at the moment.
struct ObjectiveCount {
    /// How somebody stands who is looked at.
    enum Condition: Sendable { case unknown, well, ill }

    /// What is known of what waits at a place.
    struct Waiting: Sendable {
        /// How many are late at least; `nil` where that is not known.
        var late: Int64?
        /// Whether one is late.
        var isLate = false
    }

    /// What was looked up of sagas since the last time.
    struct Sagas: Sendable {
        var total: Int64 = 0
        var bad: Int64 = 0
        var waiting: Int64 = 0
    }

    private(set) var budgets: [ErrorBudget]
    let sources: [ObjectiveSources.Source]
    private var ledgers: [WaitingLedger]
    /// By objective.
    private var sagaLedgers: [Int: WaitingLedger] = [:]
    private var sagaCounts: [Int: (total: Int64, bad: Int64)] = [:]
    private var sagaWaiting: [Int: Int64] = [:]
    /// Objectives whose alerts have changed since ``settle()``.
    private var changed: Set<Int> = []
    /// Until when seconds are counted.
    private var secondsUntil: ContinuousClock.Instant?

    /// Of a longer time in which nobody counted, nobody knows how it was.
    private static let longestPause: Int64 = 60

    init(_ kept: ObjectiveJournal.Kept, _ sources: [ObjectiveSources.Source]) {
        budgets = kept.budgets
        self.sources = sources
        ledgers = sources.map { source in
            var ledger = WaitingLedger(charged: kept.charged[source.objective][source.key] ?? 0)
            if case .delivery(_, _, let mark) = source.place, let before = kept.taken[source.objective][source.key] {
                ledger.skip(mark.resume(from: LogPosition(before)), of: source.tally.counts)
            }
            return ledger
        }
        for (index, budget) in budgets.enumerated() where budget.objective.subject.kind == .saga {
            sagaLedgers[index] = WaitingLedger(charged: kept.charged[index][Self.sagaKey] ?? 0)
        }
    }

    private static let sagaKey = "saga"

    /// Notes what was found out about the sagas of an objective.
    mutating func note(_ sagas: Sagas, of objective: Int) {
        let before = sagaCounts[objective] ?? (0, 0)
        sagaCounts[objective] = (before.total + sagas.total, before.bad + sagas.bad)
        sagaWaiting[objective] = sagas.waiting
    }

    /// Counts.
    /// - Parameters:
    ///   - steady: the same moment, of a clock that only goes forward: how many seconds have passed since the last count.
    ///   - waiting: at a source's place.
    ///   - condition: of who is looked at for an objective.
    /// - Returns: by objective, what was counted.
    mutating func count(
        at now: Timestamp, steady: ContinuousClock.Instant = .now, waiting: (ObjectiveSources.Source) -> Waiting,
        condition: (ObjectiveSubject) -> Condition
    ) -> [(total: Int64, bad: Int64)] {
        let seconds = passed(until: steady)
        var sums = budgets.map { _ in (total: Int64(0), bad: Int64(0)) }
        var isWaiting = budgets.map { _ in false }
        for (index, source) in sources.enumerated() {
            // First what has arrived, then what waits: between the two, some may arrive.
            let arrived = source.tally.counts
            let there = waiting(source)
            let count = ledgers[index].count(arrived: arrived, waiting: there.late)
            sums[source.objective].total += count.total
            sums[source.objective].bad += count.bad
            if there.isLate || (there.late ?? 0) > 0 { isWaiting[source.objective] = true }
        }
        for index in budgets.indices {
            let objective = budgets[index].objective
            if objective.measure == .availability {
                switch condition(objective.subject) {
                case .unknown: break
                case .well: sums[index].total += seconds
                case .ill: sums[index] = (sums[index].total + seconds, sums[index].bad + seconds)
                }
            } else if let waiting = sagaWaiting[index], var ledger = sagaLedgers[index] {
                let count = ledger.count(arrived: sagaCounts[index] ?? (0, 0), waiting: waiting)
                sums[index].total += count.total
                sums[index].bad += count.bad
                isWaiting[index] = waiting > 0
                sagaLedgers[index] = ledger
            }
            sums[index] = budgets[index].add(
                total: sums[index].total, bad: sums[index].bad, isWaiting: isWaiting[index], at: now)
        }
        return sums
    }

    /// How many whole seconds have passed; what is left of one is counted with the next. The first count is one.
    private mutating func passed(until now: ContinuousClock.Instant) -> Int64 {
        guard let before = secondsUntil else {
            secondsUntil = now
            return 1
        }
        let seconds = max(0, (now - before).components.seconds)
        secondsUntil = seconds > Self.longestPause ? now : before + .seconds(seconds)
        return min(seconds, Self.longestPause)
    }

    /// Which alerts begin and end.
    mutating func judge(at now: Timestamp) -> [(objective: Int, transition: ErrorBudget.Transition)] {
        budgets.indices.flatMap { index in
            let transitions = budgets[index].judge(at: now)
            if !transitions.isEmpty { changed.insert(index) }
            return transitions.map { (index, $0) }
        }
    }

    func readings(at now: Timestamp) -> [ObjectiveReading] { budgets.map { $0.reading(at: now) } }

    // MARK: Keeping

    var changes: [ObjectiveJournal.Changes.Budget] {
        budgets.indices.compactMap { index in
            let changes = budgets[index].changes
            guard changes.isAll || !changes.slots.isEmpty || changed.contains(index) else { return nil }
            return ObjectiveJournal.Changes.Budget(
                objective: index, changes: changes, firing: budgets[index].alerts, charged: charged(index),
                taken: taken(index))
        }
    }

    /// How far subscriptions have come.
    private func taken(_ objective: Int) -> [String: Int64] {
        let own = sources.filter { $0.objective == objective }
        return Dictionary(own.compactMap { source in source.highest.map { (source.key, $0.value) } }) { max($0, $1) }
    }

    private func charged(_ objective: Int) -> [String: Int64] {
        var charged: [String: Int64] = [:]
        for (source, ledger) in zip(sources, ledgers) where source.objective == objective && ledger.charged > 0 {
            charged[source.key] = ledger.charged
        }
        if let ledger = sagaLedgers[objective], ledger.charged > 0 { charged[Self.sagaKey] = ledger.charged }
        return charged
    }

    /// Says that ``changes`` were written down.
    mutating func settle() {
        for index in budgets.indices { budgets[index].settle() }
        changed = []
    }
}
