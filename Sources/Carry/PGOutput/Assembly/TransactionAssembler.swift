public import FleetCore

/// Puts transactions together again: from decoded messages, one after the other, to committed changes in commit order.
///
///     switch try assembler.take(decoder.decode(bytes)) {
///     case .committed(let change): pass(change, decoder, bytes)
///     case .undecided: try assembler.keep { record in write(decoder, bytes, to: &record) }
///     case .ended(let transaction): confirm(transaction)
///     case .replay(let transaction):
///         repeat {
///             try assembler.nextBatch(.standard, into: &batch)
///             pass(batch, transaction)
///         } while !batch.isLast
///         confirm(transaction)
///     case .immediate: pass(decoder, bytes)
///     case .nothing: break
///     }
///
/// A transaction that the server sends after its commit costs nothing: its changes can be passed on at once. One that it
/// streams while it is in progress is kept, in memory up to a bound over all transactions and past it in a storage, until
/// its commit asks for a replay, or until it is undone.
///
/// Kept is a record that the caller makes of a change, not the server's message. A record is the smaller of the two, since
/// the caller takes only the columns that it needs and nothing of tables that do not matter to it. It is written once,
/// from the message straight to where it is kept, and nothing is decoded a second time. And it means the same later: a
/// message can only be read with the shape that its table had at that moment, which by the commit may have changed.
///
/// One assembler is for one connection: a server sends transactions in progress again, from their first piece, to whoever
/// connects anew. After an error it cannot be used any more, except for ``reset()``.
public struct TransactionAssembler<Storage: SpoolStorage>: ~Copyable, Sendable {
    /// What the caller is to do with the message that was taken.
    public enum Step: Hashable, Sendable {
        case nothing
        /// It is a change of a committed transaction: pass it on.
        case committed(CommittedChange)
        /// The transaction of the last changes is complete.
        case ended(CommittedTransaction)
        /// It is a change that may yet be undone. To have it when its transaction commits, hand a record to
        /// ``TransactionAssembler/keep(_:)-(RawSpan)`` before the next message.
        case undecided
        /// A streamed transaction is committed: ask for its changes with ``TransactionAssembler/nextBatch(_:into:)``, up to
        /// the last, before the next message.
        case replay(CommittedTransaction)
        /// It is a message that belongs to no transaction: pass it on.
        case immediate
    }

    /// What is kept in memory, if nothing else is said.
    public static var standardMemoryLimit: ByteCount { .mebibytes(4) }
    /// How many transactions may be streamed at a time. More than a server has connections, by far.
    public static var transactionLimit: Int { 16_384 }
    /// How many ranges of undone sub-transactions are remembered for one transaction, before their changes are taken out of
    /// what is kept of it.
    public static var abortedLimit: Int { 16_384 }
    /// How much is read from a storage at a time.
    static var readSize: Int { 128 << 10 }

    /// The most that is kept in memory, over all transactions.
    public let memoryLimit: ByteCount
    /// What is reserved in memory for records that wait.
    public var memory: ByteCount { ByteCount(reserved) }
    /// How many transactions are in progress.
    public var transactionsInProgress: Int { streams.count + (open == nil ? 0 : 1) }

    let abortedLimit: Int
    public internal(set) var storage: Storage
    var lastSpool = SpoolID(0)
    /// What the storage has.
    var spools: Set<SpoolID> = []
    var reserved = 0
    /// Transactions in progress, except for the one that is open.
    var streams: [TransactionID: StreamedTransaction] = [:]
    /// The transaction between Stream Start and Stream Stop.
    var open: StreamedTransaction?
    /// The transaction between Begin and Commit, and how many changes of it came.
    var current: (transaction: CommittedTransaction, changes: Int)?
    /// The last message was a change that may be kept.
    var mayKeep = false
    var replay: Replay?

    /// - Parameter abortedLimit: ``abortedLimit``, for tests.
    public init(
        storage: Storage, memoryLimit: ByteCount = TransactionAssembler.standardMemoryLimit,
        abortedLimit: Int = TransactionAssembler.abortedLimit
    ) {
        self.storage = storage
        self.memoryLimit = memoryLimit
        self.abortedLimit = abortedLimit
    }

    /// Takes the next message in the order in which the server sent it.
    public mutating func take(_ message: PGOutputMessage) throws -> Step {
        guard replay == nil else {
            throw FleetError(.bug, "a message was taken before all batches of the committed transaction were")
        }
        mayKeep = false
        switch message {
        case .insert(let row), .update(let row), .delete(let row): return try change(of: row.transaction)
        case .truncate(let truncate): return try change(of: truncate.transaction)
        case .logicalMessage(let message):
            return message.isTransactional ? try change(of: message.transaction) : .immediate
        case .relation, .type, .origin: return .nothing
        case .begin(let begin): return try self.begin(begin)
        case .commit(let commit): return try self.commit(commit)
        case .streamStart(let start): return try streamStart(start)
        case .streamStop: return try streamStop()
        case .streamAbort(let abort): return try streamAbort(abort)
        case .streamCommit(let commit): return try streamCommit(commit)
        case .beginPrepare, .prepare, .commitPrepared, .rollbackPrepared, .streamPrepare:
            // What is prepared is not sent again with its commit, however much later that comes: it would have to be
            // kept durably, which no spool is.
            throw FleetError(
                .protocolViolation, "the server sent a two-phase commit in parts",
                remedy: "create the replication slot without two_phase, and do not ask for it")
        }
    }

    /// Forgets everything, as after the end of a connection.
    public mutating func reset() throws {
        streams = [:]
        open = nil
        current = nil
        replay = nil
        mayKeep = false
        reserved = 0
        for spool in spools { try discard(spool) }
    }

    private mutating func change(of transaction: TransactionID?) throws -> Step {
        if let transaction {
            try streamedChange(of: transaction)
            return .undecided
        }
        guard let change = current else { throw violation("a change stands outside of a transaction") }
        current = (change.transaction, change.changes + 1)
        return .committed(CommittedChange(transaction: change.transaction, ordinal: change.changes))
    }

    private mutating func begin(_ begin: PGOutputMessage.Begin) throws -> Step {
        guard current == nil, open == nil else {
            throw violation("transaction \(begin.transaction) begins in another one")
        }
        let transaction = CommittedTransaction(
            id: begin.transaction, commit: begin.final, time: begin.time, end: nil)
        current = (transaction, 0)
        return .nothing
    }

    private mutating func commit(_ commit: PGOutputMessage.Commit) throws -> Step {
        guard let transaction = current?.transaction else { throw violation("a transaction ends that did not begin") }
        guard transaction.commit == commit.commit else {
            throw violation(
                "transaction \(transaction.id) began with commit \(transaction.commit) and ended with \(commit.commit)")
        }
        current = nil
        return .ended(
            CommittedTransaction(id: transaction.id, commit: commit.commit, time: commit.time, end: commit.end))
    }

    func violation(_ what: String) -> FleetError {
        FleetError(
            .protocolViolation, "the server's replication stream is out of order: \(what)",
            remedy: "connect to the server anew")
    }
}
