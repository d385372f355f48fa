import TestKit

/// What a PostgreSQL server would send for transactions that come and go at random, as its reorder buffer has it: a
/// transaction is streamed in pieces or sent whole after its commit; a sub-transaction that is undone is named, with those
/// that were released into it, only if something of it was streamed.
struct ModelServer {
    private struct Change {
        let writer: UInt32
        let value: String
        let isKept: Bool
        let isMessage: Bool
    }

    private struct Transaction {
        let id: UInt32
        /// Open savepoints, the innermost last, each with all (sub-)transactions that an abort of it undoes.
        var levels: [[UInt32]]
        /// All changes that were not undone.
        var changes: [Change] = []
        /// Those that were not sent.
        var unsent: [Change] = []
        /// (Sub-)transactions of which something was streamed.
        var streamed: Set<UInt32> = []
        var isStreamed = false
    }

    private var random: RandomSource
    private var transactions: [Transaction] = []
    private var lastID: UInt32 = 700
    private var place: UInt64 = 1_000
    private var values = 0

    /// What was committed and is kept, in order.
    private(set) var committed: [Delivered] = []
    /// The transactions that were committed and of which the server told.
    private(set) var commits: [UInt32] = []
    private(set) var streamAborts = 0

    init(random: RandomSource) {
        self.random = random
        // Numbers start again after the largest.
        if self.random.next() % 4 == 0 { lastID = .max - 40 }
    }

    private mutating func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    private mutating func makeID() -> UInt32 {
        lastID = lastID == .max ? 3 : lastID + 1
        return lastID
    }

    /// One more thing happens; returns what is sent of it.
    mutating func step() -> [[UInt8]] {
        if transactions.isEmpty || (transactions.count < 5 && pick(12) == 0) {
            let id = makeID()
            transactions.append(Transaction(id: id, levels: [[id]]))
        }
        let index = pick(transactions.count)
        switch pick(40) {
        case 0: return commit(index)
        case 1: return abort(index)
        case 2..<7:
            let id = makeID()
            transactions[index].levels.append([id])
        case 7..<10: release(index)
        case 10..<14: return rollBackLevel(index)
        case 14..<20: return stream(index)
        case 20: return [Wire.message("now", isTransactional: false)]
        default: change(index)
        }
        return []
    }

    /// All that is left is committed.
    mutating func end() -> [[UInt8]] {
        var messages: [[UInt8]] = []
        while !transactions.isEmpty { messages += commit(pick(transactions.count)) }
        return messages
    }

    private mutating func change(_ index: Int) {
        for _ in 0...pick(4) {
            values += 1
            let isKept = pick(5) > 0
            let change = Change(
                writer: transactions[index].levels[transactions[index].levels.count - 1][0],
                value: "\(values) " + String(repeating: "v", count: pick(pick(20) == 0 ? 3_000 : 60)), isKept: isKept,
                isMessage: isKept && pick(6) == 0)
            transactions[index].changes.append(change)
            transactions[index].unsent.append(change)
        }
    }

    private mutating func release(_ index: Int) {
        guard transactions[index].levels.count > 1, let inner = transactions[index].levels.popLast() else { return }
        transactions[index].levels[transactions[index].levels.count - 1] += inner
    }

    private mutating func rollBackLevel(_ index: Int) -> [[UInt8]] {
        guard transactions[index].levels.count > 1, let undone = transactions[index].levels.popLast() else { return [] }
        return undo(undone, index)
    }

    /// Children first, in the order in which they began, then the one that was undone.
    private mutating func undo(_ undone: [UInt32], _ index: Int) -> [[UInt8]] {
        let gone = Set(undone)
        transactions[index].changes.removeAll { gone.contains($0.writer) }
        transactions[index].unsent.removeAll { gone.contains($0.writer) }
        let top = transactions[index].id
        let named = (undone.dropFirst() + undone.prefix(1)).filter { transactions[index].streamed.contains($0) }
        streamAborts += named.count
        return named.map { Wire.streamAbort($0, of: top) }
    }

    private mutating func stream(_ index: Int) -> [[UInt8]] {
        let transaction = transactions[index]
        guard !transaction.unsent.isEmpty else { return [] }
        transactions[index].unsent = []
        transactions[index].isStreamed = true
        transactions[index].streamed.formUnion(transaction.unsent.map(\.writer))
        transactions[index].streamed.insert(transaction.id)
        return [Wire.streamStart(transaction.id, isFirst: !transaction.isStreamed)]
            + transaction.unsent.map { message($0, in: $0.writer) } + [Wire.streamStop]
    }

    private func message(_ change: Change, in id: UInt32?) -> [UInt8] {
        change.isMessage
            ? Wire.message(change.value, in: id, isTransactional: true)
            : Wire.insert(change.value, in: id, isKept: change.isKept)
    }

    private mutating func abort(_ index: Int) -> [[UInt8]] {
        let undone = transactions[index].levels.flatMap(\.self)
        let messages = undo(undone, index)
        transactions.remove(at: index)
        return messages
    }

    private mutating func commit(_ index: Int) -> [[UInt8]] {
        place += 100
        var messages = transactions[index].isStreamed ? stream(index) : []
        let transaction = transactions.remove(at: index)
        if transaction.isStreamed {
            messages.append(Wire.streamCommit(transaction.id, commit: place))
        } else if transaction.changes.isEmpty {
            return []
        } else {
            messages += [Wire.begin(transaction.id, commit: place)]
            messages += transaction.changes.map { message($0, in: nil) } + [Wire.commit(place)]
        }
        commits.append(transaction.id)
        for (ordinal, change) in transaction.changes.enumerated() where change.isKept {
            committed.append(
                Delivered(transaction: transaction.id, commit: place, ordinal: ordinal, value: change.value))
        }
        return messages
    }
}
