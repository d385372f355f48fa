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

extension SagaInput: CustomStringConvertible {
    /// For people: `the reply to forward of charge, attempt 1`.
    public var description: String {
        switch self {
        case .started: "its start"
        case .lockTaken(let key, _): "the lock \(key)"
        case .lockConflict(let key, let holder): "the lock \(key), which \(holder) has"
        case .lockLost(let key): "the loss of the lock \(key)"
        case .replied(let ticket, _): "the reply to \(ticket)"
        case .failed(let ticket, let failure): "the failure of \(ticket): \(failure)"
        case .woke: "a time that has come"
        case .occurred(let event, _, let id): "the event \(event) \(id)"
        case .decided(let step, let option, let by): "the decision \(option) about \(step) by \(by)"
        case .cancel(let reason): "its cancellation: \(reason)"
        case .retry(let step): "another attempt at \(step)"
        case .skip(let step, let reason): "passing over \(step): \(reason)"
        case .resolve(let step, _, let reason): "the resolution of \(step): \(reason)"
        }
    }
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
