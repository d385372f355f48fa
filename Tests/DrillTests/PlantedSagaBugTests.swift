import DrillJudge
import TestKit
import Testing

/// Bugs of sagas that the judge must find.
@Suite struct PlantedSagaBugTests {
    private let drill = HealthyDrill(seed: RandomSource(for: "planted bugs of sagas").seed)

    private func expect(
        _ rule: Finding.Rule, in drill: HealthyDrill, naming words: String...,
        location: SourceLocation = #_sourceLocation
    ) {
        let findings = drill.judged().findings
        #expect(findings.first?.rule == rule, "\(findings)", sourceLocation: location)
        let text = findings.filter { $0.rule == rule }.map(\.description).joined(separator: "\n")
        for word in words { #expect(text.contains(word), "\(word) is not in: \(text)", sourceLocation: location) }
    }

    private func transfer(_ status: String) throws -> String {
        try #require(drill.observations.sagas.sagas.first { $0.status == status }).transfer
    }

    /// The places of a transfer's moves, and the money as if they had been so from the beginning.
    private func change(
        _ transfer: String, _ body: (inout [Move]) -> Void
    ) -> HealthyDrill {
        var drill = drill
        var own = drill.observations.sagas.moves.filter { $0.transfer == transfer }
        let before = own
        body(&own)
        drill.observations.sagas.moves.removeAll { $0.transfer == transfer }
        drill.observations.sagas.moves += own
        for number in drill.observations.sagas.accounts.indices {
            let service = drill.observations.sagas.accounts[number].service
            func sum(_ moves: [Move]) -> Int {
                moves.filter { $0.kind.service == service }.map(\.kind.amount).reduce(0, +)
            }
            drill.observations.sagas.accounts[number].after += sum(own) - sum(before)
        }
        return drill
    }

    @Test func aLostSaga() throws {
        let transfer = try transfer("completed")
        var drill = change(transfer) { $0 = [] }
        drill.observations.sagas.sagas.removeAll { $0.transfer == transfer }
        expect(.lostSaga, in: drill, naming: transfer, "1 transfer that was asked for has no saga")
    }

    @Test func aSagaThatNobodyAskedFor() throws {
        let transfer = try transfer("completed")
        var drill = drill
        drill.observations.sagas.asked.remove(transfer)
        drill.history.asked.removeAll { $0.id == transfer }
        expect(.ghost, in: drill, naming: transfer, "withdraw, hold, deposit")
    }

    @Test func aDoubleTransfer() throws {
        let transfer = try transfer("completed")
        let drill = change(transfer) { moves in
            moves.append(Move(number: 100_000, transfer: transfer, kind: .deposit))
        }
        expect(.repeatedStep, in: drill, naming: transfer, "withdraw, hold, deposit, deposit")
    }

    @Test func aDoubleEffectWithoutARow() throws {
        var drill = drill
        drill.observations.sagas.accounts[2].after += 5
        expect(.money, in: drill, naming: "payee had 10000", "all services together")
    }

    @Test func theCompensationOfAStepThatWasNeverDone() throws {
        let transfer = try transfer("compensated")
        let drill = change(transfer) { moves in moves.removeAll { $0.kind == .hold } }
        expect(.compensation, in: drill, naming: transfer, "release undoes nothing")
    }

    @Test func compensationsOutOfOrder() throws {
        let transfer = try transfer("compensated")
        let drill = change(transfer) { moves in
            let numbers = moves.map(\.number)
            moves.swapAt(2, 3)
            for index in moves.indices { moves[index].number = numbers[index] }
        }
        expect(.compensation, in: drill, naming: transfer, "redeposit came too early")
    }

    @Test func aStepThatIsDoneOnceTheUndoingHasBegun() throws {
        let transfer = try transfer("compensated")
        let drill = change(transfer) { moves in
            moves.append(Move(number: 100_000, transfer: transfer, kind: .deposit))
        }
        expect(.compensation, in: drill, naming: transfer, "deposit came after the undoing had begun")
    }

    @Test func aCompensationThatWasForgotten() throws {
        let transfer = try transfer("compensated")
        let drill = change(transfer) { moves in moves.removeAll { $0.kind == .redeposit } }
        expect(.sagaEffect, in: drill, naming: transfer, "withdraw stayed")
    }

    @Test func aSagaThatIsCompletedWithoutItsLastStep() throws {
        let transfer = try transfer("completed")
        let drill = change(transfer) { moves in moves.removeAll { $0.kind == .deposit } }
        expect(.sagaEffect, in: drill, naming: transfer, "which is completed: withdraw, hold")
    }

    @Test func aSagaThatNeverEnds() throws {
        let transfer = try transfer("completed")
        var drill = drill
        let place = try #require(drill.observations.sagas.sagas.firstIndex { $0.transfer == transfer })
        drill.observations.sagas.sagas[place].status = "running"
        expect(.unendedSaga, in: drill, naming: "\(transfer) is running")
        drill.observations.sagas.sagas[place].status = "parked"
        expect(.unendedSaga, in: drill, naming: "\(transfer) is parked")
    }

    @Test func aStoreThatForgetsWhoAsked() throws {
        let asked = try #require(drill.history.asked.first { $0.outcome == .committed })
        var drill = drill
        drill.observations.sagas.asked.remove(asked.id)
        expect(.store, in: drill, naming: asked.id, "teller")
    }
}
