/// What was counted within slots of time, all of one width: of as many as it holds, the youngest.
struct SlotTimeline: Sendable, Hashable {
    struct Count: Sendable, Hashable {
        var total: Int64 = 0
        var bad: Int64 = 0
    }

    /// Microseconds.
    let width: Int64
    let capacity: Int
    /// The number of the youngest slot; `nil` where nothing was counted.
    private(set) var latest: Int64?
    /// The youngest first.
    private var counts: [Count] = []
    /// From here on slots have changed since ``settle()``.
    private(set) var changedFrom: Int64 = .max

    init(width: Int64, capacity: Int) {
        self.width = max(1, width)
        self.capacity = capacity
    }

    func index(of moment: Int64) -> Int64 { moment >= 0 ? moment / width : (moment - width + 1) / width }

    /// Goes on to a slot, if it is a later one.
    mutating func advance(to index: Int64) {
        guard let latest else {
            self.latest = index
            counts = [Count()]
            return
        }
        guard index > latest else { return }
        let new = Int(min(index - latest, Int64(capacity)))
        counts.insert(contentsOf: repeatElement(Count(), count: new), at: 0)
        if counts.count > capacity { counts.removeLast(counts.count - capacity) }
        self.latest = index
    }

    /// Counts in the youngest slot.
    mutating func add(total: Int64, bad: Int64) {
        guard let latest else { return }
        counts[0].total += total
        counts[0].bad += bad
        changedFrom = min(changedFrom, latest)
    }

    /// What was counted in the youngest slots: the last one, and so many before it.
    func count(slots: Int) -> Count {
        var sum = Count()
        for count in counts.prefix(slots + 1) {
            sum.total += count.total
            sum.bad += count.bad
        }
        return sum
    }

    /// Moves everything to other slots.
    mutating func move(by slots: Int64) {
        latest? += slots
    }

    // MARK: Keeping

    /// The slots from a number on in which something was counted.
    func slots(from first: Int64) -> [ObjectiveSlot] {
        guard let latest else { return [] }
        return counts.enumerated().compactMap { offset, count in
            let index = latest - Int64(offset)
            return index >= first && count.total > 0
                ? ObjectiveSlot(width: width, index: index, total: count.total, bad: count.bad) : nil
        }
    }

    /// The oldest slot that is still of use.
    var oldest: Int64 { (latest ?? 0) - Int64(capacity) + 1 }

    mutating func settle() { changedFrom = .max }

    /// Whether it can have been counted here: what is kept may be damaged.
    private func isPossible(_ slot: ObjectiveSlot) -> Bool {
        let farthest = Int64.max / width
        return (-farthest...farthest).contains(slot.index) && (0...Self.largestCount).contains(slot.total)
            && (0...slot.total).contains(slot.bad)
    }

    /// All slots of a timeline together have no more than a number can say, and some room for what comes.
    private static let largestCount = Int64.max >> 16

    /// Takes slots that were kept: some of a timeline of the same width.
    mutating func restore(_ kept: [ObjectiveSlot]) {
        let slots = kept.filter(isPossible)
        guard let last = slots.map(\.index).max() else { return }
        advance(to: last)
        guard let latest else { return }
        for slot in slots where slot.index <= latest {
            let offset = latest - slot.index
            guard offset < Int64(capacity) else { continue }
            while counts.count <= Int(offset) { counts.append(Count()) }
            counts[Int(offset)] = Count(total: slot.total, bad: slot.bad)
        }
    }
}

/// What was counted of an objective within a slot of time, as it is kept.
public struct ObjectiveSlot: Sendable, Hashable {
    /// Microseconds.
    public var width: Int64
    /// The slot begins at so many times its width after 1970-01-01T00:00:00Z.
    public var index: Int64
    public var total: Int64
    public var bad: Int64

    public init(width: Int64, index: Int64, total: Int64, bad: Int64) {
        self.width = width
        self.index = index
        self.total = total
        self.bad = bad
    }
}
