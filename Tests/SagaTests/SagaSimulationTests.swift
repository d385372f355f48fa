import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Thousands of storms around sagas that are drawn; each is repeatable by its seed.
@Suite struct SagaSimulationTests {
    private static let seedsPerPart = 5_000
    private static let parts = 0..<4
    private static let chosenSeed: Int? = getenv("FLOTILLA_SEED").flatMap { Int(String(cString: $0)) }

    @Test(.enabled(if: chosenSeed == nil), arguments: parts)
    func everySagaEndsOrIsParked(part: Int) {
        for seed in part * Self.seedsPerPart..<(part + 1) * Self.seedsPerPart {
            if let verdict = SagaStormRun(seed: seed).verdict {
                Issue.record("\(SagaStormRun.report(seed: seed, verdict))")
                return
            }
        }
    }

    @Test(.enabled(if: chosenSeed != nil))
    func theChosenSeedKeepsThePromises() throws {
        let run = SagaStormRun(seed: try #require(Self.chosenSeed), isTracing: true)
        print(run.storm.trace.joined(separator: "\n"))
        #expect(run.verdict == nil)
    }

    @Test func aSeedAlwaysTakesTheSameSteps() {
        for seed in [1, 2, 3, 1000] {
            let runs = [SagaStormRun(seed: seed, isTracing: true), SagaStormRun(seed: seed, isTracing: true)]
            #expect(runs[0].storm.trace == runs[1].storm.trace)
        }
    }

    @Test func theStormIsRough() {
        var counts: [Occurrence: Int] = [:]
        for seed in 0..<2_000 { counts.merge(SagaStormRun(seed: seed).storm.counts, uniquingKeysWith: +) }
        print("2000 seeds: " + counts.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", "))
        for occurrence in Occurrence.allCases { #expect(counts[occurrence, default: 0] > 20, "\(occurrence)") }
    }

    /// A judge who never objects is worth nothing.
    @Test(arguments: PlantedBug.allCases)
    func aPlantedBugIsFound(_ bug: PlantedBug) {
        for seed in 0..<1_000 {
            guard let verdict = SagaStormRun(seed: seed, bug: bug).verdict, bug.fitting.contains(verdict.judgement)
            else {
                continue
            }
            return print("\(bug): seed \(seed), \(verdict)")
        }
        Issue.record("\(bug) went unnoticed for 1000 seeds")
    }
}
