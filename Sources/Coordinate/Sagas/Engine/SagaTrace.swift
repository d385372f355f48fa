public import FleetCore
public import SagaModel

/// Something of a saga that belongs to a trace, and has ended: the saga itself, or a step, or a compensation.
public struct SagaTrace: Sendable {
    public enum Subject: Sendable, Hashable {
        case saga
        case step(SagaStepID, SagaDirection)
    }

    public let saga: SagaName
    public let id: String
    public let subject: Subject
    public let context: TraceContext
    public let parent: TraceContext.SpanID
    public let started: Timestamp
    public let ended: Timestamp
    /// Of a step.
    public let attempts: Int
    /// Whether it goes out over HTTP.
    public let isRequest: Bool
    /// What the answer over HTTP said that ended it; `nil` where none did.
    public let status: Int?
    /// Why it failed, or was undone; `nil` where all is well.
    public let failure: String?
}

extension SagaMachine {
    /// The saga's own place in its trace: its id follows from the saga's, so that it is the same after a crash.
    private var place: (parent: TraceContext, own: TraceContext)? {
        guard let text = state.trace, let parent = TraceContext(text), parent.isSampled else { return nil }
        return (parent, parent.child("saga", state.id))
    }

    private func place(of step: SagaStepID, _ direction: SagaDirection) -> TraceContext? {
        place?.own.child("saga step", state.id, "\(step)", direction.rawValue)
    }

    /// What an attempt sends as `traceparent`.
    /// - Parameter isTraced: whether the step is a span of its own.
    func trace(of ticket: SagaTicket, isTraced: Bool) -> String? {
        guard isTraced, let step = place(of: ticket.step, ticket.direction) else { return state.trace }
        return step.description
    }

    /// The place that the saga itself has in a trace.
    /// - Parameter isTraced: whether it is a span of its own.
    func trace(isTraced: Bool) -> TraceContext? {
        (isTraced ? place?.own : nil) ?? state.trace.flatMap { TraceContext($0) }
    }

    /// What has ended since it was as `before`, by `input`.
    /// - Parameter status: what HTTP said, where the input is an answer over HTTP.
    func endings(since before: SagaMachine, _ input: SagaInput, _ status: Int?) -> [SagaTrace] {
        guard let (parent, own) = place else { return [] }
        var endings: [SagaTrace] = []
        for run in state.runs.all {
            let known = before.state.runs[run.id]
            func said(_ direction: SagaDirection) -> Int? { input.isAnswer(to: run.id, direction) ? status : nil }
            if let ending = ending(of: run, .forward, run.forward, known?.forward, own, said(.forward)) {
                endings.append(ending)
            }
            if let undone = run.compensation,
                let ending = ending(of: run, .compensation, undone, known?.compensation, own, said(.compensation))
            {
                endings.append(ending)
            }
        }
        if case .ended(let outcome, let time) = state.phase, before.state.outcome == nil {
            endings.append(
                SagaTrace(
                    saga: state.saga, id: state.id, subject: .saga, context: own, parent: parent.span,
                    started: state.startedAt, ended: time, attempts: 1, isRequest: false,
                    status: nil, failure: outcome == .completed ? nil : "\(outcome)"))
        }
        return endings
    }

    private func ending(
        of run: SagaStepState, _ direction: SagaDirection, _ attempts: SagaAttempts, _ known: SagaAttempts?,
        _ own: TraceContext, _ status: Int?
    ) -> SagaTrace? {
        let isParked = attempts.status == .parked
        guard isParked ? known?.status != .parked : attempts.endedAt != nil && attempts.endedAt != known?.endedAt,
            let context = place(of: run.id, direction)
        else { return nil }
        let step = map.step(run.id.name)
        let activity = direction == .forward ? step?.activity : step?.compensation?.activity
        let failed: Bool = [.failed, .unknown, .parked].contains(attempts.status)
        return SagaTrace(
            saga: state.saga, id: state.id, subject: .step(run.id, direction), context: context, parent: own.span,
            started: attempts.startedAt, ended: attempts.endedAt ?? now, attempts: attempts.attempt,
            isRequest: activity.map { if case .http = $0 { true } else { false } } ?? false, status: status,
            failure: failed ? attempts.failure?.description ?? attempts.status.rawValue : nil)
    }
}

extension SagaInput {
    fileprivate func isAnswer(to step: SagaStepID, _ direction: SagaDirection) -> Bool {
        switch self {
        case .replied(let ticket, _), .failed(let ticket, _): ticket.step == step && ticket.direction == direction
        default: false
        }
    }
}
