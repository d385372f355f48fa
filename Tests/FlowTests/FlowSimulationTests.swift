import Foundation
import TestKit
import Testing

/// Flows whose events come over several streams, judged against somebody who saw the true order.
@Suite struct FlowSimulationTests {
    private static let seeds = ProcessInfo.processInfo.environment["FLOTILLA_FLOW_SEEDS"].flatMap { Int($0) } ?? 5_000

    @Test func whateverTheMergeTheVerdictIsThatOfTheTrueOrder() async throws {
        var random = RandomSource(for: "flow simulation")
        for _ in 0..<Self.seeds {
            await Task.yield()
            let seed = random.next()
            guard let complaint = try FlowStorm.run(seed: seed) else { continue }
            Issue.record("seed \(seed): \(complaint)")
            return
        }
    }

    @Test(arguments: FlowStorm.Bug.allCases)
    func aPlantedBugIsCaught(bug: FlowStorm.Bug) async throws {
        var random = RandomSource(seed: 7)
        for _ in 0..<2_000 {
            await Task.yield()
            if try FlowStorm.run(seed: random.next(), bug: bug) != nil { return }
        }
        Issue.record("2,000 stories did not notice \(bug)")
    }
}
