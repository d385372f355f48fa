import FleetCore
import TestKit
import Testing

/// `kill -9` at each named point, more than once each, while services write: the result is exact each time.
@Suite(.serialized, .lanes) struct CrashPointTests {
    @Test(arguments: [
        CrashPoint.captured, .appended, .acknowledging, .cleaningUp, .applied, .delivered, .trimming,
    ])
    func runIsExactAfterBeingKilled(at point: CrashPoint) async throws {
        let seed = RandomSource(for: "kill at \(point.rawValue)").seed
        // Everything that everybody has read is dropped at once, so that retention has work at each start.
        let file = TradingFleet(broker: point == .trimming ? "retain: {age: 1ms}" : "")
        let company = try await TradingCompany.found(try Northwind.available(seed: seed), seed: seed, fleet: file)
        let share = company.stepsToCome / 4
        for pass in [1, 2, 3] {
            try await company.work(share / 2)
            if point == .trimming { try await company.expectExact("before") }
            var left = share / 2
            try await company.fleet.crash(at: point, pass: pass, ["run"]) {
                let count = min(left, 5)
                try await company.work(count)
                left -= count
            }
            try await company.expectExact("\(point.rawValue), pass \(pass)")
        }
        try await company.work()
        try await company.expectExact("\(point.rawValue), at the end")
    }

    /// Kept rows take another way out of the outbox.
    @Test(arguments: [CrashPoint.appended, .acknowledging, .cleaningUp])
    func keptRowsAreExactAfterBeingKilled(at point: CrashPoint) async throws {
        let seed = RandomSource(for: "kill at \(point.rawValue), with kept rows").seed
        let company = try await TradingCompany.found(
            try Northwind.available(seed: seed), seed: seed, fleet: TradingFleet(keep: "20ms"))
        for pass in [1, 2, 5] {
            try await company.work(100)
            try await company.fleet.crash(at: point, pass: pass, ["run"]) { try await company.work(3) }
            try await company.expectExact("\(point.rawValue), pass \(pass)")
        }
        try await company.work()
        try await company.expectExact("\(point.rawValue), at the end")
        let run = try await company.fleet.startRun()
        let orders = try company.store(of: .orders)
        try await eventually("kept rows go") { try await orders.integer("SELECT count(*) FROM outbox") == 0 }
        run.kill()
        try await run.end()
    }

    /// Parked events that an operator lets out of their outbox are exact, wherever that ends.
    @Test(arguments: [["parked", "retry"], ["parked", "discard", "--all"]])
    func parkedEventsAreExactAfterBeingKilled(_ command: [String]) async throws {
        for pass in [1, 2] {
            let setting = try await ParkedFleet()
            try await setting.parkMany()
            if command.contains("retry") { try setting.publishStolen() }
            try await setting.fleet.crash(at: .released, pass: pass, command)
            // Those behind discarded ones are let go by a retry.
            let retry = try await setting.fleet.flotilla("parked", "retry")
            #expect(retry.ended(0), "\(retry.said.suffix(1000))")
            try await setting.expectManyBills()
        }
    }

    /// Every point of the program is in one of these tests.
    @Test func everyPointIsTested() {
        let tested: [CrashPoint] = [
            .captured, .appended, .acknowledging, .cleaningUp, .released, .applied, .delivered, .trimming,
            // RebuildTests
            .rebuilt, .swapping,
            // PushCrashTests
            .pushed, .pushNoted,
            // FlowKillTests
            .flowTimeoutWritten,
            // SagaRunTests
            .sagaWritten,
        ]
        #expect(Set(tested) == Set(CrashPoint.allCases))
    }
}
