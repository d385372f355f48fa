import FleetCore
import Testing

@testable import PGOutput

/// From messages to committed changes.
@Suite struct AssemblerTests {
    @Test func aTransactionAfterItsCommitIsPassedOnAtOnce() throws {
        let assembly = try Assembly()
        try assembly.send([
            Wire.begin(10, commit: 100), Wire.insert("a"), Wire.insert("not kept", isKept: false), Wire.insert("b"),
            Wire.message("c", isTransactional: true),
        ])
        #expect(
            assembly.delivered == [
                Delivered(transaction: 10, commit: 100, ordinal: 0, value: "a"),
                Delivered(transaction: 10, commit: 100, ordinal: 2, value: "b"),
                Delivered(transaction: 10, commit: 100, ordinal: 3, value: "c"),
            ])
        #expect(assembly.ended.isEmpty)
        #expect(assembly.assembler.memory.value == 0)
        try assembly.send(Wire.commit(100))
        #expect(assembly.ended.map(\.end) == [LogSequenceNumber(108)])
        try assembly.send([Wire.begin(11, commit: 200), Wire.insert("d")])
        #expect(assembly.delivered.last == Delivered(transaction: 11, commit: 200, ordinal: 0, value: "d"))
    }

    @Test func aMessageOutsideOfTransactionsIsPassedOnAtOnce() throws {
        let assembly = try Assembly()
        try assembly.send(Wire.message("at once", isTransactional: false))
        try assembly.send(Wire.piece(of: 10, isFirst: true, [(10, "a")]))
        try assembly.send(Wire.message("again", isTransactional: false))
        #expect(assembly.immediate == ["at once", "again"])
        #expect(assembly.delivered.isEmpty)
    }

    /// The same changes, streamed or not, have the same ordinals, whatever was kept and whatever was undone between.
    @Test func ordinalsAreThoseOfTheTransactionAfterItsCommit() throws {
        let plain = try Assembly()
        try plain.send([
            Wire.begin(10, commit: 100), Wire.insert("x", isKept: false), Wire.insert("a"),
            Wire.insert("x", isKept: false), Wire.insert("x", isKept: false), Wire.insert("b"), Wire.insert("c"),
            Wire.insert("x", isKept: false), Wire.insert("d"), Wire.commit(100),
        ])
        for limit in [0, 1 << 20] {
            let streamed = try Assembly(memoryLimit: ByteCount(limit))
            try streamed.send([
                Wire.streamStart(10, isFirst: true), Wire.insert("x", in: 10, isKept: false),
                Wire.insert("undone", in: 11), Wire.insert("x", in: 11, isKept: false), Wire.insert("a", in: 10),
                Wire.insert("x", in: 10, isKept: false), Wire.streamStop, Wire.streamAbort(11, of: 10),
                Wire.streamStart(10, isFirst: false), Wire.insert("x", in: 12, isKept: false),
                Wire.insert("b", in: 12), Wire.message("c", in: 10, isTransactional: true),
                Wire.insert("x", in: 10, isKept: false), Wire.insert("d", in: 12),
                Wire.insert("x", in: 12, isKept: false),
                Wire.streamStop, Wire.streamCommit(10, commit: 100),
            ])
            #expect(streamed.delivered == plain.delivered)
            #expect(streamed.ended == plain.ended)
        }
    }

    @Test func transactionsInProgressAreKeptApartAndComeInTheOrderOfTheirCommits() throws {
        for limit in [0, 40, 1 << 20] {
            let assembly = try Assembly(memoryLimit: ByteCount(limit))
            try assembly.send(Wire.piece(of: 10, isFirst: true, [(10, "a1"), (11, "a2")]))
            try assembly.send(Wire.piece(of: 20, isFirst: true, [(20, "b1")]))
            try assembly.send(Wire.piece(of: 10, [(10, "a3")]))
            try assembly.send([Wire.begin(30, commit: 50), Wire.insert("c1"), Wire.commit(50)])
            try assembly.send(Wire.piece(of: 20, [(21, "b2")]))
            try assembly.send(Wire.streamCommit(20, commit: 100))
            try assembly.send(Wire.piece(of: 10, [(11, "a4")]))
            #expect(assembly.assembler.transactionsInProgress == 1)
            try assembly.send(Wire.streamCommit(10, commit: 200))
            #expect(assembly.delivered.map(\.value) == ["c1", "b1", "b2", "a1", "a2", "a3", "a4"])
            #expect(assembly.delivered.map(\.commit) == [50, 100, 100, 200, 200, 200, 200])
            #expect(assembly.delivered.map(\.ordinal) == [0, 0, 1, 0, 1, 2, 3])
            #expect(assembly.ended.map(\.id.value) == [30, 20, 10])
            #expect(assembly.assembler.transactionsInProgress == 0)
            #expect(assembly.assembler.memory.value == 0)
            #expect(assembly.assembler.storage.spools.isEmpty)
        }
    }

    /// A savepoint in a savepoint, released, and then the outer one is undone: the server names both.
    @Test func onlyWhatWasUndoneIsDropped() throws {
        for limit in [0, 60, 1 << 20] {
            let assembly = try Assembly(memoryLimit: ByteCount(limit))
            try assembly.send(Wire.piece(of: 10, isFirst: true, [(10, "a"), (11, "gone"), (12, "gone too")]))
            try assembly.send(Wire.piece(of: 10, [(12, "gone too"), (11, "gone")]))
            try assembly.send(Wire.streamAbort(12, of: 10))
            #expect(assembly.delivered.isEmpty)
            try assembly.send(Wire.streamAbort(11, of: 10))
            try assembly.send(Wire.piece(of: 10, [(13, "b"), (10, "c")]))
            try assembly.send(Wire.streamCommit(10, commit: 100))
            #expect(assembly.delivered.map(\.value) == ["a", "b", "c"])
        }
    }

    /// An abort names one sub-transaction: what others wrote behind it stays.
    @Test func anAbortIsOfOneSubtransactionOnly() throws {
        let assembly = try Assembly()
        try assembly.send(Wire.piece(of: 10, isFirst: true, [(11, "a"), (12, "b"), (11, "c"), (13, "d"), (10, "e")]))
        try assembly.send(Wire.streamAbort(12, of: 10))
        try assembly.send(Wire.streamCommit(10, commit: 100))
        #expect(assembly.delivered.map(\.value) == ["a", "c", "d", "e"])
    }

    @Test func aSubtransactionIsUndoneOfWhichOnlyAPartIsInMemory() throws {
        let assembly = try Assembly(memoryLimit: ByteCount(2_000))
        let long = String(repeating: "x", count: 900)
        try assembly.send(Wire.piece(of: 10, isFirst: true, [(10, "a"), (11, long), (11, long), (11, long)]))
        #expect(assembly.stored > 0)
        try assembly.send(Wire.piece(of: 10, [(11, "gone"), (10, "b")]))
        #expect(assembly.assembler.memory.value > 0)
        try assembly.send(Wire.streamAbort(11, of: 10))
        try assembly.send(Wire.streamCommit(10, commit: 100))
        #expect(assembly.delivered.map(\.value) == ["a", "b"])
        #expect(assembly.assembler.storage.spools.isEmpty)
    }

    @Test func aWholeTransactionIsUndoneAfterItWasSpilled() throws {
        let assembly = try Assembly(memoryLimit: ByteCount(0))
        try assembly.send(Wire.piece(of: 10, isFirst: true, [(10, "a"), (11, "b")]))
        try assembly.send(Wire.piece(of: 20, isFirst: true, [(20, "c")]))
        #expect(assembly.assembler.storage.spools.count == 2)
        try assembly.send(Wire.streamAbort(10, of: 10))
        #expect(assembly.assembler.storage.spools.count == 1)
        #expect(assembly.assembler.transactionsInProgress == 1)
        try assembly.send(Wire.streamCommit(20, commit: 100))
        #expect(assembly.delivered.map(\.value) == ["c"])
        #expect(assembly.assembler.storage.spools.isEmpty)
        try assembly.send(Wire.streamAbort(30, of: 30))
    }

    @Test func whatIsUndoneIsTakenOutOnceThereIsTooMuchOfIt() throws {
        for memory in [0, 500, 1 << 20] {
            let assembly = try Assembly(MemorySpoolStorage(), memoryLimit: ByteCount(memory), abortedLimit: 10)
            try assembly.send(Wire.streamStart(10, isFirst: true))
            for id in UInt32(11)...130 { try assembly.send(Wire.insert("value \(id)", in: id)) }
            try assembly.send(Wire.streamStop)
            var most = 0
            // Every other one, so that each is a range of its own.
            for id in stride(from: UInt32(11), through: 130, by: 2) {
                try assembly.send(Wire.streamAbort(id, of: 10))
                most = max(most, assembly.assembler.streams[TransactionID(10)]?.aborted.ranges.count ?? .max)
            }
            #expect(most == 10)
            #expect((assembly.assembler.streams[TransactionID(10)]?.count ?? .max) < 85 * 22)
            try assembly.send(Wire.piece(of: 10, [(130, "last")]))
            try assembly.send(Wire.streamCommit(10, commit: 100))
            let rest = stride(from: 12, through: 130, by: 2).map { "value \($0)" } + ["last"]
            #expect(assembly.delivered.map(\.value) == rest)
            #expect(assembly.delivered.map(\.ordinal) == Array(0..<rest.count))
            #expect(assembly.assembler.memory.value == 0)
            #expect(assembly.assembler.storage.spools.isEmpty)
        }
    }

    @Test func whoeverWritesNoRecordKeepsNothing() throws {
        struct Refusal: Error {}
        var decoder = PGOutputDecoder(version: .two)
        var assembler = TransactionAssembler(storage: MemorySpoolStorage())
        func take(_ bytes: [UInt8]) throws -> PGOutputMessage { try decoder.decode(bytes) }
        for bytes in [Golden.outbox, Wire.streamStart(10, isFirst: true)] { _ = try assembler.take(take(bytes)) }
        #expect(try assembler.take(take(Wire.insert("a", in: 10))) == .undecided)
        var refused = false
        do {
            try assembler.keep { record in
                record.append(bigEndian: UInt32(1))
                throw Refusal()
            }
        } catch is Refusal {
            refused = true
        }
        #expect(refused)
        #expect(try assembler.take(take(Wire.insert("b", in: 10))) == .undecided)
        try assembler.keep { record in
            record.append(bigEndian: UInt16(0x0102))
            #expect(record.count == 2)
        }
        for bytes in [Wire.streamStop, Wire.streamCommit(10, commit: 100)] { _ = try assembler.take(take(bytes)) }
        var batch = ReplayBatch()
        try assembler.nextBatch(.standard, into: &batch)
        #expect(batch.isLast)
        #expect(batch.records.map(\.ordinal) == [1])
        #expect(batch.record(0) == [1, 2])
    }

    @Test func resetForgetsEverything() throws {
        let assembly = try Assembly(memoryLimit: ByteCount(0))
        try assembly.send(Wire.piece(of: 10, isFirst: true, [(10, "a")]))
        try assembly.send([Wire.streamStart(20, isFirst: true), Wire.insert("b", in: 20)])
        #expect(assembly.assembler.storage.spools.count == 2)
        try assembly.assembler.reset()
        #expect(assembly.assembler.storage.spools.isEmpty)
        #expect(assembly.assembler.transactionsInProgress == 0)
        #expect(assembly.assembler.memory.value == 0)
        assembly.send(Wire.streamStop, expecting: "a piece of a transaction ends that did not begin")
    }

    /// A real server's messages, with savepoints that were rolled back (up to its first two-phase commit).
    @Test func aRecordingIsAssembled() throws {
        var decoder = PGOutputDecoder(version: .three)
        var assembler = TransactionAssembler(storage: MemorySpoolStorage(), memoryLimit: ByteCount(0))
        var batch = ReplayBatch()
        var told: [String] = []
        let prepared = Recording.messages.firstIndex { $0[0] == MessageKind.beginPrepare.rawValue } ?? 0
        for bytes in Recording.messages[..<prepared] {
            let message = try decoder.decode(bytes)
            let words = Telling(decoder: decoder, bytes: bytes)(message)
            switch try assembler.take(message) {
            case .nothing: break
            case .committed(let change): told.append("\(change.transaction.id)#\(change.ordinal) \(words.prefix(6))")
            case .undecided: try assembler.keep(Array(words.utf8).span.bytes)
            case .ended(let transaction):
                told.append("\(transaction.id) ended at \(transaction.end.map { "\($0)" } ?? "?")")
            case .immediate: told.append(words)
            case .replay(let transaction):
                try assembler.nextBatch(.standard, into: &batch)
                #expect(batch.isLast)
                told += (0..<batch.records.count).map {
                    "\(transaction.id)#\(batch.records[$0].ordinal) \(String(decoding: batch.record($0), as: UTF8.self))"
                }
            }
        }
        #expect(
            told == [
                "749#0 Insert", "749#1 Insert", "749#2 Messag", "749#3 Update", "749#4 Update", "749#5 Insert",
                "749#6 Update", "749#7 Delete", "749#8 Delete", "749#9 Trunca", "749 ended at 0/15D23A8",
                "Message: 0/15D23F0 at once flotilla \"at once\"", "750#0 Insert", "750 ended at 0/15D2480",
                "751#0 Insert: in 751, 16429 nothing [] [text \"1\", text \"top\"]",
                "751#1 Insert: in 754, 16429 nothing [] [text \"7\", text \"end\"]",
            ])
        #expect(assembler.transactionsInProgress == 0)
    }
}
