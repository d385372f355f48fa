import FleetCore
import Parking

/// The events of one key, one after the other.
struct PushLane: Sendable {
    enum State: Sendable {
        /// In no queue: nothing to do, or held.
        case resting
        /// In its endpoint's queue.
        case ready
        case sending
        /// Its event has failed, and is sent again after a while.
        case delayed
        /// What became of its parked event is being noted.
        case settling
    }

    var state = State.resting
    /// Tickets of records that are neither delivered nor parked, in order.
    private var tickets: [Int] = []
    private var taken = 0
    /// The first parked event of the key, while it is tried again.
    var parked: ParkedEvent? {
        get { inHand.first }
        set { inHand = newValue.map { [$0] } ?? [] }
    }
    /// One or none. Lanes are copied often, and few have one: elsewhere it costs a copy less.
    private var inHand: [ParkedEvent] = []
    /// How often the first record has failed.
    var failures = 0
    /// How often it has failed although its endpoint took others meanwhile.
    var strikes = 0
    /// What its endpoint had taken when it failed for the first time.
    var deliveredAtFirstFailure = 0

    var first: Int? { taken < tickets.count ? tickets[taken] : nil }
    var isResting: Bool { if case .resting = state { true } else { false } }
    var isEmpty: Bool { first == nil && inHand.isEmpty }

    mutating func append(_ ticket: Int) { tickets.append(ticket) }

    /// The first record is done with.
    mutating func removeFirst() {
        taken += 1
        failures = 0
        strikes = 0
        if taken == tickets.count {
            tickets.removeAll(keepingCapacity: true)
            taken = 0
        }
    }
}
