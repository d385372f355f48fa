import FleetCore
import SagaModel

/// What an engine asks of a machine.
extension SagaMachine {
    var hasEventSteps: Bool { !map.eventSteps.isEmpty }

    /// Attempts that are under way.
    var openTickets: Set<SagaTicket> {
        Set(
            resume().compactMap { action in
                if case .perform(let work) = action { work.ticket } else { nil }
            })
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
