/// A mistake made on purpose, as a bug in the engine would make it. The judge must notice each of them.
enum PlantedBug: String, CaseIterable, Sendable {
    case compensatesWhatWasNeverTried
    case forgetsCompensation
    case runsForwardAfterCompensation
    case undoesTheFirstStepFirst
    case compensatesOnceMore
    /// A lock is said to be taken, and is not.
    case takesNoLock
    /// A lock is let go of with the first step.
    case releasesLockEarly
    case keepsLock
    case completesTwice
    /// The end is told, and the last step was never asked for.
    case leavesOutStep
    /// A paused owner writes into the journal after another took over.
    case ignoresFence
    /// A crash loses the last entry of the journal.
    case journalLosesEntry
    /// After a crash, what was under way is not taken up again, and no time is waited for.
    case resumesNothing

    /// How the judge may put it.
    var fitting: Set<Judgement> {
        switch self {
        case .compensatesWhatWasNeverTried: [.compensatesUndone]
        case .forgetsCompensation: [.forgottenCompensation, .compensatedOutOfOrder]
        case .runsForwardAfterCompensation: [.forwardAfterCompensation]
        case .undoesTheFirstStepFirst: [.compensatedOutOfOrder]
        case .compensatesOnceMore: [.compensatedTwice]
        case .takesNoLock, .releasesLockEarly: [.workWithoutLock]
        case .keepsLock: [.lockLeft]
        case .completesTwice: [.completedTwice]
        case .leavesOutStep: [.incomplete, .forwardOutOfOrder]
        case .ignoresFence, .journalLosesEntry:
            [
                .completedTwice, .workAfterEnd, .forwardAfterCompensation, .forgottenCompensation, .compensatedTwice,
                .compensatesUndone, .forwardOutOfOrder, .incomplete, .compensatedOutOfOrder, .stuck,
            ]
        case .resumesNothing: [.stuck]
        }
    }
}
