import Metrics
import Sagas

/// Tells the service's own metrics back end (swift-metrics) what becomes of sagas, under the names of `flotilla run`:
/// OpenTelemetry's conventions have none for it.
struct SagaRunnerMeter: SagaObserver {
    let factory: any MetricsFactory
    /// What steps in transactions publish.
    let published: PublishTally<String>

    func observe(_ observations: [SagaObservation]) {
        published.commit()
        for observation in observations {
            switch observation {
            case .started(let saga): count("flotilla.sagas.started", [("saga", saga)])
            case .step(let saga, let step):
                let place = [("saga", saga), ("step", step.step), ("direction", step.direction.rawValue)]
                count("flotilla.sagas.steps", place + [("outcome", step.outcome.rawValue)])
                if step.outcome == .done { record("flotilla.sagas.step.duration", place, step.took) }
            case .ended(let saga, let status, let took):
                let place = [("saga", saga), ("outcome", status.rawValue)]
                count("flotilla.sagas.ended", place)
                record("flotilla.sagas.duration", place, took)
            case .stray: count("flotilla.sagas.strays", [])
            }
        }
    }

    private func count(_ label: String, _ dimensions: [(String, String)]) {
        Counter(label: label, dimensions: dimensions, factory: factory).increment()
    }

    private func record(_ label: String, _ dimensions: [(String, String)], _ took: Duration) {
        Timer(label: label, dimensions: dimensions, factory: factory).record(duration: took)
    }
}
