import Testing

/// A judge who never objects is worth nothing: each bug that is planted must be found, and be called what it is.
@Suite struct PlantedBugTests {
    @Test(arguments: PlantedBug.allCases)
    func aPlantedBugIsFound(_ bug: PlantedBug) {
        for seed in 0..<500 {
            guard let failure = SeedRun(seed: seed, bug: bug).failure, bug.fitting.contains(failure.judgement) else {
                continue
            }
            print("\(bug): seed \(seed), \(failure)")
            return
        }
        Issue.record("\(bug) went unnoticed for 500 seeds")
    }
}
