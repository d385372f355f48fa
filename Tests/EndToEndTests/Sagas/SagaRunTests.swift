import FleetCore
import Foundation
import GRDB
import TestKit
import Testing

/// Sagas that the program carries out, on SQLite.
@Suite(.serialized, .lanes) struct SagaRunTests {
    /// Waits until that many sagas have ended, and holds that no money came or went.
    private func ends(_ bank: BankFleet, completed: Int, compensated: Int, amount: Int = 7) async throws {
        let expected = ["completed": completed, "compensated": compensated].filter { $0.value > 0 }
        try await eventually("\(expected) sagas end") {
            try await bank.statuses() == expected
        }
        let (left, right) = try await bank.money()
        #expect(left == BankFleet.accounts * BankFleet.balance - completed * amount)
        #expect(right == BankFleet.accounts * BankFleet.balance + completed * amount)
    }

    @Test(arguments: [nil, "bank", "right"]) func moneyIsMovedOrStays(journal: String?) async throws {
        let bank = try await BankFleet(journal: journal)
        let run = try await bank.fleet.startRun()
        try await bank.ask(1...50)
        try await ends(bank, completed: 40, compensated: 10)
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
        // What is asked for while nobody carries the fleet is done later.
        try await bank.ask(51...60)
        let idle = try await bank.fleet.flotilla("run", "--until-idle")
        #expect(idle.ended(0), "\(idle.said)")
        try await ends(bank, completed: 48, compensated: 12)
    }

    /// The journal has what is to be done, and nothing of it was done.
    @Test(arguments: 1...6) func whatTheJournalHasIsDoneThoughItIsKilled(pass: Int) async throws {
        let bank = try await BankFleet()
        try await bank.ask(1...10)
        try await bank.fleet.crash(at: .sagaWritten, pass: pass, ["run"])
        let run = try await bank.fleet.startRun()
        try await ends(bank, completed: 8, compensated: 2)
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }

    @Test(arguments: [nil, "right"]) func nothingIsLostOrDoneTwiceThoughItIsKilled(journal: String?) async throws {
        let bank = try await BankFleet(journal: journal)
        var random = RandomSource(for: "sagas that are killed")
        var asked = 0
        for _ in 0..<8 {
            let run = try bank.fleet.start("run")
            try await bank.ask(asked + 1...asked + 20)
            asked += 20
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...600, using: &random)))
            run.kill()
            try await run.end()
        }
        let run = try await bank.fleet.startRun()
        try await ends(bank, completed: asked * 4 / 5, compensated: asked / 5)
        run.send(SIGINT)
        #expect(try await run.end() == .code(0))
    }
}
