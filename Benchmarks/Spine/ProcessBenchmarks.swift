import FleetCore
import Foundation

/// A fleet of two services, carried by the program itself.
struct TwoServices {
    let directory: String
    var file: String { "\(directory)/fleet.yaml" }
    var orders: String { "\(directory)/orders.db" }
    var reports: String { "\(directory)/reports.db" }

    init(_ workspace: Workspace) throws {
        directory = workspace.path
        let text = """
            fleet: bench
            services:
              orders:
                store: sqlite:orders.db
                publishes: [OrderPlaced]
              reports:
                store: sqlite:reports.db
                views:
                  arrivals:
                    schema: |
                      CREATE TABLE arrivals (order_id TEXT NOT NULL, total REAL NOT NULL);
                    when:
                      orders.OrderPlaced: |
                        INSERT INTO arrivals VALUES (:data.order_id, :data.total);

            """
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        try run(["apply", file])
    }

    func start(_ arguments: [String] = []) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Workspace.flotilla)
        process.arguments = ["run", file] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    private func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Workspace.flotilla)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw FleetError(.bug, "flotilla \(arguments) failed") }
    }
}

/// What the program needs in memory while it carries a backlog of a million events into a view.
enum MemoryBenchmark {
    static func run(_ workspace: Workspace) async throws {
        let fleet = try TwoServices(workspace)
        try await Rows.fill(fleet.orders, count: CarryBenchmark.count)
        let child = try fleet.start(["--until-idle"])
        var peak = 0
        while child.isRunning {
            peak = max(peak, ProcessFigures(child.processIdentifier)?.peakKilobytes ?? 0)
            try await Task.sleep(for: .milliseconds(20))
        }
        print("peak memory with a backlog of \(CarryBenchmark.count) events: \(peak / 1024) MB (wanted: at most 64)")
    }
}

/// What the program costs while there is nothing to do.
enum IdleBenchmark {
    static let length = 20.0

    static func run(_ workspace: Workspace) async throws {
        let fleet = try TwoServices(workspace)
        let child = try fleet.start()
        try await Task.sleep(for: .seconds(2))
        let before = ProcessFigures(child.processIdentifier)?.cpuSeconds ?? 0
        try await Task.sleep(for: .seconds(length))
        let after = ProcessFigures(child.processIdentifier)?.cpuSeconds ?? 0
        let threads = ProcessFigures(child.processIdentifier)?.threads ?? 0
        child.terminate()
        child.waitUntilExit()
        print("idle: \(rounded((after - before) / length * 100)) % of a core (wanted: at most 1), \(threads) threads")
    }
}

/// What /proc tells of a process.
struct ProcessFigures {
    var peakKilobytes: Int
    var cpuSeconds: Double
    var threads: Int

    init?(_ process: Int32) {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        else { return nil }
        func number(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
        }
        peakKilobytes = number("VmHWM")
        threads = number("Threads")
        // Fields 14 and 15, counted behind the name in brackets: user and system time in ticks.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12]) else { return nil }
        cpuSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
