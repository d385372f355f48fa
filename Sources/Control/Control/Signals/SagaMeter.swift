import FleetCore
import Sagas
import Signals

/// Measures what becomes of sagas and their steps.
final class SagaMeter: SagaObserver {
    private let started: Family<Counter>
    private let ended: Family<Counter>
    private let duration: Family<Histogram>
    private let steps: Family<Counter>
    private let stepDuration: Family<Histogram>
    private let strays: Counter

    init(_ registry: SignalRegistry) {
        started = registry.counter(FleetMetrics.sagasStarted)
        ended = registry.counter(FleetMetrics.sagasEnded)
        duration = registry.histogram(FleetMetrics.sagaDuration)
        steps = registry.counter(FleetMetrics.sagaSteps)
        stepDuration = registry.histogram(FleetMetrics.sagaStepDuration)
        strays = registry.counter(FleetMetrics.sagaStrays).series()
    }

    func observe(_ observations: [SagaObservation]) {
        for observation in observations {
            switch observation {
            case .started(let saga): started.series(saga).add()
            case .step(let saga, let step):
                steps.series(saga, step.step, step.direction.rawValue, step.outcome.rawValue).add()
                if step.outcome == .done {
                    stepDuration.series(saga, step.step, step.direction.rawValue).record(step.took)
                }
            case .ended(let saga, let status, let took):
                ended.series(saga, status.rawValue).add()
                duration.series(saga, status.rawValue).record(took)
            case .stray: strays.add()
            }
        }
    }
}
