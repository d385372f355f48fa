import TestKit

/// What one seed is about: how much is pushed, how bad the endpoints are, and how rough it gets.
struct PushScenario {
    var events: Int
    var keys: Int
    var batchLimit: Int
    /// Of each endpoint.
    var inFlightLimits: [Int]
    /// Events that an endpoint refuses.
    var refusedPercent: Int
    /// Events that an endpoint cannot bear: it fails, again and again.
    var poisonPercent: Int
    /// Requests that fail by themselves; half of them after the event was taken.
    var failurePercent: Int
    /// Calls to store and broker that fail.
    var faultPercent: Int
    var crashesPerThousand: Int
    /// Out of a thousand steps, an endpoint goes down, or comes back.
    var outagesPerThousand: Int
    var operatorPercent: Int
    /// How often an event that was set aside is tried.
    var attempts: Int

    init(using random: inout RandomSource) {
        events = random.between(10, 60)
        keys = random.between(1, 12)
        batchLimit = random.between(1, 16)
        inFlightLimits = [random.between(1, 8), random.between(1, 8)]
        refusedPercent = [0, 5, 20][random.below(3)]
        poisonPercent = [0, 5, 20][random.below(3)]
        failurePercent = [0, 5, 20, 50][random.below(4)]
        faultPercent = [0, 3, 10, 30][random.below(4)]
        crashesPerThousand = [0, 3, 10, 30][random.below(4)]
        outagesPerThousand = [0, 5, 30][random.below(3)]
        operatorPercent = [0, 2, 6][random.below(3)]
        attempts = random.between(2, 4)
    }
}

/// A mistake made on purpose by what surrounds the machine. The judge must notice each of them.
enum PushBug: String, CaseIterable, Sendable {
    /// A read leaves out one record.
    case skipsRecord
    /// A read swaps two records of one key.
    case swapsTwoOfKey
    /// An endpoint is said to have taken what was never sent.
    case saysDelivered
    /// The store says at its opening that it holds no keys.
    case forgetsHeldKeys
    /// The cursor moves, and what waits behind another is not parked.
    case forgetsWaiting
    /// A parked event is removed that was not delivered.
    case settlesUndelivered
    /// A request that is answered is made at the same time as the next of its key.
    case answersTwice

    /// How the judge may put it.
    var fitting: Set<Judgement> {
        switch self {
        case .skipsRecord, .saysDelivered, .settlesUndelivered, .forgetsWaiting: [.lost, .outOfOrder, .cursorTooFar]
        case .swapsTwoOfKey: [.outOfOrder]
        case .forgetsHeldKeys: [.outOfOrder, .waitsBehindNobody]
        case .answersTwice: [.twiceUnderWay, .cursorTooFar, .outOfOrder, .heldTooMuch]
        }
    }
}
