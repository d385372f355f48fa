import FleetCore
import PGOutput
import TestKit
import Testing

/// What an assembler refuses.
@Suite struct AssemblerRefusalTests {
    struct Disorder: Sendable, CustomStringConvertible {
        let description: String
        let before: [[UInt8]]
        let message: [UInt8]
    }

    static let disorders: [Disorder] = [
        Disorder(
            description: "a change of transaction 10 came after it was undone",
            before: Wire.piece(of: 9, isFirst: true, [(10, "a")])
                + [Wire.streamAbort(10, of: 9), Wire.streamStart(9, isFirst: false), Wire.insert("b", in: 9)],
            message: Wire.insert("c", in: 10)),
        Disorder(description: "a change stands outside of a transaction", before: [], message: Wire.insert("a")),
        Disorder(
            description: "transaction 11 begins in another one", before: [Wire.begin(10, commit: 100)],
            message: Wire.begin(11, commit: 101)),
        Disorder(description: "a transaction ends that did not begin", before: [], message: Wire.commit(100)),
        Disorder(
            description: "transaction 10 began with commit 0/64 and ended with 0/65",
            before: [Wire.begin(10, commit: 100)], message: Wire.commit(101)),
        Disorder(
            description: "a piece of transaction 11 begins in another transaction",
            before: [Wire.begin(10, commit: 100)],
            message: Wire.streamStart(11, isFirst: true)),
        Disorder(
            description: "a piece of transaction 10 came without its first", before: [],
            message: Wire.streamStart(10, isFirst: false)),
        Disorder(
            description: "transaction 10 is streamed from its start a second time",
            before: Wire.piece(of: 10, isFirst: true, []), message: Wire.streamStart(10, isFirst: true)),
        Disorder(
            description: "transaction 10 is committed, and nothing of it was streamed", before: [],
            message: Wire.streamCommit(10, commit: 100)),
        Disorder(
            description: "transaction 10 is committed in another one",
            before: Wire.piece(of: 10, isFirst: true, []) + [Wire.begin(11, commit: 100)],
            message: Wire.streamCommit(10, commit: 100)),
        Disorder(
            description: "transaction 10 is undone in another one",
            before: Wire.piece(of: 10, isFirst: true, []) + [Wire.begin(11, commit: 100)],
            message: Wire.streamAbort(10, of: 10)),
    ]

    @Test(arguments: disorders) func disorderIsRefused(_ disorder: Disorder) throws {
        let assembly = try Assembly()
        try assembly.send(disorder.before)
        assembly.send(disorder.message, expecting: disorder.description)
    }

    @Test func twoPhaseCommitsAreRefused() throws {
        for golden in Golden.all where golden.version == .four && golden.kind.firstVersion == .three {
            let assembly = try Assembly()
            assembly.send(golden.bytes, expecting: "two-phase")
        }
    }

    @Test func callsOutOfOrderAreOurOwnFault() throws {
        let assembly = try Assembly()
        var batch = ReplayBatch()
        func fails(_ body: () throws -> Void) {
            let error = #expect(throws: FleetError.self) { try body() }
            #expect(error?.code == .bug)
        }
        fails { try assembly.assembler.nextBatch(.standard, into: &batch) }
        fails { try assembly.assembler.keep([1].span.bytes) }
        try assembly.send([Wire.streamStart(10, isFirst: true), Wire.insert("a", in: 10)])
        fails { try assembly.assembler.keep([1].span.bytes) }
        try assembly.send(Wire.streamStop)
        let commit = Wire.streamCommit(10, commit: 100)
        var decoder = PGOutputDecoder(version: .two)
        let message = try decoder.decode(commit)
        guard case .replay = try assembly.assembler.take(message) else {
            Issue.record("no replay")
            return
        }
        fails { _ = try assembly.assembler.take(message) }
    }

    /// A storage that loses or changes bytes is found out, or gives other records; it never makes the process stop.
    @Test func aDamagedStorageDoesNotTrap() throws {
        var random = RandomSource(for: "AssemblerRefusalTests.aDamagedStorage")
        var refused = 0
        for _ in 0..<2_000 {
            let assembly = try Assembly(
                DamagedStorage(seed: random.next()), memoryLimit: ByteCount(300), abortedLimit: 2)
            do {
                for piece in 0..<6 {
                    let values = (0..<5).map { (UInt32(10 + ($0 + piece) % 3), "value \(piece) \($0)") }
                    try assembly.send(Wire.piece(of: 9, isFirst: piece == 0, values))
                }
                for id in [UInt32(10), 14, 16] { try assembly.send(Wire.streamAbort(id, of: 9)) }
                try assembly.send(Wire.streamCommit(9, commit: 100))
            } catch let error as FleetError {
                #expect(error.code == .corrupt, "seed \(random.seed)")
                refused += 1
            }
        }
        #expect(refused > 200 && refused < 1_990, "seed \(random.seed)")
    }

    private struct DamagedStorage: SpoolStorage {
        private var memory = MemorySpoolStorage()
        private var random: RandomSource

        init(seed: UInt64) { random = RandomSource(seed: seed) }

        mutating func append(_ bytes: RawSpan, to spool: SpoolID) { memory.append(bytes, to: spool) }

        mutating func read(_ spool: SpoolID, at offset: Int, count: Int, onto buffer: inout [UInt8]) {
            let start = buffer.count
            memory.read(spool, at: offset, count: count, onto: &buffer)
            let choice = random.next()
            switch choice % 4 {
            case 0: buffer.removeLast(Int((choice >> 8) % 3))
            case 1: buffer[start + Int((choice >> 8) % UInt64(count))] = UInt8(truncatingIfNeeded: choice >> 56)
            case 2: buffer[start + Int((choice >> 8) % UInt64(count))] ^= 1 << UInt8((choice >> 56) & 7)
            default: break
            }
        }

        mutating func discard(_ spool: SpoolID) { memory.discard(spool) }
    }
}

extension Assembly {
    /// Holds that a message is refused, and for which reason.
    func send(_ bytes: [UInt8], expecting reason: String, at location: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: FleetError.self, sourceLocation: location) { try send(bytes) }
        #expect(error?.code == .protocolViolation, sourceLocation: location)
        #expect(error?.message.contains(reason) == true, "\(error.map { "\($0)" } ?? "")", sourceLocation: location)
    }
}
