import Testing

/// Thousands of storms over a push; each is repeatable by its seed.
@Suite struct PushSimulationTests {
    private static let seedsPerPart = 1000

    @Test(arguments: 0..<4)
    func everySeedKeepsThePromises(part: Int) {
        for seed in part * Self.seedsPerPart..<(part + 1) * Self.seedsPerPart {
            if PushSimulation(seed: seed).failure != nil {
                Issue.record("\(PushSimulation.report(seed: seed))")
                return
            }
        }
    }

    @Test func theStormIsRough() {
        var counts: [String: Int] = [:]
        var repeats = 0
        for seed in 0..<300 {
            let world = PushSimulation(seed: seed).world
            counts.merge(world.counts, uniquingKeysWith: +)
            repeats += world.repeats
        }
        print("300 seeds: repeats \(repeats), \(counts.sorted { $0.key < $1.key })")
        for what in [
            "crash", "conflict", "fault", "lost answer", "opening", "automatic retry", "set aside", "parked for good",
            "postponed", "outage", "operator discard", "operator retry",
        ] { #expect(counts[what, default: 0] > 10, "\(what)") }
        #expect(repeats > 100)
    }

    /// A judge who never objects is worth nothing.
    @Test(arguments: PushBug.allCases)
    func aPlantedBugIsFound(_ bug: PushBug) {
        for seed in 0..<500 {
            guard let failure = PushSimulation(seed: seed, bug: bug).failure, bug.fitting.contains(failure.judgement)
            else { continue }
            print("\(bug): seed \(seed), \(failure)")
            return
        }
        Issue.record("\(bug) went unnoticed for 500 seeds")
    }
}
