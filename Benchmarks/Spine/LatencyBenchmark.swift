import FleetCore
import Foundation
import SQLiteConnection
import Stores
import Synchronization

/// From a commit in one service to the moment at which another connection sees it in the view: 1,000 events a second.
enum LatencyBenchmark {
    static let rate = 1000
    static let length = 20

    static func run(_ workspace: Workspace) async throws {
        let fleet = try TwoServices(workspace)
        let child = try fleet.start()
        defer { child.terminate() }
        let committed = CommitTimes(count: rate * length)
        let latencies = try await withThrowingTaskGroup(of: [Double].self) { group in
            group.addTask {
                try await write(to: fleet.orders, committed); return []
            }
            group.addTask { try await observe(fleet.reports, committed) }
            var all: [Double] = []
            for try await part in group { all += part }
            return all
        }
        child.terminate()
        child.waitUntilExit()
        report(latencies.dropFirst(rate).sorted())
    }

    private static func write(to path: String, _ committed: CommitTimes) async throws {
        let connection = try SQLiteConnection(path: path, mode: .readWrite, durability: .full)
        let start = ContinuousClock.now + .milliseconds(500)
        for number in 0..<(rate * length) {
            try await Task.sleep(until: start + .microseconds(number * 1_000_000 / rate), clock: .continuous)
            while true {
                do {
                    try await connection.write { session in _ = try session.run(Rows.insertion, Rows.values(number)) }
                    break
                } catch let error as FleetError where error.isRetriable {}
            }
            committed[number] = .now
        }
        connection.close()
    }

    private static func observe(
        _ path: String, _ committed: CommitTimes
    ) async throws -> [Double] {
        let connection = try SQLiteConnection(path: path, mode: .readOnly)
        var latencies: [Double] = []
        var seen = 0
        while seen < rate * length {
            let count = try await connection.read { session in
                Int(try session.firstRow("SELECT max(rowid) FROM arrivals")?[0].integer ?? 0)
            }
            let now = ContinuousClock.now
            for number in seen..<max(seen, count) {
                // Visible before the writer was told of its own commit: no time at all.
                let time = committed[number]
                latencies.append(time.map { max(0, (now - $0).inSeconds * 1000) } ?? 0)
            }
            seen = max(seen, count)
            try await Task.sleep(for: .microseconds(200))
        }
        connection.close()
        return latencies
    }

    private static func report(_ sorted: [Double]) {
        func quantile(_ share: Double) -> Double { sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] }
        for bound in [0.5, 1, 1.5, 2, 3, 4, 6, 8, 10, 15, 25, 50, 100] {
            let share = Double(sorted.prefix { $0 <= bound }.count) / Double(sorted.count)
            print(
                "  ≤ \(rounded(bound, 1).leftPadded(5)) ms  \(rounded(share * 100, 2).leftPadded(6)) %  "
                    + String(repeating: "▆", count: Int(share * 40)))
        }
        print(
            "commit to visible: p50 \(rounded(quantile(0.5))) ms (wanted: at most 3), "
                + "p99 \(rounded(quantile(0.99))) ms (wanted: at most 15), p99.9 \(rounded(quantile(0.999))) ms")
    }
}

/// When the writer was told of each commit.
private final class CommitTimes: Sendable {
    private let times: Mutex<[ContinuousClock.Instant?]>

    init(count: Int) {
        times = Mutex([ContinuousClock.Instant?](repeating: nil, count: count))
    }

    subscript(number: Int) -> ContinuousClock.Instant? {
        get { times.withLock { $0[number] } }
        set { times.withLock { $0[number] = newValue } }
    }
}

extension String {
    fileprivate func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
