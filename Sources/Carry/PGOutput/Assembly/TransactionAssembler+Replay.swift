public import FleetCore

/// How far a committed transaction's changes were handed out.
struct Replay {
    let stream: StreamedTransaction
    /// The bytes of its entries that are done.
    var offset = 0
    /// The changes that took effect among them.
    var changes = 0
    var undone: UndoneFilter

    init(of stream: StreamedTransaction) {
        self.stream = stream
        undone = UndoneFilter(stream.aborted)
    }
}

/// Asks whether an entry's sub-transaction was undone; mostly it is that of the entry before.
struct UndoneFilter {
    private let aborted: AbortedTransactions
    private var last: (id: TransactionID, isUndone: Bool)?

    init(_ aborted: AbortedTransactions) { self.aborted = aborted }

    mutating func drops(_ id: TransactionID) -> Bool {
        if let last, last.id == id { return last.isUndone }
        let isUndone = aborted.contains(id)
        last = (id, isUndone)
        return isUndone
    }
}

extension TransactionAssembler {
    /// Fills a batch with the next changes of the transaction that ``Step/replay(_:)`` named, at least one unless none is
    /// left. Memory is needed for one batch only, however large the transaction is. If it throws, it may be called again.
    public mutating func nextBatch(_ limit: BatchLimit, into batch: inout ReplayBatch) throws {
        guard var replay else { throw FleetError(.bug, "a batch was asked for, and no transaction is to be replayed") }
        batch.records.removeAll(keepingCapacity: true)
        batch.bytes.removeAll(keepingCapacity: true)
        batch.isLast = false
        /// Where the batch's bytes begin among the transaction's, and how many of them are done.
        var start = replay.offset
        var done = 0
        while true {
            while batch.records.isEmpty || !isFull(batch, done, limit),
                let entry = try entry(in: batch.bytes, at: done, left: replay.stream.count - start - done)
            {
                done += entry.count
                if replay.undone.drops(entry.transaction) { continue }
                replay.changes += Int(entry.changes)
                if let count = entry.recordCount {
                    batch.records.append(ReplayBatch.Record(ordinal: replay.changes - 1, range: done - count..<done))
                }
            }
            if start + done == replay.stream.count { break }
            if !batch.records.isEmpty, isFull(batch, done, limit) { break }
            if batch.records.isEmpty {
                // Nothing but what was undone: it needs no memory.
                batch.bytes.removeFirst(done)
                start += done
                done = 0
            }
            try readMore(of: replay.stream, at: start + batch.bytes.count, onto: &batch.bytes)
        }
        replay.offset = start + done
        batch.isLast = replay.offset == replay.stream.count
        self.replay = replay
        guard batch.isLast else { return }
        try forget(replay.stream)
        self.replay = nil
    }

    private func isFull(_ batch: borrowing ReplayBatch, _ done: Int, _ limit: BatchLimit) -> Bool {
        batch.records.count >= limit.events.value || done >= limit.bytes.value
    }

    /// The same transaction, of which nothing is kept any more that was undone.
    mutating func withoutAborted(_ stream: StreamedTransaction) throws -> StreamedTransaction {
        var rest = StreamedTransaction(id: stream.id)
        var undone = UndoneFilter(stream.aborted)
        var bytes: [UInt8] = []
        var start = 0
        var done = 0
        while start + done < stream.count {
            if let entry = try entry(in: bytes, at: done, left: stream.count - start - done) {
                if !undone.drops(entry.transaction) {
                    reserved -= rest.memory.capacity
                    rest.memory += bytes[done..<done + entry.count]
                    reserved += rest.memory.capacity
                    if rest.memory.count >= Self.readSize { try spill(&rest) }
                }
                done += entry.count
            } else {
                bytes.removeFirst(done)
                start += done
                done = 0
                try readMore(of: stream, at: start + bytes.count, onto: &bytes)
            }
        }
        rest.writer = stream.writer
        try forget(stream)
        return rest
    }

    /// The entry at a place of some bytes; `nil` where not all of it is among them. `left`: how many bytes there are from
    /// this place to the end of all entries.
    private func entry(in bytes: [UInt8], at offset: Int, left: Int) throws -> SpoolEntry? {
        guard let entry = SpoolEntry(bytes.span.bytes, at: offset) else { return nil }
        guard entry.count <= left else { throw damaged() }
        return entry.count <= bytes.count - offset ? entry : nil
    }

    /// Reads a piece of a transaction's entries, from the storage or from memory.
    private mutating func readMore(
        of stream: StreamedTransaction, at offset: Int, onto bytes: inout [UInt8]
    ) throws {
        if let spool = stream.spool, offset < stream.spooled {
            let count = min(Self.readSize, stream.spooled - offset)
            let before = bytes.count
            try storage.read(spool, at: offset, count: count, onto: &bytes)
            guard bytes.count == before + count else { throw damaged() }
        } else {
            guard offset < stream.count else { throw damaged() }
            let start = offset - stream.spooled
            bytes += stream.memory[start..<min(start + Self.readSize, stream.memory.count)]
        }
    }

    private func damaged() -> FleetError {
        FleetError(
            .corrupt, "the storage does not give back what was kept of a transaction in progress",
            remedy: "connect to the server anew: it sends the transaction again")
    }
}
