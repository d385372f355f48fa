import FleetCore
import SagaModel
import Sagas

/// What was really asked for, told at the moment at which it is in the journal. Objects at once.
final class SagaLedger {
    /// What is known of one saga.
    struct Account {
        let definition: SagaDefinition
        let order: StepOrder
        let number: Int
        let lines: Int
        let lockKeys: [String]
        var attempts: [SagaStepID: Set<Int>] = [:]
        var refused: [SagaStepID: Set<Int>] = [:]
        var confirmedUndone: Set<SagaStepID> = []
        /// An operator said what became of it.
        var passed: Set<SagaStepID> = []
        var skippedUndoing: Set<SagaStepID> = []
        var isCompensating = false
        var hasLostLock = false
        var ends = 0
    }

    private(set) var accounts: [String: Account] = [:]

    func open(_ id: String, _ definition: SagaDefinition, number: Int, lines: Int, lockKeys: [String]) {
        accounts[id] = Account(
            definition: definition, order: StepOrder(definition), number: number, lines: lines, lockKeys: lockKeys)
    }

    func loseLock(_ id: String) { accounts[id]?.hasLostLock = true }

    /// An input has been taken, and what came of it is in the journal.
    func take(
        _ id: String, _ input: SagaInput, from old: SagaState, to new: SagaState, _ actions: [SagaAction],
        participant: Participant, isLocked: (String) -> Bool
    ) throws {
        guard var account = accounts[id] else { return }
        note(input, from: old, to: new, &account)
        for action in actions {
            switch action {
            case .perform(let work):
                if account.ends > 0 { throw Verdict(.workAfterEnd, "\(id): \(work.ticket)") }
                if work.ticket.direction == .forward {
                    try forward(id, work, &account, participant, isLocked)
                } else {
                    try backward(id, work, &account, participant)
                }
            case .park(let ticket, let reason):
                if reason.isEmpty { throw Verdict(.parkedWithoutReason, "\(id): \(ticket)") }
            case .finish(let outcome):
                account.ends += 1
                if account.ends > 1 { throw Verdict(.completedTwice, "\(id): \(outcome)") }
                try end(id, outcome, account, participant)
            case .takeLock, .releaseLock, .wake: break
            }
        }
        accounts[id] = account
    }

    private func note(_ input: SagaInput, from old: SagaState, to new: SagaState, _ account: inout Account) {
        switch input {
        case .failed(let ticket, let failure) where failure.effect == .none && ticket.direction == .forward:
            // One that comes after the attempt was given up tells nobody anything.
            let attempts = old.runs[ticket.step]?.forward
            if attempts?.status == .running, attempts?.attempt == ticket.attempt {
                account.refused[ticket.step, default: []].insert(ticket.attempt)
            }
        case .replied(let ticket, _) where ticket.direction == .compensation:
            account.confirmedUndone.insert(ticket.step)
        case .skip(let step, _), .resolve(let step, _, _):
            guard let parked = old.runs[step]?.parked, new.runs[step]?.parked == nil else { break }
            if parked == .forward { account.passed.insert(step) } else { account.skippedUndoing.insert(step) }
        default: break
        }
    }

    private func forward(
        _ id: String, _ work: SagaWork, _ account: inout Account, _ participant: Participant,
        _ isLocked: (String) -> Bool
    ) throws {
        let step = work.ticket.step
        if account.isCompensating { throw Verdict(.forwardAfterCompensation, "\(id): \(work.ticket)") }
        guard work.activity.hasEffect else { return }
        for earlier in account.attempts.keys where account.order.isBefore(earlier, step) {
            if !participant.effect(id, earlier).isApplied, !account.passed.contains(earlier) {
                throw Verdict(.forwardOutOfOrder, "\(id): \(step) begins, and \(earlier) is not done")
            }
        }
        if !account.hasLostLock, let key = account.lockKeys.first(where: { !isLocked($0) }) {
            throw Verdict(.workWithoutLock, "\(id): \(step) without \(key)")
        }
        account.attempts[step, default: []].insert(work.ticket.attempt)
    }

    private func backward(
        _ id: String, _ work: SagaWork, _ account: inout Account, _ participant: Participant
    ) throws {
        let step = work.ticket.step
        account.isCompensating = true
        if !account.mayBeDone(step) { throw Verdict(.compensatesUndone, "\(id): \(step)") }
        if account.confirmedUndone.contains(step) { throw Verdict(.compensatedTwice, "\(id): \(step)") }
        for later in account.attempts.keys where account.order.isBefore(step, later) {
            if account.order.steps[later.name]?.compensation != nil, account.mayBeDone(later),
                !participant.effect(id, later).isUndone, !account.skippedUndoing.contains(later)
            {
                throw Verdict(.compensatedOutOfOrder, "\(id): \(step) is undone, and \(later) is not yet")
            }
        }
    }

    private func end(_ id: String, _ outcome: SagaOutcome, _ account: Account, _ participant: Participant) throws {
        switch outcome {
        case .completed:
            let expected = StepOrder.expected(account.definition.steps, number: account.number, lines: account.lines)
            for step in expected where !participant.effect(id, step).isApplied && !account.passed.contains(step) {
                throw Verdict(.incomplete, "\(id) is completed, and \(step) is not done")
            }
        case .compensated, .rejected: try checkNothingIsLeft(id, account, participant)
        }
    }

    private func checkNothingIsLeft(_ id: String, _ account: Account, _ participant: Participant) throws {
        for step in account.attempts.keys where account.mayBeDone(step) && !account.skippedUndoing.contains(step) {
            let isBad =
                account.order.steps[step.name]?.compensation == nil
                ? participant.effect(id, step).isApplied && !account.passed.contains(step)
                : !participant.effect(id, step).isUndone
            if isBad { throw Verdict(.forgottenCompensation, "\(id): \(step)") }
        }
    }

    /// Once everything, however late, has arrived.
    func checkEnd(_ state: SagaState, _ participant: Participant) throws {
        guard let account = accounts[state.id], let outcome = state.outcome else {
            throw Verdict(.stuck, "\(state.id) is \(state.phase)")
        }
        if account.ends != 1 { throw Verdict(.stuck, "\(state.id) ended \(account.ends) times") }
        try end(state.id, outcome, account, participant)
        for step in account.attempts.keys where participant.effect(state.id, step).undoings > 1 {
            throw Verdict(.compensatedTwice, "\(state.id): \(step)")
        }
    }
}

extension SagaLedger.Account {
    /// Whether it was tried, and not every attempt was refused.
    func mayBeDone(_ step: SagaStepID) -> Bool {
        guard let attempts = attempts[step] else { return false }
        return !attempts.isSubset(of: refused[step] ?? [])
    }
}
