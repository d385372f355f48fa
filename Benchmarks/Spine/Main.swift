import FleetCore
import Foundation

/// Measures the spine on SQLite and the embedded broker, each figure as a ratio to SQLite alone in the same run.
///
///     make bench                        everything
///     flotilla-bench carry views        some of it
@main
struct SpineBenchmarks {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        #if Postgres
            if arguments.first == Drain.command { return try await Drain.run(Array(arguments.dropFirst())) }
        #endif
        #if NATS
            if arguments.first == NATSConsumption.command { return try await NATSConsumption.run() }
        #endif
        let chosen = Set(arguments)
        var all: [(name: String, run: (Workspace) async throws -> Void)] = [
            ("latency", LatencyBenchmark.run), ("idle", IdleBenchmark.run), ("views", ViewBenchmark.run),
            ("carry", CarryBenchmark.run), ("memory", MemoryBenchmark.run), ("push", PushBenchmark.run),
            ("decoder", DecoderBenchmark.run), ("traces", TraceBenchmark.run), ("page", PageBenchmark.run),
            ("observed", ObservedBenchmark.run),
            ("sagas-sqlite", SagaSQLiteBenchmark.run),
            ("sagas-waiting", SagaWaitingBenchmark.run), ("sagas-latency", SagaLatencyBenchmark.run),
        ]
        #if Postgres
            all += [
                ("log-a", LogBenchmark.runA), ("log-b", LogBenchmark.runB), ("log-latency", LogLatencyBenchmark.run),
                ("poll", PollBenchmark.run),
                ("writers", WriterCostBenchmark.run), ("large-transaction", LargeTransactionBenchmark.run),
                ("debezium", EngineBenchmark.run), ("sagas-postgres", SagaPostgresBenchmark.run),
            ]
        #endif
        #if NATS && Postgres
            all += [
                ("nats-log-a", NATSLogBenchmark.run), ("nats-latency", NATSLatencyBenchmark.run),
                ("nats-memory", NATSMemoryBenchmark.run),
            ]
        #endif
        for benchmark in all where chosen.isEmpty || chosen.contains(benchmark.name) {
            print("== \(benchmark.name)")
            // What another benchmark has written must not be written back in the middle of this one.
            sync()
            let workspace = try Workspace()
            try await benchmark.run(workspace)
            workspace.remove()
            fflush(nil)
        }
    }
}

/// A temporary directory, on the disk that holds the working directory: not in memory.
struct Workspace {
    let path: String

    init() throws {
        path = "\(FileManager.default.currentDirectoryPath)/.build/bench-\(getpid())"
        remove()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// The program, built beside this one.
    static var flotilla: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("flotilla").path
    }
}

/// Lets perf(1) count what Flotilla does, and not what it is compared with: unlike time, instructions do not depend on
/// what else the machine does. `scripts/bench-instructions` uses it.
enum PerfControl {
    /// A pipe on which `perf stat --control` listens.
    private static let pipe = ProcessInfo.processInfo.environment["FLOTILLA_PERF_CONTROL"].flatMap {
        FileHandle(forWritingAtPath: $0)
    }

    static func counted<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        tell("enable")
        defer { tell("disable") }
        return try await body()
    }

    private static func tell(_ word: String) {
        guard let pipe else { return }
        try? pipe.write(contentsOf: Data("\(word)\n".utf8))
        // perf looks at its pipe every now and then.
        usleep(50_000)
    }
}

/// The wall time of a piece of work, in seconds.
func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - start).inSeconds
}

func rounded(_ value: Double, _ digits: Int = 2) -> String {
    String(format: "%.\(digits)f", value)
}

/// How often what is compared is run in turns.
enum BenchRounds {
    static var count: Int {
        ProcessInfo.processInfo.environment["ROUNDS"].flatMap { Int($0) }.map { max(1, $0) } ?? 3
    }
}

extension [Double] {
    var median: Double {
        let sorted = sorted()
        return isEmpty ? .nan : (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }

    /// Of sorted values: the one that a share of them does not exceed.
    func quantile(_ share: Double) -> Double { self[Swift.min(count - 1, Int(Double(count) * share))] }
}
