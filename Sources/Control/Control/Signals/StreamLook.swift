import Brokers
import FleetCore
import Logging
import Signals

/// Looks at one stream, and at what of it waits for those who read it.
struct StreamLook: Sendable {
    let stream: StreamName
    let broker: any Broker
    /// The size at which appending stops.
    let limit: ByteCount
    let signals: FleetSignals
    let deliveries: [MeasuredDelivery]
    let places: StreamPlaces
    let logger: Logger

    private static let interval = Duration.seconds(2)
    /// A look that costs something is not done more often than this many times what it takes.
    private static let share = 50
    private static let longest = Duration.seconds(30)

    func repeatedly() async {
        var trouble: String?
        while !Task.isCancelled {
            let begun = ContinuousClock.now
            var now: String?
            do {
                try await look()
            } catch {
                if Task.isCancelled { return }
                now = FleetError.wrapping(error).description
            }
            signals.registry.gauge(FleetMetrics.brokerUp).series(stream.description).set(now == nil)
            signals.health.looked(at: "stream \(stream)", now)
            if now != nil, trouble == nil, let now { logger.warning("stream \(stream) tells no signals: \(now)") }
            if now == nil, trouble != nil { logger.info("stream \(stream) tells signals again") }
            trouble = now
            let pause = min(max(Self.interval, (ContinuousClock.now - begun) * Self.share), Self.longest)
            // A broker that is gone is looked for again soon.
            try? await Task.sleep(for: now == nil ? pause : Self.interval)
        }
    }

    private func look() async throws {
        let bounds = try await broker.bounds(of: stream)
        places.set(last: bounds.last, of: stream)
        let registry = signals.registry
        registry.gauge(FleetMetrics.streamRecords).series(stream.description)
            .set(Double(bounds.last.value) - Double(bounds.first.value) + 1)
        registry.gauge(FleetMetrics.streamSize).series(stream.description).set(bounds.size.value)
        registry.gauge(FleetMetrics.streamLimit).series(stream.description).set(limit.value)
        for delivery in deliveries {
            let gauge = registry.gauge(FleetMetrics.deliveryLag)
                .series(delivery.subscription.description, delivery.stream.description)
            guard let position = places.position(of: delivery), let lag = places.lag(of: delivery) else {
                gauge.set(nil)
                continue
            }
            guard lag > 0 else {
                places.set(oldest: nil, of: delivery)
                gauge.set(0)
                continue
            }
            let limit = BatchLimit(events: 1, bytes: ByteCount(1))
            let next = try await broker.read(
                stream, after: max(position, LogPosition(bounds.first.value - 1)), limit: limit)
            places.set(oldest: next.first.map { ($0.position, $0.event.time) }, of: delivery)
            // Whoever was behind has taken it meanwhile, where there is none.
            gauge.set(next.first.map { max(0, Timestamp.now().elapsed(since: $0.event.time).inSeconds) } ?? 0)
        }
    }
}
