import FleetCore
import Foundation

/// Measures the spine on SQLite and the embedded broker, each figure as a ratio to SQLite alone in the same run.
///
///     make bench                        everything
///     flotilla-bench carry views        some of it
@main
struct SpineBenchmarks {
    static func main() async throws {
        let chosen = Set(CommandLine.arguments.dropFirst())
        let all: [(name: String, run: (Workspace) async throws -> Void)] = [
            ("latency", LatencyBenchmark.run), ("idle", IdleBenchmark.run), ("views", ViewBenchmark.run),
            ("carry", CarryBenchmark.run), ("memory", MemoryBenchmark.run), ("decoder", DecoderBenchmark.run),
        ]
        for benchmark in all where chosen.isEmpty || chosen.contains(benchmark.name) {
            print("== \(benchmark.name)")
            // What another benchmark has written must not be written back in the middle of this one.
            sync()
            let workspace = try Workspace()
            try await benchmark.run(workspace)
            workspace.remove()
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

/// The wall time of a piece of work, in seconds.
func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - start).inSeconds
}

func rounded(_ value: Double, _ digits: Int = 2) -> String {
    String(format: "%.\(digits)f", value)
}
