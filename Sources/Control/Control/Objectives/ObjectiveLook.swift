import FleetCore
import FleetFile
import Objectives
import Relay
import Signals

/// Looks what waits on the ways of a fleet's events, and is late. It asks nobody: it knows what work and looks have told.
struct ObjectiveLook {
    let relays: [MeasuredRelay]
    let deliveries: [MeasuredDelivery]
    let places: StreamPlaces
    let health: FleetHealth
    /// How far streams had come when, by what is late; of subscriptions alone.
    private var histories: [HistoryKey: StreamHistory] = [:]
    private let begun = ContinuousClock.now

    private struct HistoryKey: Hashable {
        var stream: StreamName
        var threshold: Int64
    }

    /// An outbox that was looked at longer ago says nothing. One that takes long to look at is not looked at often.
    private static let freshness = Duration.seconds(300)

    init(relays: [MeasuredRelay], deliveries: [MeasuredDelivery], places: StreamPlaces, health: FleetHealth) {
        self.relays = relays
        self.deliveries = deliveries
        self.places = places
        self.health = health
    }

    private var elapsed: Int64 { (ContinuousClock.now - begun).wholeMicroseconds }

    /// Notes how far streams are.
    mutating func note(_ sources: [ObjectiveSources.Source], _ objectives: [Objective]) {
        for source in sources {
            guard case .delivery(_, let stream, let mark) = source.place, let last = places.last(of: stream) else {
                continue
            }
            mark.streamEnds(at: last)
            guard let threshold = objectives[source.objective].threshold?.wholeMicroseconds else { continue }
            histories[HistoryKey(stream: stream, threshold: threshold), default: StreamHistory(age: threshold)]
                .note(last: last.value, at: elapsed)
        }
    }

    func waiting(at place: ObjectiveSources.Place, threshold: Duration?, at now: Timestamp) -> ObjectiveCount.Waiting {
        guard let threshold else { return ObjectiveCount.Waiting(late: 0) }
        switch place {
        case .none: return ObjectiveCount.Waiting(late: 0)
        case .relay(let stream):
            let isLate = isLate(beforeBroker: stream, threshold, now)
            return ObjectiveCount.Waiting(late: isLate ? 1 : 0, isLate: isLate)
        case .delivery(let subscription, let stream, let mark):
            let isBefore = isLate(beforeBroker: stream, threshold, now)
            guard let delivery = deliveries.first(where: { $0.subscription == subscription && $0.stream == stream }),
                let place = places.position(of: delivery)
            else { return ObjectiveCount.Waiting(late: isBefore ? 1 : nil, isLate: isBefore) }
            // What it takes again does not wait once more.
            let position = max(place, mark.highest ?? place)
            let history = histories[HistoryKey(stream: stream, threshold: threshold.wholeMicroseconds)]
            var late = history?.late(behind: position.value, at: elapsed)
            var isLate = isBefore
            if let oldest = places.oldest(of: delivery), oldest.position > position,
                now.elapsed(since: oldest.time) > threshold
            {
                isLate = true
            }
            if isLate { late = max(late ?? 1, 1) }
            return ObjectiveCount.Waiting(late: late, isLate: isLate)
        }
    }

    /// Whether an event is late that is not in the broker.
    private func isLate(beforeBroker stream: StreamName, _ threshold: Duration, _ now: Timestamp) -> Bool {
        if let relay = relays.first(where: { $0.relay.stream == stream }) {
            let captured = relay.relay.captured
            if captured.count > 0, let oldest = captured.oldest, now.elapsed(since: oldest) > threshold { return true }
        }
        guard let look = places.outbox(of: stream), now.elapsed(since: look.at) < Self.freshness else { return false }
        // As it was when it was looked at: it may be gone since.
        return look.oldest.map { look.at.elapsed(since: $0) > threshold } ?? false
    }

    func condition(of subject: ObjectiveSubject, in fleet: FleetName) -> ObjectiveCount.Condition {
        switch subject.kind {
        case .store: health.condition(of: "store \(subject.name)")
        case .stream: health.condition(of: "stream \(fleet)-\(subject.name)")
        case .view, .push, .saga: .unknown
        }
    }
}
