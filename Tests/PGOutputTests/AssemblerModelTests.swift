import FleetCore
import PGOutput
import TestKit
import Testing

/// A server at random, streaming and undoing, against the plainest account of what was committed.
@Suite struct AssemblerModelTests {
    @Test func committedChangesComeOutAndNothingElse() throws {
        var seeds = RandomSource(for: "AssemblerModelTests.committedChanges")
        var (changes, spilled, aborts) = (0, 0, 0)
        for _ in 0..<400 {
            let seed = seeds.next()
            var random = RandomSource(seed: seed)
            let limit = [0, 200, 1_000, 5_000, 1 << 20][Int(random.next() % 5)]
            let assembly = try Assembly(
                MemorySpoolStorage(), memoryLimit: ByteCount(limit), abortedLimit: Int(random.next() % 6),
                limit: BatchLimit(
                    events: EventCount(Int(1 + random.next() % 40)), bytes: ByteCount(Int(1 + random.next() % 4_000))))
            var server = ModelServer(random: random)
            var hasSpilled = false
            for _ in 0..<300 {
                try assembly.send(server.step())
                #expect(assembly.assembler.memory.value <= limit, "seed \(seed)")
                hasSpilled = hasSpilled || !assembly.assembler.storage.spools.isEmpty
            }
            try assembly.send(server.end())
            #expect(assembly.delivered == server.committed, "seed \(seed), memory \(limit)")
            #expect(assembly.ended.map(\.id.value) == server.commits, "seed \(seed)")
            #expect(assembly.assembler.storage.spools.isEmpty, "seed \(seed)")
            #expect(assembly.assembler.memory.value == 0, "seed \(seed)")
            changes += server.committed.count
            spilled += hasSpilled ? 1 : 0
            aborts += server.streamAborts
        }
        print("AssemblerModelTests: \(changes) changes, \(spilled) runs that spilled, \(aborts) aborts of streams")
        #expect(changes > 10_000 && spilled > 100 && aborts > 1_000)
    }
}
