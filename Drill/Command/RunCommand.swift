import ArgumentParser
import DrillJudge
import DrillKit
import Foundation
import UnixSignals

/// Runs a drill.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Run a drill (the default).")

    @Option(help: "Repeats the faults of a drill that printed it. (default: a new one)")
    var seed: UInt64?

    @Option(help: "How long there are faults, in minutes.")
    var minutes = 10

    @Option(help: "How long there are faults, in seconds, in place of --minutes.")
    var seconds: Int?

    @Option(
        help: "The broker: \(BrokerKind.allCases.map(\.rawValue).joined(separator: ", ")).", transform: Self.brokerKind)
    var broker = BrokerKind.embedded

    @Option(help: "How many `flotilla run`.")
    var instances = 2

    @Option(help: "Transactions a second, of all writers together.")
    var rate = 80

    @Option(help: "Where fleet, history and report are kept. (default: a new one in the temporary directory)")
    var directory: String?

    private static func brokerKind(_ text: String) throws -> BrokerKind {
        guard let kind = BrokerKind(rawValue: text) else { throw ValidationError("there is no broker \(text)") }
        return kind
    }

    func validate() throws {
        guard (1...64).contains(instances) else { throw ValidationError("--instances: 1 to 64") }
        guard (1...10_000).contains(rate) else { throw ValidationError("--rate: 1 to 10000") }
        guard (1...86_400).contains(seconds ?? minutes * 60) else {
            throw ValidationError("a drill lasts a day at most")
        }
    }

    func run() async throws {
        #if Postgres
            signal(SIGPIPE, SIG_IGN)
            let seed = seed ?? .random(in: 0...UInt64.max)
            var options = DrillOptions(
                seed: seed, directory: directory ?? "\(NSTemporaryDirectory())flotilla-drill-\(seed)")
            options.seconds = seconds ?? minutes * 60
            options.broker = broker
            options.instances = instances
            options.rate = rate
            let drill = try Drill(options, tell: DrillCommand.tell)
            DrillCommand.tell("seed \(seed); everything is kept in \(drill.path)")
            guard let judgement = try await Self.unlessInterrupted({ try await drill.run() }) else {
                DrillCommand.tell("stopped; the history is \(drill.path)/history.jsonl")
                throw ExitCode(130)
            }
            try DrillCommand.end(judgement, in: drill.path)
        #else
            throw ValidationError("this build has no PostgreSQL: build with --traits Postgres, as `make drill` does")
        #endif
    }

    /// - Returns: `nil` where SIGINT or SIGTERM came first; `body` was cancelled, and has ended.
    private static func unlessInterrupted<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
