import FleetCore
import SagaModel
import Sagas
import TestKit

/// A service that does what sagas ask for, and bears being asked twice, late, and in the wrong order, as the contract of a
/// compensation says.
struct Participant {
    struct Effect {
        var isApplied = false
        /// It was undone; what comes late has no effect any more.
        var isUndone = false
        /// How often undoing it changed anything.
        var undoings = 0
    }

    private(set) var effects: [String: [SagaStepID: Effect]] = [:]
    /// Whoever asks again with the same ticket has the same answer.
    private var refusals: [String: [SagaTicket: SagaInput]] = [:]

    func effect(_ saga: String, _ step: SagaStepID) -> Effect { effects[saga]?[step] ?? Effect() }

    /// Does a piece of work, and answers; `nil` where the answer is lost.
    mutating func perform(
        _ work: SagaWork, of saga: String, faultPercent: Int, using random: inout RandomSource
    ) -> SagaInput? {
        let ticket = work.ticket
        if let refusal = refusals[saga]?[ticket] { return refusal }
        var effect = effect(saga, ticket.step)
        if random.chance(faultPercent) {
            if random.chance(30) { return .failed(ticket, SagaFailure("unavailable", "gone", effect: .unknown)) }
            if !effect.isApplied || ticket.direction == .compensation {
                let code = random.chance(50) ? "busy" : SagaFailureCode.rejected
                let refusal = SagaInput.failed(ticket, SagaFailure(code, "no", effect: .none))
                refusals[saga, default: [:]][ticket] = refusal
                return refusal
            }
        }
        switch ticket.direction {
        case .forward:
            if effect.isUndone { return .failed(ticket, SagaFailure("undone", "it is undone", effect: .none)) }
            effect.isApplied = true
        case .compensation:
            if effect.isApplied { effect.undoings += 1 }
            effect.isApplied = false
            effect.isUndone = true
        }
        effects[saga, default: [:]][ticket.step] = effect
        if random.chance(faultPercent) {
            return random.chance(50)
                ? nil : .failed(ticket, SagaFailure("unavailable", "it was cut off", effect: .unknown))
        }
        return .replied(ticket, reply: "{}")
    }
}
