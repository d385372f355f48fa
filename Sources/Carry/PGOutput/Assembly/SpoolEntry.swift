/// What stands in front of each record in a spool: 12 bytes, in this machine's order.
struct SpoolEntry {
    typealias Header = (UInt32, UInt32, UInt32)

    /// Of entries without a record, which only count changes that were not kept.
    private static let noRecord = UInt32.max
    static let headerCount = 12
    /// The longest record.
    static let recordLimit = Int(UInt32.max) - 1

    /// The (sub-)transaction.
    let transaction: TransactionID
    /// How many changes it stands for. The record is the last of them.
    let changes: UInt32
    /// `nil` where it has no record.
    let recordCount: Int?

    /// Header and record.
    var count: Int { SpoolEntry.headerCount + (recordCount ?? 0) }

    init(transaction: TransactionID, changes: UInt32, recordCount: Int?) {
        self.transaction = transaction
        self.changes = changes
        self.recordCount = recordCount
    }

    /// Reads a header; `nil` where fewer bytes are left.
    init?(_ bytes: RawSpan, at offset: Int) {
        guard bytes.byteCount - offset >= SpoolEntry.headerCount else { return nil }
        func word(_ index: Int) -> UInt32 {
            bytes.unsafeLoadUnaligned(fromByteOffset: offset + 4 * index, as: UInt32.self)
        }
        let count = word(2)
        self.init(
            transaction: TransactionID(word(0)), changes: word(1),
            recordCount: count == SpoolEntry.noRecord ? nil : Int(count))
    }

    var header: Header {
        (transaction.value, changes, recordCount.map { UInt32(truncatingIfNeeded: $0) } ?? SpoolEntry.noRecord)
    }
}
