import FleetCore
import Signals
import Synchronization

/// What failed, by kind: looked up each time, as failures are few.
struct FailureMeter: Sendable {
    let family: Family<Counter>
    let subject: String
    let stream: StreamName

    func count(_ code: FleetError.Code) { family.series(subject, stream.description, code.description).add() }
}

/// Measures what a store is asked for at one place: how long that takes, and of what fails why.
final class StoreMeter: Sendable {
    private let family: Family<Histogram>
    private let place: [String]
    private let succeeded: Histogram
    /// The codes that the store has told.
    private let codes = Mutex<Set<String>>([])

    /// A store's statements may fail with codes of their own, as many as there are: beyond so many all are one.
    private static let codeLimit = 20
    /// As OpenTelemetry's conventions call what has no name of its own.
    private static let others = "_OTHER"

    init(_ registry: SignalRegistry, service: String, system: String, operation: String, stream: String) {
        family = registry.histogram(FleetMetrics.storeDuration)
        place = [service, system, operation, stream]
        succeeded = family.series(place + ["", ""])
    }

    func record(_ took: Duration) { succeeded.record(took) }

    /// Looked up each time, as failures are few.
    func record(_ took: Duration, failure: FleetError) {
        family.series(place + [bounded(failure.storeCode ?? ""), failure.code.description]).record(took)
    }

    private func bounded(_ code: String) -> String {
        if code.isEmpty { return code }
        return codes.withLock { codes in
            if codes.contains(code) { return code }
            guard codes.count < Self.codeLimit else { return Self.others }
            codes.insert(code)
            return code
        }
    }
}

/// Measures one relay.
final class RelayMeter: WorkObserver {
    private let captured: Counter
    private let sent: Counter
    private let parked: Counter
    private let captures: StoreMeter
    private let appendDuration: Histogram
    private let settlements: StoreMeter
    private let batch: Histogram
    /// From the time of an event until it is durable in the broker.
    let latency: Histogram
    private let failures: FailureMeter
    private let last = Atomic<Int64>(-1)

    init(_ registry: SignalRegistry, service: String, storeSystem: String, stream: StreamName, brokerSystem: String) {
        let name = stream.description
        captured = registry.counter(FleetMetrics.captured).series(service)
        sent = registry.counter(FleetMetrics.sent).series(brokerSystem, "append", name)
        parked = registry.counter(FleetMetrics.parked).series(service, name)
        captures = StoreMeter(registry, service: service, system: storeSystem, operation: "capture", stream: name)
        settlements = StoreMeter(registry, service: service, system: storeSystem, operation: "settle", stream: name)
        appendDuration = registry.histogram(FleetMetrics.brokerDuration).series(brokerSystem, "append", "send", name)
        batch = registry.histogram(FleetMetrics.relayBatch).series(service)
        latency = registry.histogram(FleetMetrics.relayLatency).series(service)
        failures = FailureMeter(
            family: registry.counter(FleetMetrics.failures), subject: service, stream: stream)
    }

    /// The last record that this process has appended; `nil` where it has appended none.
    var lastAppended: LogPosition? {
        let value = last.load(ordering: .relaxed)
        return value < 0 ? nil : LogPosition(value)
    }

    func observe(_ observation: WorkObservation) {
        switch observation {
        case .captured(let rows, let took):
            captured.add(rows)
            captures.record(took)
        case .appended(let times, let through, let took):
            sent.add(times.count)
            batch.record(times.count)
            appendDuration.record(took)
            latency.record(ages: times, at: .now())
            last.store(through.value, ordering: .relaxed)
        case .settled(let rows, let took):
            parked.add(rows)
            settlements.record(took)
        case .failed(let code): failures.count(code)
        case .storeFailed(.capture, let failure, let took): captures.record(took, failure: failure)
        case .storeFailed(.settle, let failure, let took): settlements.record(took, failure: failure)
        case .opened, .delivered, .committed, .retried, .sent, .breaker, .storeFailed(.commit, _, _): break
        }
    }
}

/// Measures how one stream is delivered to one subscription: a view's, or a push.
final class DeliveryMeter: WorkObserver {
    /// An endpoint of a push.
    private struct Target {
        let outcomes: [WorkObservation.SendOutcome: Counter]
        let duration: Histogram
        let breaker: Gauge
    }

    private let consumed: Counter
    private let parked: Counter
    private let released: Counter
    private let commits: StoreMeter
    private let batch: Histogram
    /// From the time of an event until it is in effect.
    let latency: Histogram
    private let failures: FailureMeter
    private let targets: [Target]
    private let place = Atomic<Int64>(-1)

    /// - Parameter endpoints: of a push, what may be shown of each.
    init(
        _ registry: SignalRegistry, subscription: SubscriptionName, storeSystem: String, stream: StreamName,
        brokerSystem: String, endpoints: [String] = []
    ) {
        let (subject, name) = (subscription.description, stream.description)
        let operation = endpoints.isEmpty ? "apply" : "push"
        consumed = registry.counter(FleetMetrics.consumed).series(brokerSystem, operation, name, subject)
        parked = registry.counter(FleetMetrics.parked).series(subject, name)
        released = registry.counter(FleetMetrics.released).series(subject, name)
        commits = StoreMeter(
            registry, service: subscription.service.text, system: storeSystem,
            operation: "\(operation) \(subscription.name)", stream: name)
        batch = registry.histogram(FleetMetrics.deliveryBatch).series(subject, name)
        latency = registry.histogram(FleetMetrics.deliveryLatency).series(subject, name)
        failures = FailureMeter(family: registry.counter(FleetMetrics.failures), subject: subject, stream: stream)
        targets = endpoints.map { endpoint in
            let outcomes = WorkObservation.SendOutcome.allCases.map { outcome in
                (outcome, registry.counter(FleetMetrics.requests).series(subject, name, endpoint, outcome.rawValue))
            }
            let breaker = registry.gauge(FleetMetrics.breakerOpen).series(subject, name, endpoint)
            breaker.set(false)
            return Target(
                outcomes: Dictionary(uniqueKeysWithValues: outcomes),
                duration: registry.histogram(FleetMetrics.requestDuration).series(subject, name, endpoint),
                breaker: breaker)
        }
    }

    /// Of a push, how long requests take, by the numbers of the endpoints.
    var requestDurations: [Histogram] { targets.map(\.duration) }

    /// Where the subscription stands; `nil` where it was not opened yet.
    var position: LogPosition? {
        let value = place.load(ordering: .relaxed)
        return value < 0 ? nil : LogPosition(value)
    }

    func observe(_ observation: WorkObservation) {
        switch observation {
        case .opened(let position): place.store(position.value, ordering: .relaxed)
        case .delivered(let times, let count, let through, let took):
            consumed.add(times.count)
            parked.add(count)
            batch.record(times.count)
            commits.record(took)
            latency.record(ages: times, at: .now())
            place.store(through.value, ordering: .relaxed)
        case .committed(let events, let count, let through, let took):
            consumed.add(events)
            parked.add(count)
            batch.record(events)
            commits.record(took)
            place.store(through.value, ordering: .relaxed)
        case .retried(let keys): released.add(keys)
        case .sent(let number, let occurred, let outcome, let took):
            targets[number].outcomes[outcome]?.add()
            targets[number].duration.record(took)
            if outcome == .delivered { latency.record(ages: EventTimes([occurred]), at: .now()) }
        case .breaker(let number, let isOpen): targets[number].breaker.set(isOpen)
        case .failed(let code): failures.count(code)
        case .storeFailed(.commit, let failure, let took): commits.record(took, failure: failure)
        case .captured, .appended, .settled, .storeFailed(.capture, _, _), .storeFailed(.settle, _, _): break
        }
    }
}
