import TestKit

/// What one seed is about: how much is written, how small everything is, and how rough it gets.
struct Scenario {
    var events: Int
    var keys: Int
    /// The most events in one batch.
    var batchLimit: Int
    /// Whether the outbox keeps published rows for a while.
    var keepsRows: Bool
    var poisonPercent: Int
    var faultPercent: Int
    /// Out of a thousand steps.
    var crashesPerThousand: Int
    var operatorPercent: Int
    /// Records that the broker holds unread before it says that it is full.
    var brokerCapacity: Int
    /// Parked events that a place takes.
    var maximumParked: Int
    /// How often an effect is tried before an operator is needed.
    var attempts: Int

    init(using random: inout RandomSource) {
        events = random.between(20, 60)
        keys = random.between(1, 5)
        batchLimit = random.between(1, 8)
        keepsRows = random.chance(40)
        poisonPercent = [0, 5, 15, 40][random.below(4)]
        faultPercent = [0, 3, 10, 30][random.below(4)]
        crashesPerThousand = [0, 3, 10, 30][random.below(4)]
        operatorPercent = [0, 2, 6, 12][random.below(4)]
        brokerCapacity = [4, 12, 1000][random.below(3)]
        maximumParked = [8, 20, 1000][random.below(3)]
        attempts = random.between(1, 4)
    }
}
