import FleetCore
import PGOutput

/// A change as it was handed out: in which transaction, at which place of it, and its value.
struct Delivered: Hashable, CustomStringConvertible {
    let transaction: UInt32
    let commit: UInt64
    let ordinal: Int
    let value: String

    var description: String { "\(transaction)@\(commit)#\(ordinal) \(value.prefix(20))" }
}

/// A decoder and an assembler, used as a connector uses them.
final class Assembly<Storage: SpoolStorage> {
    private var decoder = PGOutputDecoder(version: .four)
    var assembler: TransactionAssembler<Storage>
    private var batch = ReplayBatch()
    private let limit: BatchLimit

    private(set) var delivered: [Delivered] = []
    private(set) var ended: [CommittedTransaction] = []
    private(set) var immediate: [String] = []
    /// The most that a batch held.
    private(set) var largestBatch = 0

    init(
        _ storage: Storage, memoryLimit: ByteCount = .mebibytes(4), abortedLimit: Int = 16_384,
        limit: BatchLimit = .standard
    ) throws {
        assembler = TransactionAssembler(storage: storage, memoryLimit: memoryLimit, abortedLimit: abortedLimit)
        self.limit = limit
        for table in [Golden.outbox, Golden.wide] { _ = try decoder.decode(table) }
    }

    func send(_ messages: [[UInt8]]) throws {
        for message in messages { try send(message) }
    }

    func send(_ bytes: [UInt8]) throws {
        let message = try decoder.decode(bytes)
        switch try assembler.take(message) {
        case .nothing: break
        case .committed(let change):
            guard let part = keptPart(message) else { break }
            delivered.append(
                Delivered(
                    transaction: change.transaction.id.value, commit: change.transaction.commit.value,
                    ordinal: change.ordinal, value: bytes.span.bytes.text(of: part) ?? "?"))
        case .undecided:
            guard let part = keptPart(message) else { break }
            if part.count % 2 == 0 {
                try assembler.keep(bytes.span.bytes.extracting(part.range))
            } else {
                try assembler.keep { record in for byte in bytes[part.range] { record.append(byte) } }
            }
        case .ended(let transaction): ended.append(transaction)
        case .immediate: if let part = keptPart(message) { immediate.append(bytes.span.bytes.text(of: part) ?? "?") }
        case .replay(let transaction):
            try replay(transaction)
            ended.append(transaction)
        }
    }

    private func replay(_ transaction: CommittedTransaction) throws {
        repeat {
            try assembler.nextBatch(limit, into: &batch)
            largestBatch = max(largestBatch, batch.bytes.count)
            for index in 0..<batch.records.count {
                delivered.append(
                    Delivered(
                        transaction: transaction.id.value, commit: transaction.commit.value,
                        ordinal: batch.records[index].ordinal,
                        value: String(decoding: batch.record(index), as: UTF8.self)))
            }
        } while !batch.isLast
    }

    /// What is kept of a change; `nil` for tables that do not matter.
    private func keptPart(_ message: PGOutputMessage) -> ByteRange? {
        switch message {
        case .insert(let row): row.relation == RelationID(16385) ? decoder.newColumns[0].bytes : nil
        case .logicalMessage(let message): message.content
        default: nil
        }
    }
}

extension Assembly where Storage == MemorySpoolStorage {
    convenience init(memoryLimit: ByteCount = .mebibytes(4), limit: BatchLimit = .standard) throws {
        try self.init(MemorySpoolStorage(), memoryLimit: memoryLimit, limit: limit)
    }

    /// How many bytes the storage has.
    var stored: Int { assembler.storage.spools.values.reduce(0) { $0 + $1.count } }
}
