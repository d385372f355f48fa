/// A promise that was broken.
enum Judgement: String, Hashable, Sendable {
    /// A committed event was neither applied nor parked nor discarded.
    case lost
    case appliedTwice
    /// An event of a transaction that did not commit left its store.
    case uncommittedSeen
    case outOfOrder
    /// An event passed an earlier one of its key that is parked.
    case overtookParked
    /// A row was settled that is not in the log.
    case settledBeforeLogged
    /// The broker's cursor is past the store's.
    case acknowledgedTooFar
    /// The store's cursor is past a record that was neither delivered nor parked.
    case cursorTooFar
    /// A machine holds more batches, or has more under way, than it may.
    case heldTooMuch
    /// A machine takes on new work although it is told to rest.
    case workedWhilePaused
    /// A machine asks for what it has asked for already.
    case twiceUnderWay
    /// A parked event that should be tried again by itself is not.
    case forgottenRetry
    /// An event waits for another, and there is none.
    case waitsBehindNobody
    /// A record was dropped before it was read.
    case gap
    /// Without any faults, work does not come to an end.
    case stuck
}

/// Ends a run: the seed has failed.
struct Failure: Error, CustomStringConvertible {
    var judgement: Judgement
    var message: String

    init(_ judgement: Judgement, _ message: String) {
        self.judgement = judgement
        self.message = message
    }

    var description: String { "\(judgement): \(message)" }
}
