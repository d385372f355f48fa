import FleetCore
import Testing

@testable import PGOutput

/// Bounds on what is held.
@Suite struct AssemblerMemoryTests {
    static let rows = 60_000
    static let limit = ByteCount(256 << 10)
    static let batch = BatchLimit(events: 500, bytes: ByteCount(64 << 10))

    /// A transaction of 18 MB goes through a quarter of a mebibyte, and comes back in batches of 64 KiB.
    @Test func aLargeTransactionNeedsNoMemoryForItself() throws {
        let storage = CountingStorage()
        let assembly = try Assembly(storage, memoryLimit: Self.limit, limit: Self.batch)
        let value = String(repeating: "x", count: 288)
        var most = 0
        for start in stride(from: 0, to: Self.rows, by: 5_000) {
            try assembly.send(Wire.streamStart(10, isFirst: start == 0))
            for row in start..<start + 5_000 {
                try assembly.send(Wire.insert(value, in: UInt32(10 + row % 7)))
                most = max(most, assembly.assembler.memory.value)
            }
            try assembly.send(Wire.streamStop)
        }
        #expect(most <= Self.limit.value)
        // Written in large pieces, not row by row.
        #expect(assembly.assembler.storage.appends < Self.rows * 300 / (Self.limit.value / 4))
        try assembly.send(Wire.streamAbort(11, of: 10))
        try assembly.send(Wire.streamCommit(10, commit: 100))
        #expect(assembly.delivered.count == (0..<Self.rows).count { $0 % 7 != 1 })
        let readSize = TransactionAssembler<CountingStorage>.readSize
        #expect(assembly.largestBatch <= Self.batch.bytes.value + readSize + 300)
        #expect(assembly.assembler.storage.mostRead <= readSize)
        #expect(assembly.assembler.storage.spools.isEmpty)
    }

    /// Many small transactions share the bound.
    @Test func theBoundIsOneForAllTransactions() throws {
        let assembly = try Assembly(CountingStorage(), memoryLimit: Self.limit)
        let value = String(repeating: "x", count: 1_000)
        var most = 0
        for round in 0..<4 {
            for id in stride(from: UInt32(1_000), to: 4_000, by: 10) {
                try assembly.send(Wire.piece(of: id, isFirst: round == 0, [(id, value), (id + 1, "\(round)")]))
                most = max(most, assembly.assembler.memory.value)
            }
        }
        #expect(most <= Self.limit.value && most > Self.limit.value / 2)
        #expect(assembly.assembler.transactionsInProgress == 300)
        for id in stride(from: UInt32(1_000), to: 4_000, by: 10) {
            try assembly.send(Wire.streamCommit(id, commit: UInt64(id)))
        }
        #expect(assembly.delivered.count == 300 * 8)
        #expect(assembly.assembler.memory.value == 0)
    }

    @Test func oneRecordMayBeLargerThanAllBounds() throws {
        let assembly = try Assembly(
            MemorySpoolStorage(), memoryLimit: ByteCount(100), limit: BatchLimit(events: 3, bytes: ByteCount(10)))
        let values = ["a", String(repeating: "x", count: 700_000), "b", String(repeating: "y", count: 300_001)]
        try assembly.send(Wire.piece(of: 10, isFirst: true, values.map { (10, $0) }))
        #expect(assembly.assembler.memory.value <= 100)
        try assembly.send(Wire.streamCommit(10, commit: 100))
        #expect(assembly.delivered.map(\.value) == values)
    }

    private struct CountingStorage: SpoolStorage {
        private var memory = MemorySpoolStorage()
        private(set) var appends = 0
        private(set) var mostRead = 0

        var spools: [SpoolID: [UInt8]] { memory.spools }

        mutating func append(_ bytes: RawSpan, to spool: SpoolID) {
            appends += 1
            memory.append(bytes, to: spool)
        }

        mutating func read(_ spool: SpoolID, at offset: Int, count: Int, onto buffer: inout [UInt8]) {
            mostRead = max(mostRead, count)
            memory.read(spool, at: offset, count: count, onto: &buffer)
        }

        mutating func discard(_ spool: SpoolID) { memory.discard(spool) }
    }
}

@Suite struct AbortedTransactionsTests {
    @Test func isASetOfNumbersKeptAsRanges() {
        var aborted = AbortedTransactions(of: TransactionID(.max - 5))
        let ids: [UInt32] = [.max - 3, .max - 1, .max - 2, .max - 2, 3, 5, 4, 9, 0, 7]
        var reference: Set<UInt32> = []
        for id in ids {
            aborted.insert(TransactionID(id))
            reference.insert(id)
            for other in [UInt32](0..<12) + [UInt32](UInt32.max - 8 ... .max) {
                #expect(aborted.contains(TransactionID(other)) == reference.contains(other), "\(other) after \(id)")
            }
        }
        #expect(aborted.ranges.count == 5)
        #expect(zip(aborted.ranges, aborted.ranges.dropFirst()).allSatisfy { $0.upperBound + 1 < $1.lowerBound })
    }
}
