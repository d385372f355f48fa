import TestKit
import Testing

/// `kill -9` at 200 random moments while services write: the result is exact.
@Suite(.serialized, .lanes) struct RandomKillTests {
    enum Setting: String, CaseIterable, Sendable {
        case plain, keptRows, smallRetention, withRebuilds

        var file: TradingFleet {
            switch self {
            case .plain, .withRebuilds: TradingFleet()
            case .keptRows: TradingFleet(keep: "30ms")
            case .smallRetention: TradingFleet(broker: "retain: {age: 1ms, size: 1KiB}")
            }
        }
    }

    private static let rounds = 50

    @Test(arguments: Setting.allCases) func everythingIsExactAfterManyKills(_ setting: Setting) async throws {
        let seed = RandomSource(for: "random kills, \(setting.rawValue)").seed
        var random = RandomSource(seed: seed)
        let company = try await TradingCompany.found(
            try Northwind.available(seed: seed), seed: seed, fleet: setting.file)
        let share = company.stepsToCome / Self.rounds + 1
        for round in 0..<Self.rounds {
            let life = Duration.microseconds(Int.random(in: 5_000...120_000, using: &random))
            try await company.work(Int.random(in: 0...share / 2, using: &random))
            // Some are killed while they start, the others while they carry.
            let run =
                round % 4 == 0
                ? try company.fleet.start("run") : try await company.fleet.startRun()
            let rebuild =
                setting == .withRebuilds && round % 5 == 4
                ? try company.fleet.start("views", "rebuild", "order_book") : nil
            try await during(life) { try await company.work(1) }
            rebuild?.kill()
            run.kill()
            #expect(try await run.end() == .signal(9))
            try await rebuild?.end()
            if round == Self.rounds / 2 { try await company.expectExact("\(setting.rawValue), half-way") }
        }
        try await company.work()
        try await company.expectExact("\(setting.rawValue), at the end")
    }
}
