import FleetCore
import Metrics

/// Tells the service's own metrics back end (swift-metrics) what a consumer does with one stream. The names are those of
/// OpenTelemetry's conventions where there is one for it, and else those of `flotilla run`.
final class ConsumerMeter: WorkObserver {
    private let factory: any MetricsFactory
    private let published: PublishTally<EventID>
    private let place: [(String, String)]
    private let consumed: Counter
    private let parked: Counter
    private let released: Counter
    private let process: Timer
    private let latency: Timer

    /// - Parameters:
    ///   - system: as `messaging.system` has it.
    ///   - published: what the handlers publish.
    init(
        of subscription: SubscriptionName, stream: StreamName, system: String, published: PublishTally<EventID>,
        factory: any MetricsFactory
    ) {
        self.factory = factory
        self.published = published
        let messaging = [
            ("messaging.system", system), ("messaging.operation.name", "handle"),
            ("messaging.destination.name", stream.description),
            ("messaging.consumer.group.name", subscription.description),
        ]
        place = [("subscription", subscription.description), ("stream", stream.description)]
        consumed = Counter(label: "messaging.client.consumed.messages", dimensions: messaging, factory: factory)
        process = Timer(label: "messaging.process.duration", dimensions: messaging, factory: factory)
        parked = Counter(label: "flotilla.events.parked", dimensions: place, factory: factory)
        released = Counter(label: "flotilla.keys.released", dimensions: place, factory: factory)
        latency = Timer(label: "flotilla.delivery.latency", dimensions: place, factory: factory)
    }

    func observe(_ observation: WorkObservation) {
        switch observation {
        case .opened: published.undo()
        case .delivered(let times, let count, _, let took):
            published.commit()
            consumed.increment(by: times.count)
            if count > 0 { parked.increment(by: count) }
            process.record(duration: took)
            let now = Timestamp.now()
            times.forEach { time in latency.record(duration: max(.zero, now.elapsed(since: time))) }
        case .retried(let keys):
            published.commit()
            if keys > 0 { released.increment(by: keys) }
        case .failed(let code):
            Counter(
                label: "flotilla.failures", dimensions: place + [("error.type", code.description)], factory: factory
            ).increment()
        default: break
        }
    }
}
