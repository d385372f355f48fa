import FleetCore
import SagaModel

/// What an operator may do about what is parked. Anything else is refused, and noted.
extension SagaMachine {
    mutating func retry(_ id: SagaStepID) {
        guard var run = state.runs[id], let parked = run.parked, let step = map.step(id.name) else {
            return refuse("retry \(id)", "it is not parked, or cannot be tried again")
        }
        switch parked {
        case .forward:
            run.forward.failures = 0
            tryAgain(run, step)
        case .compensation:
            run.compensation?.failures = 0
            tryCompensationAgain(run)
        }
    }

    mutating func skip(_ id: SagaStepID, reason: String) {
        guard var run = state.runs[id], let parked = run.parked else {
            return refuse("skip \(id)", "it is not parked")
        }
        guard !reason.isEmpty else { return refuse("skip \(id)", "no reason is given") }
        switch parked {
        case .compensation: undone(run, .skipped, remark: reason)
        case .forward:
            if map.step(id.name)?.role == .pivot {
                return refuse("skip \(id)", "a pivot is done or not: resolve it")
            }
            run.forward.end(.skipped, at: now)
            run.forward.remark = reason
            state.runs[id] = run
        }
    }

    mutating func resolve(_ id: SagaStepID, _ resolution: SagaResolution, reason: String) {
        guard var run = state.runs[id], let parked = run.parked, let step = map.step(id.name) else {
            return refuse("resolve \(id)", "it is not parked, or can only be skipped")
        }
        guard !reason.isEmpty else { return refuse("resolve \(id)", "no reason is given") }
        switch (parked, resolution) {
        case (_, .done(let reply)) where (try? JSONDocument.validate(Array(reply.utf8))) == nil:
            refuse("resolve \(id)", "the reply is no JSON")
        case (.compensation, .done): undone(run, .done, remark: reason)
        case (.forward, .done(let reply)):
            run.forward.remark = reason
            forwardDone(run, reply: reply)
        case (.forward, .notDone) where step.role == .pivot:
            run.forward.remark = reason
            run.forward.mayBeDone = false
            run.forward.end(.failed, at: now)
            state.runs[id] = run
            let failure = run.forward.failure ?? SagaFailure("resolved", reason, effect: .none)
            beginCompensation(state.pendingStop ?? .stepFailed(id, failure))
        case (_, .notDone): refuse("resolve \(id) as not done", "only a pivot can be: retry it, or skip it")
        }
    }

    private mutating func refuse(_ wish: String, _ reason: String) {
        note(.refused, "\(wish): \(reason)")
    }
}
