import FleetCore
import SagaModel
import Sagas
import Testing

/// A machine, driven by hand.
struct MachineRun {
    private(set) var machine: SagaMachine
    private(set) var actions: [SagaAction]
    var now = Timestamp(microseconds: 0)

    init(_ definition: SagaDefinition, data: String = "{}") throws {
        machine = try SagaMachine(definition, id: "1", data: data, at: now)
        actions = machine.handle(.started, at: now, jitter: 1)
    }

    var state: SagaState { machine.state }
    /// What was asked for last: `do a`, `undo a`, …
    var asked: [String] {
        actions.compactMap { action in
            switch action {
            case .perform(let work): "\(work.ticket.direction == .forward ? "do" : "undo") \(work.ticket.step)"
            case .park(let ticket, _): "park \(ticket.step)"
            case .finish(let outcome): "\(outcome)"
            case .takeLock(let key, _, _): "lock \(key)"
            case .releaseLock(let key): "release \(key)"
            case .wake: nil
            }
        }
    }

    mutating func give(_ input: SagaInput, after time: Duration = .zero) {
        now = now.advanced(by: time)
        actions = machine.handle(input, at: now, jitter: 1)
    }

    mutating func done(_ step: SagaStepID, reply: String = "{}") {
        give(.replied(ticket(step, .forward), reply: reply))
    }

    mutating func done(_ step: String, reply: String = "{}") { done(SagaStepID(step), reply: reply) }

    mutating func undone(_ step: String) { give(.replied(ticket(SagaStepID(step), .compensation), reply: "{}")) }

    mutating func fail(
        _ step: String, _ direction: SagaDirection = .forward, code: String = "rejected",
        effect: SagaFailure.Effect = .none
    ) {
        give(.failed(ticket(SagaStepID(step), direction), SagaFailure(code, "no", effect: effect)))
    }

    func ticket(_ step: SagaStepID, _ direction: SagaDirection) -> SagaTicket {
        let run = state.runs[step]
        let attempt = direction == .forward ? run?.forward.attempt : run?.compensation?.attempt
        return SagaTicket(step, direction, attempt: attempt ?? 1)
    }
}
