import FleetCore
import SagaModel

/// Answers, events and decisions.
extension SagaMachine {
    mutating func replied(_ ticket: SagaTicket, _ reply: String) {
        guard let run = open(ticket, isSuccess: true) else { return }
        do {
            try JSONDocument.validate(Array(reply.utf8))
        } catch {
            // Somebody answered: it may well be done.
            return failed(
                ticket, SagaFailure(SagaFailureCode.badReply, "the reply is no JSON: \(error)", effect: .unknown))
        }
        guard ticket.direction == .compensation else { return forwardDone(run, reply: reply) }
        undone(run, .done)
    }

    mutating func undone(_ run: SagaStepState, _ status: SagaAttempts.Status, remark: String? = nil) {
        var run = run
        run.compensation?.end(status, at: now)
        if status == .done, let attempts = run.compensation { tell(.done, of: run.id, .compensation, attempts) }
        run.compensation?.remark = remark
        state.runs[run.id] = run
    }

    mutating func failed(_ ticket: SagaTicket, _ failure: SagaFailure) {
        // The attempt's own time-out and the one of its request come at the same time: the second says nothing.
        if !failure.isAnswer, isOver(ticket) { return }
        guard let run = open(ticket, isSuccess: false), let step = map.step(ticket.step.name) else { return }
        switch ticket.direction {
        case .forward: forwardFailed(run, step, failure)
        case .compensation: compensationFailed(run, failure)
        }
    }

    /// Whether an attempt is there, and has ended.
    private func isOver(_ ticket: SagaTicket) -> Bool {
        guard let run = state.runs[ticket.step],
            let attempts = ticket.direction == .forward ? run.forward : run.compensation,
            (1...attempts.attempt).contains(ticket.attempt)
        else { return false }
        return attempts.attempt > ticket.attempt || attempts.status != .running || state.outcome != nil
    }

    /// The run that an answer is for; `nil`, and a note, where it has no effect.
    ///
    /// That it is done counts for whichever attempt it is said, as long as the step is open. That it failed counts for the
    /// attempt that is under way only.
    private mutating func open(_ ticket: SagaTicket, isSuccess: Bool) -> SagaStepState? {
        let run = state.runs[ticket.step]
        let attempts = ticket.direction == .forward ? run?.forward : run?.compensation
        guard let run, let attempts, map.step(ticket.step.name) != nil, (1...attempts.attempt).contains(ticket.attempt)
        else {
            note(.stray, "an answer to the \(ticket)")
            return nil
        }
        if state.outcome == nil,
            isSuccess ? attempts.isOpen : attempts.status == .running && attempts.attempt == ticket.attempt
        {
            return run
        }
        let isRepeat =
            isSuccess ? attempts.status == .done : ticket.attempt == attempts.attempt && attempts.failure != nil
        note(isRepeat ? .duplicate : .late, "an answer to the \(ticket)")
        return nil
    }

    // MARK: Events

    mutating func occurred(_ event: SagaEventName, payload: String, id: String) {
        guard state.outcome == nil, state.stop == nil else { return note(.late, "the event \(event) \(id)") }
        guard map.awaited.contains(event) else { return note(.stray, "the event \(event) \(id)") }
        let early = SagaEarlyEvent(event: event, payload: payload, id: id)
        for run in state.runs.all where run.forward.status == .running {
            guard case .event(let awaited) = map.step(run.id.name)?.activity, isMatch(early, awaited, run.id) else {
                continue
            }
            return forwardDone(run, reply: payload)
        }
        if state.earlyEvents.contains(where: { $0.id == id }) {
            note(.duplicate, "the event \(event) \(id)")
        } else if (try? JSONDocument.validate(Array(payload.utf8))) == nil {
            note(.dropped, "the event \(event) \(id) is no JSON")
        } else if state.earlyEvents.count == SagaState.earlyEventLimit {
            note(.dropped, "the event \(event) \(id): too many came before somebody waited for them")
        } else {
            state.earlyEvents.append(early)
        }
    }

    /// Ends a wait that has just begun, where its event is there.
    mutating func takeEarly(_ awaited: SagaAwaitedEvent, _ id: SagaStepID) -> Bool {
        guard let run = state.runs[id],
            let index = state.earlyEvents.firstIndex(where: { isMatch($0, awaited, id) })
        else { return false }
        forwardDone(run, reply: state.earlyEvents.remove(at: index).payload)
        return true
    }

    private func isMatch(_ event: SagaEarlyEvent, _ awaited: SagaAwaitedEvent, _ id: SagaStepID) -> Bool {
        guard event.event == awaited.event, let expected = value(of: awaited.equals, for: id) else { return false }
        let path = JSONFieldPath(awaited.field.split(separator: ".").map(String.init))
        let values = try? JSONFields([path]).extract(from: Array(event.payload.utf8))
        return values?.first == expected
    }

    // MARK: Decisions

    mutating func decided(_ id: SagaStepID, option: String, by: String) {
        guard case .decision(let decision) = map.step(id.name)?.activity else {
            return note(.stray, "a decision about \(id)")
        }
        guard let run = state.runs[id], run.forward.isOpen, state.stop == nil, state.outcome == nil else {
            return note(.late, "a decision about \(id)")
        }
        guard decision.options.contains(option) else {
            return note(.refused, "\(option) is no option of \(id)")
        }
        forwardDone(run, reply: Self.reply(decision: option, by: by))
    }
}
