import FleetCore

extension TransactionAssembler {
    mutating func streamStart(_ start: PGOutputMessage.StreamStart) throws -> Step {
        guard current == nil, open == nil else {
            throw violation("a piece of transaction \(start.transaction) begins in another transaction")
        }
        let known = streams.removeValue(forKey: start.transaction)
        guard start.isFirst == (known == nil) else {
            throw violation(
                start.isFirst
                    ? "transaction \(start.transaction) is streamed from its start a second time"
                    : "a piece of transaction \(start.transaction) came without its first")
        }
        guard streams.count < Self.transactionLimit else {
            throw FleetError(
                .full, "more than \(Self.transactionLimit) transactions are streamed at a time",
                remedy: "raise the server's logical_decoding_work_mem, so that it streams fewer")
        }
        open = known ?? StreamedTransaction(id: start.transaction)
        return .nothing
    }

    mutating func streamStop() throws -> Step {
        guard open != nil else { throw violation("a piece of a transaction ends that did not begin") }
        countChanges()
        if let stream = open.take() { streams[stream.id] = stream }
        try spillIfNeeded()
        return .nothing
    }

    /// Notes a change, of which a record may be kept.
    mutating func streamedChange(of transaction: TransactionID) throws {
        guard let writer = open?.writer else {
            throw violation("a change of transaction \(transaction) stands outside of a stream")
        }
        if writer != transaction {
            countChanges()
            if let aborted = open?.aborted, aborted.contains(transaction) {
                throw violation("a change of transaction \(transaction) came after it was undone")
            }
            open?.writer = transaction
        } else if open?.uncounted == .max {
            countChanges()
        }
        open?.uncounted += 1
        mayKeep = true
    }

    mutating func streamAbort(_ abort: PGOutputMessage.StreamAbort) throws -> Step {
        guard current == nil, open == nil else {
            throw violation("transaction \(abort.aborted) is undone in another one")
        }
        // Of a transaction that was never streamed there is nothing to forget.
        guard var stream = streams.removeValue(forKey: abort.transaction) else { return .nothing }
        if abort.aborted == abort.transaction {
            try forget(stream)
            return .nothing
        }
        stream.aborted.insert(abort.aborted)
        if stream.aborted.ranges.count > abortedLimit { stream = try withoutAborted(stream) }
        streams[stream.id] = stream
        try spillIfNeeded()
        return .nothing
    }

    mutating func streamCommit(_ commit: PGOutputMessage.StreamCommit) throws -> Step {
        guard current == nil, open == nil else {
            throw violation("transaction \(commit.transaction) is committed in another one")
        }
        guard let stream = streams.removeValue(forKey: commit.transaction) else {
            throw violation("transaction \(commit.transaction) is committed, and nothing of it was streamed")
        }
        replay = Replay(of: stream)
        return .replay(
            CommittedTransaction(id: commit.transaction, commit: commit.commit, time: commit.time, end: commit.end))
    }

    /// Frees what is kept of a transaction.
    mutating func forget(_ stream: StreamedTransaction) throws {
        reserved -= stream.memory.capacity
        if let spool = stream.spool { try discard(spool) }
    }

    mutating func discard(_ spool: SpoolID) throws {
        try storage.discard(spool)
        spools.remove(spool)
    }
}
