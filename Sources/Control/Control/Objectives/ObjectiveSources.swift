import FleetCore
import FleetFile
import Objectives

/// Finds what is measured for a fleet's objectives while its parts are put together.
struct ObjectiveSources {
    /// What is counted for one objective at one place.
    struct Source: Sendable {
        /// Of which objective, by its place in the file.
        var objective: Int
        /// Unique for the objective, and the same in the next process.
        var key: String
        var tally: ObjectiveTally
        var place: Place

        /// How far the subscription has come; `nil` where nothing is taken in an order, or it was not opened yet.
        var highest: LogPosition? {
            if case .delivery(_, _, let mark) = place { mark.highest } else { nil }
        }
    }

    /// Where something may be late that has not arrived.
    enum Place: Sendable {
        /// Nothing waits here.
        case none
        /// On the way from an outbox to the broker.
        case relay(StreamName)
        /// On the way from an outbox to a subscription, of which it is known how far it has ever come.
        case delivery(SubscriptionName, StreamName, SubscriptionMark)
    }

    let objectives: [Objective]
    private(set) var sources: [Source] = []

    init(_ objectives: [Objective]) { self.objectives = objectives }

    /// - Returns: who observes the relay of a service: `observer`, where no objective needs it.
    mutating func relay(
        of service: ServiceName, _ stream: StreamName, _ observer: (any WorkObserver)?
    ) -> (any WorkObserver)? {
        let subject = ObjectiveSubject(.stream, service.text)
        return observing(observer) { observer, sources in
            observer.latency = sources.tallies(subject, .latency, key: "relay", .relay(stream))
            observer.errors = sources.tallies(subject, .errors, key: "relay", .none)
            observer.store = sources.tallies(
                ObjectiveSubject(.store, service.text), .latency, key: "outbox", .none)
        }
    }

    /// - Returns: who observes what takes a stream's events for a subscription: `observer`, where no objective needs it.
    mutating func delivery(
        of subscription: SubscriptionName, _ stream: StreamName, isPush: Bool, _ observer: (any WorkObserver)?
    ) -> (any WorkObserver)? {
        let subject =
            isPush
            ? ObjectiveSubject(.push, subscription.service.text) : ObjectiveSubject(.view, subscription.description)
        let mark = SubscriptionMark()
        let place = Place.delivery(subscription, stream, mark)
        return observing(observer) { observer, sources in
            observer.mark = mark
            observer.latency = sources.tallies(
                subject, isPush ? .latency : .freshness, key: stream.service.text, place)
            observer.errors = sources.tallies(subject, .errors, key: stream.service.text, .none)
            observer.store = sources.tallies(
                ObjectiveSubject(.store, subscription.service.text), .latency,
                key: "\(subscription.name) \(stream.service)", .none)
        }
    }

    private mutating func observing(
        _ next: (any WorkObserver)?, _ fill: (inout ObjectiveObserver, inout ObjectiveSources) -> Void
    ) -> (any WorkObserver)? {
        var observer = ObjectiveObserver(next: next)
        fill(&observer, &self)
        return observer.isIdle ? next : observer
    }

    private mutating func tallies(
        _ subject: ObjectiveSubject, _ measure: ObjectiveMeasure, key: String, _ place: Place
    ) -> [ObjectiveTally] {
        objectives.indices.filter { objectives[$0].subject == subject && objectives[$0].measure == measure }
            .map { index in
                let tally = ObjectiveTally(threshold: objectives[index].threshold)
                sources.append(Source(objective: index, key: key, tally: tally, place: place))
                return tally
            }
    }
}
