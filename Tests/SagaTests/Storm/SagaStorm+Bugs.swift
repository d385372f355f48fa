import FleetCore
import SagaModel
import Sagas

extension SagaStorm {
    /// Makes the mistake that is planted, where there is an occasion.
    func plant(_ id: String, _ actions: inout [SagaAction], _ machine: SagaMachine) {
        guard let bug else { return }
        let first = actions.firstIndex { $0.work?.ticket.direction == .compensation }
        switch bug {
        case .compensatesWhatWasNeverTried:
            let tried = Set(machine.state.runs.all.map(\.id.name))
            let untried = StepOrder(machine.definition).steps.values.filter {
                $0.compensation != nil && !tried.contains($0.name)
            }
            if first != nil, let step = untried.min(by: { $0.name < $1.name }) {
                actions.append(.perform(work(SagaStepID(step.name), .compensation, attempt: 1, id)))
            }
        case .forgetsCompensation:
            if let first, let work = actions.remove(at: first).work {
                mail.append(.input(saga: id, .replied(work.ticket, reply: "{}")))
            }
        case .runsForwardAfterCompensation:
            if let first, let step = actions[first].work?.ticket.step {
                actions.append(.perform(work(step, .forward, attempt: 9, id)))
            }
        case .undoesTheFirstStepFirst:
            let done = machine.state.runs.all.filter { $0.forward.status == .done && $0.compensation == nil }
            if first != nil, let step = done.first {
                actions.append(.perform(work(step.id, .compensation, attempt: 1, id)))
            }
        case .compensatesOnceMore:
            let undone = machine.state.runs.all.filter { $0.compensation?.status == .done }
            if first != nil, let step = undone.first {
                actions.append(.perform(work(step.id, .compensation, attempt: 2, id)))
            }
        case .releasesLockEarly:
            if actions.contains(where: { $0.work?.ticket.direction == .forward }) {
                for lock in machine.state.locks { _ = locks.release(lock.key, of: id, at: now) }
            }
        case .completesTwice:
            if case .finish(let outcome) = actions.last { actions.append(.finish(outcome)) }
        case .leavesOutStep:
            if let index = actions.firstIndex(where: {
                $0.work?.ticket.direction == .forward && $0.work?.activity.hasEffect == true
            }),
                random.chance(30), let work = actions[index].work
            {
                actions.remove(at: index)
                mail.append(.input(saga: id, .replied(work.ticket, reply: "{}")))
            }
        case .takesNoLock, .keepsLock, .ignoresFence, .journalLosesEntry, .resumesNothing: break
        }
    }

    private func work(_ step: SagaStepID, _ direction: SagaDirection, attempt: Int, _ id: String) -> SagaWork {
        let ticket = SagaTicket(step, direction, attempt: attempt)
        return SagaWork(
            ticket: ticket, activity: .sql(SagaSQL(service: "s", statements: "SELECT 1")),
            idempotencyKey: ticket.idempotencyKey(of: id), due: now)
    }
}

extension SagaAction {
    var work: SagaWork? { if case .perform(let work) = self { work } else { nil } }
}
