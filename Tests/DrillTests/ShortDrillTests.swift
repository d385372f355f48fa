#if Postgres
    import DrillJudge
    import DrillKit
    import Foundation
    import TestKit
    import Testing

    /// The drill itself, for about two minutes. `FLOTILLA_SEED` repeats its faults, `FLOTILLA_DRILL_SECONDS` has it last longer.
    @Suite(.serialized) struct ShortDrillTests {
        /// Each with its share of the time.
        private static let brokers: [(BrokerKind, seconds: Int)] = {
            #if NATS
                [(.embedded, 35), (.nats, 15), (.cluster, 30)]
            #else
                [(.embedded, 90)]
            #endif
        }()

        @Test(arguments: brokers) func everyPromiseIsKeptWhateverFails(broker: BrokerKind, seconds: Int) async throws {
            let seed = RandomSource(for: "failure drill, \(broker.rawValue)").seed
            let directory = "\(FileManager.default.temporaryDirectory.path)/flotilla-drill-test-\(UUID().uuidString)"
            var options = DrillOptions(seed: seed, directory: directory)
            options.broker = broker
            options.seconds =
                ProcessInfo.processInfo.environment["FLOTILLA_DRILL_SECONDS"].flatMap { Int($0) } ?? seconds
            // Other tests are at work at the same time.
            options.recoveryBound = 120
            options.rate = 40
            let drill = try Drill(options) { print("failure drill: \($0)") }
            let judgement = try await drill.run()
            print(try String(contentsOfFile: "\(directory)/report.txt", encoding: .utf8))
            for finding in judgement.findings {
                Issue.record("\(finding)\nseed \(seed); everything is in \(directory)")
            }
            if judgement.isClean { try FileManager.default.removeItem(atPath: directory) }
        }
    }
#endif
