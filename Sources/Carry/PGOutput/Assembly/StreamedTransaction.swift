/// A transaction in progress, of which the server has sent pieces.
struct StreamedTransaction {
    let id: TransactionID
    /// What is not in the storage yet: whole entries.
    var memory: [UInt8] = []
    /// Where the entries before are.
    var spool: SpoolID?
    /// How many bytes of entries the storage has.
    var spooled = 0
    /// Sub-transactions that were undone, and of which entries may still be kept.
    var aborted: AbortedTransactions
    /// The (sub-)transaction of the last change.
    var writer: TransactionID
    /// Changes of `writer` that no entry counts yet, because nothing of them was kept.
    var uncounted: UInt32 = 0

    init(id: TransactionID) {
        self.id = id
        aborted = AbortedTransactions(of: id)
        writer = id
    }

    /// How many bytes of entries are kept of it.
    var count: Int { spooled + memory.count }
}
