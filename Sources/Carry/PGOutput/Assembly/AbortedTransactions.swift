/// The sub-transactions of one transaction that were undone, of which changes are kept still.
///
/// Numbers are given out in ascending order, and a sub-transaction's is behind its transaction's. What is undone together
/// mostly has numbers that follow one another: a list of ranges is small, and is appended to.
struct AbortedTransactions {
    private let transaction: TransactionID
    /// Ascending, with a gap between each two; counted from the transaction's own number, since numbers start again from 3
    /// after the largest.
    private(set) var ranges: [ClosedRange<UInt32>] = []

    init(of transaction: TransactionID) {
        self.transaction = transaction
    }

    private func distance(to id: TransactionID) -> UInt32 { id.value &- transaction.value }

    func contains(_ id: TransactionID) -> Bool {
        if ranges.isEmpty { return false }
        let distance = distance(to: id)
        let place = place(of: distance)
        return place < ranges.count && ranges[place].contains(distance)
    }

    mutating func insert(_ id: TransactionID) {
        let distance = distance(to: id)
        let place = place(of: distance)
        if place < ranges.count, ranges[place].contains(distance) { return }
        let joinsBefore = place > 0 && ranges[place - 1].upperBound == distance &- 1
        let joinsAfter = place < ranges.count && ranges[place].lowerBound == distance &+ 1
        switch (joinsBefore, joinsAfter) {
        case (true, true):
            ranges[place - 1] = ranges[place - 1].lowerBound...ranges[place].upperBound
            ranges.remove(at: place)
        case (true, false): ranges[place - 1] = ranges[place - 1].lowerBound...distance
        case (false, true): ranges[place] = distance...ranges[place].upperBound
        case (false, false): ranges.insert(distance...distance, at: place)
        }
    }

    /// The first range that does not end before `distance`.
    private func place(of distance: UInt32) -> Int {
        guard let last = ranges.last, last.upperBound >= distance else { return ranges.count }
        var low = 0
        var high = ranges.count - 1
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < distance { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
