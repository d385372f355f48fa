import FleetCore
import SagaModel

/// What an engine asks of a machine.
extension SagaMachine {
    var hasEventSteps: Bool { !map.eventSteps.isEmpty }

    /// Whether something is under way that ends by itself, soon as a rule: a request, or the wait before the next one. Not a wait for
    /// an event, a time, a person or a lock.
    var isBusy: Bool {
        if state.outcome != nil { return false }
        return state.runs.all.contains { run in
            run.compensation?.isActive == true
                || (run.forward.isActive && map.step(run.id.name)?.activity.hasEffect == true)
        }
    }

    /// Attempts that are under way.
    var openTickets: Set<SagaTicket> {
        Set(
            resume().compactMap { action in
                if case .perform(let work) = action { work.ticket } else { nil }
            })
    }

    /// Whether an attempt forward is the last where it is refused, and one before it may be done.
    func settlesRefusal(_ ticket: SagaTicket) -> Bool {
        guard ticket.direction == .forward, let forward = state.runs[ticket.step]?.forward, forward.mayBeDone,
            let step = map.step(ticket.step.name)
        else { return false }
        return !step.retry.covers(SagaFailureCode.rejected) || forward.failures + 1 >= step.retry.attempts
    }

    /// The command of an attempt; `nil` where it is none.
    func command(of ticket: SagaTicket) -> SagaCommand? {
        let step = map.step(ticket.step.name)
        let activity = ticket.direction == .forward ? step?.activity : step?.compensation?.activity
        if case .command(let command) = activity { return command }
        return nil
    }

    /// Notes that a lock is waited for.
    mutating func noteLockWait(_ key: String, holder: String, at now: Timestamp) {
        self.now = now
        note(.remark, "\(key) is locked by \(holder)")
    }
}
