import FleetCore
import Objectives

/// Counts for objectives what a piece of work tells, where it is done, and passes it on to whoever measures as well.
struct ObjectiveObserver: WorkObserver {
    let next: (any WorkObserver)?
    /// From an event's time until it is durable in the broker, in effect, or delivered.
    var latency: [ObjectiveTally] = []
    /// What is attempted.
    var errors: [ObjectiveTally] = []
    /// What the store is asked for.
    var store: [ObjectiveTally] = []
    /// Of a subscription: what it takes again is as late as it was, and is not counted again.
    var mark: SubscriptionMark?

    /// Whether nobody's objective is met or missed here.
    var isIdle: Bool { latency.isEmpty && errors.isEmpty && store.isEmpty }

    func observe(_ observation: WorkObservation) {
        next?.observe(observation)
        switch observation {
        case .appended(let times, _, _):
            arrived(times)
            for tally in errors { tally.add(total: times.count) }
        case .settled(let parked, let took):
            for tally in store { tally.record(took) }
            if parked > 0 { for tally in errors { tally.add(total: parked, bad: parked) } }
        case .opened(let position): mark?.opened(at: position)
        case .delivered(let times, let parked, let through, let took):
            arrived(times, last: mark?.took(times.count, through: through) ?? times.count)
            for tally in errors { tally.add(total: times.count, bad: parked) }
            for tally in store { tally.record(took) }
        case .committed(let events, _, let through, let took):
            mark?.took(events, through: through)
            for tally in store { tally.record(took) }
        case .sent(_, let occurred, let outcome, _):
            if outcome == .delivered, mark?.isRepeating != true { arrived(EventTimes([occurred])) }
            for tally in errors { tally.add(total: 1, bad: outcome == .delivered ? 0 : 1) }
        case .failed(let code): if code != .cancelled { for tally in errors { tally.add(total: 1, bad: 1) } }
        case .captured, .retried, .breaker, .storeFailed: break
        }
    }

    private func arrived(_ times: EventTimes, last count: Int = .max) {
        if latency.isEmpty || count == 0 || times.count == 0 { return }
        let now = Timestamp.now()
        for tally in latency { tally.record(ages: times, last: count, at: now) }
    }
}
