/// The outcome of one seed.
struct SagaStormRun {
    var verdict: Verdict?
    var storm: SagaStorm

    init(seed: Int, bug: PlantedBug? = nil, isTracing: Bool = false) {
        storm = SagaStorm(seed: seed, bug: bug, isTracing: isTracing)
        do {
            try storm.run()
        } catch let error as Verdict {
            verdict = error
        } catch {
            verdict = Verdict(.stuck, "an error that nobody expects: \(error)")
        }
    }

    static func report(seed: Int, _ verdict: Verdict) -> String {
        let trace = SagaStormRun(seed: seed, isTracing: true).storm.trace.suffix(200).joined(separator: "\n")
        return "seed \(seed): \(verdict)\nrepeat with FLOTILLA_SEED=\(seed)\n\(trace)\nseed \(seed): \(verdict)"
    }
}
