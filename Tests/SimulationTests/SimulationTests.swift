import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Thousands of storms; each is repeatable by its seed.
@Suite struct SimulationTests {
    private static let seedsPerPart = 2500
    private static let parts = 0..<4

    private static let chosenSeed: Int? = getenv("FLOTILLA_SEED").flatMap { Int(String(cString: $0)) }

    @Test(.enabled(if: chosenSeed == nil), arguments: parts)
    func everySeedKeepsThePromises(part: Int) {
        for seed in part * Self.seedsPerPart..<(part + 1) * Self.seedsPerPart {
            if let failure = SeedRun(seed: seed).failure {
                Issue.record("\(SeedRun.report(seed: seed, failure))")
                return
            }
        }
    }

    @Test(.enabled(if: chosenSeed != nil))
    func theChosenSeedKeepsThePromises() throws {
        let seed = try #require(Self.chosenSeed)
        let run = SeedRun(seed: seed, isTracing: true)
        print(run.world.trace.joined(separator: "\n"))
        #expect(run.failure == nil)
    }

    @Test func aSeedAlwaysTakesTheSameSteps() {
        for seed in [1, 2, 3, 1000] {
            #expect(
                SeedRun(seed: seed, isTracing: true).world.trace == SeedRun(seed: seed, isTracing: true).world.trace)
        }
    }

    @Test func theStormIsRough() {
        var counts: [Occurrence: Int] = [:]
        var (written, duplicates) = (0, 0)
        for seed in 0..<500 {
            let world = SeedRun(seed: seed).world
            counts.merge(world.counts, uniquingKeysWith: +)
            written += world.ledger.events.count
            duplicates += world.ledger.duplicates
        }
        let told = counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key) \($0.value)" }
        print("500 seeds: events \(written), duplicates \(duplicates), " + told.joined(separator: ", "))
        for occurrence in Occurrence.allCases { #expect(counts[occurrence, default: 0] > 20, "\(occurrence)") }
        #expect(duplicates > 100)
    }
}
