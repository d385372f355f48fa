import FleetCore
import Inbox
import Parking
import Signals
import Stores
import Subscriptions

/// Looks at what is parked in one store, and how far those are who have not told it themselves.
struct ParkedLook: Sendable {
    /// A part of the fleet that may have parked events.
    struct Place: Sendable {
        /// As `flotilla pause` calls it.
        var subject: String
        var parking: Parking
        /// Whose cursor only the store tells.
        var reader: SubscriptionName?

        init(subject: String, parking: Parking, reader: SubscriptionName? = nil) {
            self.subject = subject
            self.parking = parking
            self.reader = reader
        }

        init(_ delivery: MeasuredDelivery) {
            self.init(
                subject: delivery.subscription.description,
                parking: Parking(place: .subscription(delivery.subscription.name), stream: delivery.stream),
                // Where it rests since the process began, it has told nobody how far it is.
                reader: delivery.meter?.position == nil ? delivery.subscription : nil)
        }
    }

    struct Parked: Sendable {
        var counts: ParkedCounts
        var oldest: Timestamp?
        var cursor: LogPosition?
    }

    let places: [Place]
    let registry: SignalRegistry
    let streams: StreamPlaces

    func read(in transaction: any StoreTransaction) throws -> [Parked] {
        try places.map { place in
            Parked(
                counts: try place.parking.counts(in: transaction),
                oldest: try place.parking.oldestFailure(in: transaction),
                cursor: try place.reader.flatMap {
                    try Inbox.state(of: $0.name, in: place.parking.stream, transaction)?.position
                })
        }
    }

    /// - Parameter parked: what was read; `nil` where it is not known any more.
    func tell(_ parked: [Parked]?) {
        for (index, place) in places.enumerated() { tell(parked?[index], of: place) }
    }

    private func tell(_ parked: Parked?, of place: Place) {
        let stream = place.parking.stream
        let numbers = [
            ("parked", parked?.counts.parked), ("retrying", parked?.counts.retrying),
            ("waiting", parked?.counts.waiting),
        ]
        for (state, number) in numbers {
            registry.gauge(FleetMetrics.parkedEvents).series(place.subject, stream.description, state)
                .set(number.map(Double.init))
        }
        let age = parked.map { $0.oldest.map { max(0, Timestamp.now().elapsed(since: $0).inSeconds) } ?? 0 }
        registry.gauge(FleetMetrics.parkedAge).series(place.subject, stream.description).set(age)
        if let reader = place.reader { streams.set(cursor: parked?.cursor, of: reader, in: stream) }
    }
}
