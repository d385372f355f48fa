/// A mistake made on purpose by what surrounds the machines, as a bug in a store, a broker or a driver would make it.
/// The judge must notice each of them.
enum PlantedBug: String, CaseIterable, Sendable {
    /// The relay's driver says that a batch is durable, and appends it only after it was settled.
    case settlesBeforeAppending
    /// The broker loses the last event of a batch that it acknowledges.
    case losesEventOfBatch
    /// The broker swaps two events of one key within a batch.
    case swapsEventsOfKey
    /// The source hands out rows of a transaction that is still open.
    case readsUncommitted
    /// The source gives a new row the position of one that was removed, as SQLite does without AUTOINCREMENT.
    case givesPositionsAgain
    /// The source says at its opening that it holds no keys.
    case outboxForgetsHeldKeys
    /// The source parks a row behind an event that is gone by now, and reports no conflict.
    case parksBehindNobody
    /// Effects are written and no inbox row is.
    case appliesWithoutInbox
    /// Effects stay although their transaction fails.
    case effectsOutliveTransaction
    /// The applier leaves out the first record of a batch, and moves the cursor past it.
    case skipsRecord
    /// The view's store says at its opening that it holds no keys.
    case viewForgetsHeldKeys
    /// The applier does not tell which keys it holds since an event of theirs failed.
    case hidesNewlyHeldKeys
    /// Everything that was read is acknowledged, applied or not.
    case acknowledgesWhatWasRead
    /// The driver answers a read twice.
    case answersReadTwice
    /// An operator's retry passes over a key whose first parked event has no reason.
    case retriesOnlyWhatHasReason

    /// How the judge may put it.
    var fitting: Set<Judgement> {
        switch self {
        case .settlesBeforeAppending, .losesEventOfBatch: [.settledBeforeLogged]
        case .swapsEventsOfKey: [.outOfOrder]
        case .readsUncommitted: [.uncommittedSeen]
        case .givesPositionsAgain: [.stuck, .outOfOrder]
        case .outboxForgetsHeldKeys, .viewForgetsHeldKeys, .hidesNewlyHeldKeys: [.overtookParked]
        case .parksBehindNobody: [.waitsBehindNobody]
        case .appliesWithoutInbox, .effectsOutliveTransaction: [.appliedTwice]
        case .skipsRecord: [.lost, .outOfOrder]
        case .acknowledgesWhatWasRead: [.acknowledgedTooFar]
        case .answersReadTwice: [.heldTooMuch]
        case .retriesOnlyWhatHasReason: [.stuck]
        }
    }
}
