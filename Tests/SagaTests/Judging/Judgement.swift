/// A promise that was broken.
enum Judgement: String, Hashable, Sendable {
    /// A step is compensated that was never tried, or that certainly did not happen.
    case compensatesUndone
    /// A saga is over, and something that was done is not undone.
    case forgottenCompensation
    /// A compensation is asked for although it is done.
    case compensatedTwice
    /// A step is compensated before a later one is.
    case compensatedOutOfOrder
    /// A step begins before an earlier one is done.
    case forwardOutOfOrder
    /// A step is tried although compensation has begun.
    case forwardAfterCompensation
    /// A saga works on what another has locked, or nobody.
    case workWithoutLock
    /// A saga is over and has a lock.
    case lockLeft
    case completedTwice
    /// A saga is completed, and a step of it is not done.
    case incomplete
    /// Something is to be done for a saga that is over.
    case workAfterEnd
    /// A saga is parked and says no reason.
    case parkedWithoutReason
    /// Without any faults, a saga does not come to an end.
    case stuck
}

struct Verdict: Error, CustomStringConvertible {
    var judgement: Judgement
    var message: String

    init(_ judgement: Judgement, _ message: String) {
        self.judgement = judgement
        self.message = message
    }

    var description: String { "\(judgement): \(message)" }
}
