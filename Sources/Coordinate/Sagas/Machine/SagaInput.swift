public import FleetCore
public import SagaModel

/// What happens to a saga.
public enum SagaInput: Sendable, Hashable {
    /// The first of all; again where the saga is resumed and has not begun. Later ones do no harm.
    case started
    case lockTaken(key: String, until: Timestamp)
    /// Another saga has it, and the lock is not one to wait for.
    case lockConflict(key: String, holder: String)
    case lockLost(key: String)
    /// It is done. The reply is a JSON text.
    case replied(SagaTicket, reply: String)
    case failed(SagaTicket, SagaFailure)
    /// A time that was asked for has come; early and needless ones do no harm.
    case woke
    /// An event that the saga may wait for. The id tells a repeat.
    case occurred(SagaEventName, payload: String, id: String)
    /// Somebody took a decision.
    case decided(SagaStepID, option: String, by: String)
    case cancel(reason: String)
    /// An operator has a parked step tried again.
    case retry(SagaStepID)
    /// An operator passes over a parked step, or over a parked compensation.
    case skip(SagaStepID, reason: String)
    /// An operator says what became of a parked step.
    case resolve(SagaStepID, SagaResolution, reason: String)
}

/// What became of a parked step, as an operator found out.
public enum SagaResolution: Sendable, Hashable {
    /// The reply is a JSON text.
    case done(reply: String)
    case notDone
}

/// What is to be done for a saga, once its state is in the journal.
public enum SagaAction: Sendable, Hashable {
    /// Take the lock, and say so; where the conflict is to wait, whenever it is free.
    case takeLock(key: String, duration: Duration, conflict: SagaLock.Conflict)
    /// Let go of the lock, or of the wish for it. Nothing happens where the saga has neither.
    case releaseLock(key: String)
    case perform(SagaWork)
    /// Give ``SagaInput/woke`` at this time; later calls take the place of earlier ones.
    case wake(at: Timestamp)
    /// Tell an operator.
    case park(SagaTicket, reason: String)
    case finish(SagaOutcome)
}

/// One attempt that is to be made. It may be asked for again, with the same ticket, after a crash.
public struct SagaWork: Sendable, Hashable {
    public var ticket: SagaTicket
    public var activity: SagaActivity
    public var idempotencyKey: String
    /// From then on nobody waits for its answer.
    public var due: Timestamp

    public init(ticket: SagaTicket, activity: SagaActivity, idempotencyKey: String, due: Timestamp) {
        self.ticket = ticket
        self.activity = activity
        self.idempotencyKey = idempotencyKey
        self.due = due
    }
}
