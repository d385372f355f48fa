/// The outcome of one seed.
struct SeedRun {
    var failure: Failure?
    var world: World

    /// Runs a seed; the same seed takes the same steps.
    init(seed: Int, bug: PlantedBug? = nil, isTracing: Bool = false) {
        world = World(seed: seed, bug: bug, isTracing: isTracing)
        do {
            var simulation = try Simulation(world)
            try simulation.run()
        } catch let error as Failure {
            failure = error
        } catch {
            failure = Failure(.stuck, "an error that nobody expects: \(error)")
        }
    }

    /// What somebody needs who is to find out why a seed fails.
    static func report(seed: Int, _ failure: Failure, bug: PlantedBug? = nil) -> String {
        let trace = SeedRun(seed: seed, bug: bug, isTracing: true).world.trace
        let shown = trace.suffix(400).joined(separator: "\n")
        return "seed \(seed): \(failure)\nrepeat with FLOTILLA_SEED=\(seed)\n\(shown)\nseed \(seed): \(failure)"
    }
}
