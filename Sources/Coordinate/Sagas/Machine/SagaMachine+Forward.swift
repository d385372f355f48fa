import FleetCore
import SagaModel

/// The way forward: walks over the definition, past what is done, and begins what is next.
extension SagaMachine {
    /// Whether all of it is done.
    mutating func walk(_ blocks: [SagaBlock], items: [Int]) -> Bool {
        for block in blocks {
            guard walk(block, items: items), state.phase == .forward else { return false }
        }
        return true
    }

    private mutating func walk(_ block: SagaBlock, items: [Int]) -> Bool {
        let id = SagaStepID(block.name, items: items)
        switch block {
        case .step(let step):
            if state.runs[id] == nil { begin(step, id) }
            let status = state.runs[id]?.forward.status
            return status == .done || status == .skipped
        case .parallel(let parallel):
            var isDone = true
            for branch in parallel.branches where state.phase == .forward {
                if !walk(branch, items: items) { isDone = false }
            }
            return isDone
        case .forEach(let forEach):
            return walk(forEach, id)
        case .choice(let choice):
            return walk(chosen(choice, id), items: items)
        case .fail(let fail):
            beginCompensation(.failed(id, error: fail.error))
            return false
        }
    }

    private mutating func walk(_ forEach: SagaForEach, _ id: SagaStepID) -> Bool {
        if let run = state.runs[id] { return run.forward.status == .skipped }
        guard let count = count(forEach, id) else { return false }
        var unfinished = 0
        for item in 0..<count where unfinished < forEach.atOnce && state.phase == .forward {
            if !walk(forEach.steps, items: id.items + [item]) { unfinished += 1 }
        }
        return unfinished == 0
    }

    /// How many items there are; `nil` where that cannot be told, or they are too many.
    private mutating func count(_ forEach: SagaForEach, _ id: SagaStepID) -> Int? {
        if let count = state.itemCounts[id.description] { return count }
        do {
            let count = try itemCount(forEach, for: id)
            state.itemCounts[id.description] = count
            return count
        } catch {
            guard state.isPastPoint else {
                beginCompensation(.badData(id, message: error.message))
                return nil
            }
            var run = SagaStepState(id: id, forward: SagaAttempts(startedAt: now, due: nil))
            run.forward.failure = SagaFailure(SagaFailureCode.badData, error.message, effect: .none)
            run.forward.end(.parked, at: now)
            tell(.parked, of: id, .forward, run.forward)
            state.runs[id] = run
            actions.append(.park(SagaTicket(id, .forward, attempt: 1), reason: error.message))
            return nil
        }
    }

    private mutating func chosen(_ choice: SagaChoice, _ id: SagaStepID) -> [SagaBlock] {
        let machine = self
        let index =
            state.choices[id.description]
            ?? choice.cases.firstIndex { $0.condition.holds { machine.value(of: $0, for: id) } } ?? choice.cases.count
        state.choices[id.description] = index
        return index < choice.cases.count ? choice.cases[index].steps : choice.otherwise ?? []
    }

    // MARK: Steps

    private mutating func begin(_ step: SagaStep, _ id: SagaStepID) {
        let time = if case .timer(let duration) = step.activity { duration } else { step.timeout }
        let run = SagaStepState(id: id, forward: SagaAttempts(startedAt: now, due: now.advanced(by: time)))
        state.runs[id] = run
        if step.role == .retriable { state.isPastPoint = true }
        if case .event(let event) = step.activity, takeEarly(event, id) { return }
        if let work = work(run, .forward, run.forward) { actions.append(.perform(work)) }
    }

    /// The attempt that is under way; `nil` where none is that somebody has to do something about.
    func work(_ run: SagaStepState, _ direction: SagaDirection, _ attempts: SagaAttempts) -> SagaWork? {
        guard attempts.status == .running, let due = attempts.due, let step = map.step(run.id.name),
            let activity = direction == .forward ? step.activity : step.compensation?.activity
        else { return nil }
        if case .timer = activity { return nil }
        let ticket = SagaTicket(run.id, direction, attempt: attempts.attempt)
        return SagaWork(
            ticket: ticket, activity: activity, idempotencyKey: ticket.idempotencyKey(of: state.id), due: due)
    }

    mutating func forwardIsDue(_ id: SagaStepID) {
        guard let run = state.runs[id], let step = map.step(id.name) else { return }
        switch run.forward.status {
        case .backingOff: tryAgain(run, step)
        case .running:
            switch step.activity {
            case .timer: forwardDone(run, reply: "null")
            case .decision(let decision):
                if let otherwise = decision.otherwise {
                    forwardDone(run, reply: Self.reply(decision: otherwise, by: ""))
                } else {
                    forwardFailed(
                        run, step, SagaFailure(SagaFailureCode.timeout, "nobody decided in time", effect: .none))
                }
            case .event:
                forwardFailed(run, step, SagaFailure(SagaFailureCode.timeout, "no such event in time", effect: .none))
            case .command, .http, .sql, .local: forwardFailed(run, step, .timeout)
            }
        default: break
        }
    }

    mutating func tryAgain(_ run: SagaStepState, _ step: SagaStep) {
        var run = run
        run.forward.attempt += 1
        run.forward.status = .running
        run.forward.endedAt = nil
        run.forward.due = now.advanced(by: step.timeout)
        state.runs[run.id] = run
        if let work = work(run, .forward, run.forward) { actions.append(.perform(work)) }
    }

    mutating func forwardDone(_ run: SagaStepState, reply: String) {
        var run = run
        run.forward.end(.done, at: now)
        tell(.done, of: run.id, .forward, run.forward)
        run.forward.reply = reply
        state.runs[run.id] = run
        guard map.step(run.id.name)?.role == .pivot else { return }
        state.isPastPoint = true
        if let stop = state.pendingStop {
            note(.refused, "\(stop): \(run.id) is done, and cannot be undone")
            state.pendingStop = nil
        }
    }

    mutating func forwardFailed(_ run: SagaStepState, _ step: SagaStep, _ failure: SagaFailure) {
        var run = run
        run.forward.failure = failure
        run.forward.failures += 1
        // A query has no effect, whatever became of it.
        if failure.effect == .unknown, step.role != .query { run.forward.mayBeDone = true }
        if failure.effect == .never { run.forward.mayBeDone = false }
        let mayBeDone = run.forward.mayBeDone
        let isStopping = state.phase != .forward || (state.pendingStop != nil && !mayBeDone)
        if !isStopping, run.forward.failures < step.retry.attempts, step.activity.hasEffect,
            step.retry.covers(failure.code)
        {
            run.forward.status = .backingOff
            tell(.retried, of: run.id, .forward, run.forward)
            run.forward.due = now.advanced(by: step.retry.delay(afterFailures: run.forward.failures, jitter: jitter))
            state.runs[run.id] = run
            return
        }
        if state.phase == .forward, state.isPastPoint || (step.role == .pivot && mayBeDone) {
            run.forward.end(.parked, at: now)
            tell(.parked, of: run.id, .forward, run.forward)
            state.runs[run.id] = run
            let reason = step.role == .pivot ? "it is not known whether \(run.id) is done: \(failure)" : "\(failure)"
            actions.append(.park(SagaTicket(run.id, .forward, attempt: run.forward.attempt), reason: reason))
            return
        }
        run.forward.end(mayBeDone ? .unknown : .failed, at: now)
        tell(.failed, of: run.id, .forward, run.forward)
        state.runs[run.id] = run
        if state.phase == .forward { beginCompensation(state.pendingStop ?? .stepFailed(run.id, failure)) }
    }

    static func reply(decision: String, by: String) -> String {
        "{\"decision\":\(JSONText.quoted(decision)),\"by\":\(JSONText.quoted(by))}"
    }
}
