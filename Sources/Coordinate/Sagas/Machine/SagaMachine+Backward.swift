import FleetCore
import SagaModel

/// The way back: in reverse order, branches at the same time, and only what was done or may have been.
extension SagaMachine {
    /// Asks for the saga to be undone. Past the point of no return, or while it is not known whether that is reached, it
    /// goes on.
    mutating func requestStop(_ stop: SagaStop) {
        switch state.phase {
        case .ended: note(.late, "\(stop)")
        case .compensating: note(.late, "\(stop): it is being undone already")
        case .locking: beginCompensation(stop)
        case .forward:
            if state.isPastPoint {
                note(.refused, "\(stop): what is done cannot be undone")
            } else if isPivotOpen {
                state.pendingStop = state.pendingStop ?? stop
                note(.remark, "\(stop): waits for the pivot")
            } else {
                beginCompensation(stop)
            }
        }
    }

    /// Whether the pivot may be done, and nobody knows.
    private var isPivotOpen: Bool {
        state.runs.all.contains { run in
            map.step(run.id.name)?.role == .pivot && run.forward.isOpen
                && (run.forward.status == .running || run.forward.mayBeDone)
        }
    }

    /// Turns around. Attempts that are under way are awaited, as nobody can tell whether they will have an effect; everything
    /// else that waits is given up.
    mutating func beginCompensation(_ stop: SagaStop) {
        state.phase = .compensating(stop)
        state.pendingStop = nil
        state.earlyEvents = []
        for var run in state.runs.all where run.forward.isOpen {
            let step = map.step(run.id.name)
            if step?.role == .query || step?.activity.hasEffect != true {
                run.forward.end(.dropped, at: now)
            } else if run.forward.status == .backingOff {
                run.forward.end(run.forward.mayBeDone ? .unknown : .failed, at: now)
            }
            state.runs[run.id] = run
        }
    }

    /// Whether all of it is undone.
    mutating func unwind(_ blocks: [SagaBlock], items: [Int]) -> Bool {
        for block in blocks.reversed() where !unwind(block, items: items) { return false }
        return true
    }

    private mutating func unwind(_ block: SagaBlock, items: [Int]) -> Bool {
        let id = SagaStepID(block.name, items: items)
        switch block {
        case .step(let step): return unwind(step, id)
        case .parallel(let parallel):
            var isUndone = true
            for branch in parallel.branches where !unwind(branch, items: items) { isUndone = false }
            return isUndone
        case .forEach(let forEach):
            var unfinished = 0
            for item in (0..<(state.itemCounts[id.description] ?? 0)).reversed() where unfinished < forEach.atOnce {
                if !unwind(forEach.steps, items: items + [item]) { unfinished += 1 }
            }
            return unfinished == 0
        case .choice(let choice):
            guard let index = state.choices[id.description] else { return true }
            return unwind(
                index < choice.cases.count ? choice.cases[index].steps : choice.otherwise ?? [], items: items)
        case .fail: return true
        }
    }

    private mutating func unwind(_ step: SagaStep, _ id: SagaStepID) -> Bool {
        guard var run = state.runs[id] else { return true }
        if run.forward.isActive { return false }
        guard let compensation = step.compensation, [.done, .unknown].contains(run.forward.status) else { return true }
        if let undoing = run.compensation { return undoing.status == .done || undoing.status == .skipped }
        run.compensation = SagaAttempts(startedAt: now, due: now.advanced(by: compensation.timeout))
        perform(run)
        return false
    }

    private mutating func perform(_ run: SagaStepState) {
        state.runs[run.id] = run
        if let attempts = run.compensation, let work = work(run, .compensation, attempts) {
            actions.append(.perform(work))
        }
    }

    mutating func compensationIsDue(_ id: SagaStepID) {
        guard let run = state.runs[id], let status = run.compensation?.status else { return }
        if status == .running { compensationFailed(run, .timeout) }
        if status == .backingOff { tryCompensationAgain(run) }
    }

    mutating func tryCompensationAgain(_ run: SagaStepState) {
        guard let compensation = map.step(run.id.name)?.compensation else { return }
        var run = run
        run.compensation?.attempt += 1
        run.compensation?.status = .running
        run.compensation?.endedAt = nil
        run.compensation?.due = now.advanced(by: compensation.timeout)
        perform(run)
    }

    mutating func compensationFailed(_ run: SagaStepState, _ failure: SagaFailure) {
        guard let retry = map.step(run.id.name)?.compensation?.retry, var attempts = run.compensation else { return }
        var run = run
        attempts.failure = failure
        attempts.failures += 1
        if failure.effect == .unknown { attempts.mayBeDone = true }
        if attempts.failures < retry.attempts, retry.covers(failure.code) {
            attempts.status = .backingOff
            tell(.retried, of: run.id, .compensation, attempts)
            attempts.due = now.advanced(by: retry.delay(afterFailures: attempts.failures, jitter: jitter))
        } else {
            attempts.end(.parked, at: now)
            tell(.parked, of: run.id, .compensation, attempts)
            actions.append(
                .park(SagaTicket(run.id, .compensation, attempt: attempts.attempt), reason: "\(failure)"))
        }
        run.compensation = attempts
        state.runs[run.id] = run
    }
}
