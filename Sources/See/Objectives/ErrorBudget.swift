public import FleetCore

/// The error budget of one objective: what was good and bad within its window, and whether it is spent too fast.
///
/// It is counted in slots of time: in fine ones for windows of up to six hours (of 30 days), in coarse ones for longer ones. A
/// window is the slot that lasts, and as many before it as the window is long. A pure state machine: whoever drives it brings
/// the time.
public struct ErrorBudget: Sendable {
    public let objective: Objective
    public let rules: [BurnRule]
    /// A fifth of the shortest window: a minute for one of 30 days.
    private var fine: SlotTimeline
    /// An hour for one of 30 days.
    private var coarse: SlotTimeline
    /// By rule: since when it fires.
    private var firing: [Timestamp?]
    private var mustRewrite = false

    /// A slot's width is the window's by this.
    private static let fineSlots: Int64 = 43_200
    private static let coarseSlots: Int64 = 720
    /// Windows of up to so many fine slots are counted in those.
    private static let fineLimit = 360
    /// A clock that goes back by less is waited for; beyond, what was counted goes back with it.
    static let patience: Int64 = 5

    public init(_ objective: Objective) {
        self.objective = objective
        rules = BurnRule.all(for: objective.window)
        let window = objective.window.wholeMicroseconds
        fine = SlotTimeline(width: window / Self.fineSlots, capacity: Self.fineLimit + 1)
        coarse = SlotTimeline(width: window / Self.coarseSlots, capacity: Int(Self.coarseSlots) + 1)
        firing = rules.map { _ in nil }
    }

    // MARK: Counting

    /// Counts what was measured since the last time.
    /// - Parameter isWaiting: whether something bad lasts: then each slot has at least one.
    /// - Returns: what was counted.
    @discardableResult
    public mutating func add(
        total: Int64, bad: Int64, isWaiting: Bool = false, at now: Timestamp
    ) -> (total: Int64, bad: Int64) {
        // What is counted comes from a `WaitingLedger` or a look, which keep to this: else a budget would grow by what is bad.
        precondition(bad >= 0 && total >= bad, "what is bad is a part of all")
        advance(to: now)
        count(total, bad)
        guard isWaiting, fine.count(slots: 0).bad == 0 else { return (total, bad) }
        count(1, 1)
        return (total + 1, bad + 1)
    }

    private mutating func count(_ total: Int64, _ bad: Int64) {
        if total == 0 { return }
        fine.add(total: total, bad: bad)
        coarse.add(total: total, bad: bad)
    }

    private mutating func advance(to now: Timestamp) {
        let (small, large) = (fine.index(of: now.microseconds), coarse.index(of: now.microseconds))
        if let latest = fine.latest, small < latest - Self.patience {
            fine.move(by: small - latest)
            if let latest = coarse.latest, large < latest { coarse.move(by: large - latest) }
            firing = firing.map { $0.map { min($0, now) } }
            mustRewrite = true
        }
        fine.advance(to: small)
        coarse.advance(to: large)
    }

    // MARK: Judging

    /// An alert that begins, or ends.
    public struct Transition: Sendable, Hashable {
        /// Which of ``ErrorBudget/rules``.
        public var rule: Int
        public var isFiring: Bool
        /// When it began.
        public var since: Timestamp
        public var at: Timestamp
    }

    /// Looks which alerts begin and end at a moment.
    public mutating func judge(at now: Timestamp) -> [Transition] {
        advance(to: now)
        return rules.indices.compactMap { index in
            let isBurning =
                exceeds(rules[index], within: rules[index].long) && exceeds(rules[index], within: rules[index].short)
            switch (firing[index], isBurning) {
            case (nil, true):
                firing[index] = now
                return Transition(rule: index, isFiring: true, since: now, at: now)
            case (let since?, false):
                firing[index] = nil
                // A clock that was put back has nothing end before it began.
                return Transition(rule: index, isFiring: false, since: min(since, now), at: now)
            default: return nil
            }
        }
    }

    /// Which alerts fire, and since when.
    public var alerts: [Timestamp?] { firing }

    private func exceeds(_ rule: BurnRule, within window: Duration) -> Bool {
        let count = count(within: window)
        return Double(count.bad) > rule.rate * objective.budget * Double(count.total)
    }

    private func count(within window: Duration) -> SlotTimeline.Count {
        let slots = window.wholeMicroseconds / fine.width
        if slots <= Int64(Self.fineLimit) { return fine.count(slots: Int(slots)) }
        return coarse.count(slots: Int(window.wholeMicroseconds / coarse.width))
    }

    /// How many times as fast as it allows the budget is spent; `nil` where nothing was counted.
    private func burn(within window: Duration) -> Double? {
        let count = count(within: window)
        return count.total == 0 ? nil : Double(count.bad) / Double(count.total) / objective.budget
    }

    /// How it stands at a moment, as far as it was judged.
    public func reading(at now: Timestamp) -> ObjectiveReading {
        var budget = self
        budget.advance(to: now)
        return budget.reading
    }

    private var reading: ObjectiveReading {
        let all = count(within: objective.window)
        let spent = burn(within: objective.window)
        let left = spent.map { 1 - $0 }
        let burns = zip(rules, firing).map { rule, since in
            BurnReading(
                severity: rule.severity, longWindow: rule.long.inSeconds, shortWindow: rule.short.inSeconds,
                limit: rule.rate, long: burn(within: rule.long), short: burn(within: rule.short),
                isFiring: since != nil, firingSince: since?.description)
        }
        let (state, reason) = judgement(left, burns)
        return ObjectiveReading(
            name: objective.name, subject: objective.subject, measure: objective.measure,
            threshold: objective.threshold?.inSeconds, target: objective.target, window: objective.window.inSeconds,
            total: all.total, bad: all.bad, budgetLeft: left,
            hoursToExhaustion: hours(left, burns.lazy.compactMap(\.long).first { $0 > 0 }),
            burns: burns, state: state, reason: reason)
    }

    private func hours(_ left: Double?, _ rate: Double?) -> Double? {
        guard let left else { return nil }
        if left <= 0 { return 0 }
        guard let rate, rate > 0 else { return nil }
        return left * objective.window.inSeconds / 3600 / rate
    }

    private func judgement(_ left: Double?, _ burns: [BurnReading]) -> (ObjectiveReading.State, String?) {
        guard let left else { return (.unknown, "nothing was counted within the window") }
        let firing = burns.first(where: \.isFiring)
        let fast = firing.map { "more than \(Self.short($0.limit)) times as fast as it allows" }
        if left <= 0 {
            return (.breached, "the budget is spent" + (fast.map { ", and goes on being spent \($0)" } ?? ""))
        }
        return fast.map { (.burning, "the budget is being spent \($0)") } ?? (.ok, nil)
    }

    private static func short(_ number: Double) -> String {
        number == number.rounded() ? String(Int(number)) : "\(number)"
    }

    // MARK: Keeping

    /// What has to be written down since it was done last.
    public struct Changes: Sendable {
        /// Whether everything else that is kept of the objective is void.
        public var isAll: Bool
        public var slots: [ObjectiveSlot]
        /// Older ones are of no use, by width.
        public var oldest: [(width: Int64, index: Int64)]
    }

    public var changes: Changes {
        let (small, large) = mustRewrite ? (.min, .min) : (fine.changedFrom, coarse.changedFrom)
        return Changes(
            isAll: mustRewrite, slots: fine.slots(from: small) + coarse.slots(from: large),
            oldest: [(fine.width, fine.oldest), (coarse.width, coarse.oldest)])
    }

    /// Says that ``changes`` were written down.
    public mutating func settle() {
        fine.settle()
        coarse.settle()
        mustRewrite = false
    }

    /// Takes what was kept. Slots of another width are of no use.
    /// - Parameter firing: by rule, as ``alerts``.
    public mutating func restore(_ slots: [ObjectiveSlot], firing: [Timestamp?]) {
        fine.restore(slots.filter { $0.width == fine.width })
        coarse.restore(slots.filter { $0.width == coarse.width })
        if firing.count == rules.count { self.firing = firing }
    }
}
