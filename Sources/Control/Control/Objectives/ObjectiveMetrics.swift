import FleetCore
import Objectives
import Signals

/// What is told of objectives at `/metrics`.
struct ObjectiveMetrics: Sendable {
    private static let objective = ["fleet", "objective", "subject"]

    static let events = Metric(
        "flotilla.objective.events", .counter, .events, objective,
        "What was counted for the objective, good and bad: events, requests, batches, sagas, or seconds.")
    static let badEvents = Metric(
        "flotilla.objective.bad.events", .counter, .events, objective, "What of it was bad.")
    static let target = Metric(
        "flotilla.objective.target", .gauge, .ratio, objective, "The share that must be good.")
    static let budgetLeft = Metric(
        "flotilla.objective.budget.left", .gauge, .ratio, objective,
        "What is left of the error budget of the objective's window, as a share of it; less than 0 where it is overdrawn."
    )
    static let burnRate = Metric(
        "flotilla.objective.burn.rate", .gauge, .none, objective + ["window"],
        "How many times as fast as it may the error budget is spent, within each of the windows of its alerts.")
    static let alert = Metric(
        "flotilla.objective.alert", .gauge, .none, objective + ["severity", "window"],
        "1 while the alert of this long window fires.")

    static let all = [events, badEvents, target, budgetLeft, burnRate, alert]

    let registry: SignalRegistry
    let fleet: FleetName

    func count(_ count: (total: Int64, bad: Int64), of objective: Objective) {
        let labels = [fleet.text, objective.name, objective.subject.description]
        registry.counter(Self.events).series(labels).add(Int(count.total))
        registry.counter(Self.badEvents).series(labels).add(Int(count.bad))
    }

    func show(_ readings: [ObjectiveReading]) {
        for reading in readings {
            let labels = [fleet.text, reading.name, reading.subject.description]
            registry.gauge(Self.target).series(labels).set(reading.target)
            registry.gauge(Self.budgetLeft).series(labels).set(reading.budgetLeft)
            for burn in reading.burns {
                let long = ObjectiveText.duration(burn.longWindow)
                registry.gauge(Self.burnRate).series(labels + [long]).set(burn.long)
                registry.gauge(Self.burnRate).series(labels + [ObjectiveText.duration(burn.shortWindow)])
                    .set(burn.short)
                registry.gauge(Self.alert).series(labels + [burn.severity.rawValue, long]).set(burn.isFiring)
            }
        }
    }

    /// What nobody counts any more is not told either.
    func forget() {
        for metric in [Self.target, Self.budgetLeft, Self.burnRate, Self.alert] { registry.gauge(metric).removeAll() }
    }
}
