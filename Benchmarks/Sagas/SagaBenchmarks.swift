import FleetCore
import Foundation
import SQLiteConnection
import SQLiteStore
import SagaModel
import Sagas
import Stores
import Subscriptions
import TestKit

#if Postgres
    import PostgresConnection
    import PostgresStore
#endif

/// Sagas a second on SQLite, against durable commits of SQLite alone.
enum SagaSQLiteBenchmark {
    private static let sagas = 10_000
    private static let commits = 10_000

    static func run(_ workspace: Workspace) async throws {
        var ratios: [Double] = []
        var rates: [Double] = []
        for round in 0..<3 {
            let alone = try await commitRate(workspace.file("alone-\(round).db"))
            let path = workspace.file("sagas-\(round).db")
            try SQLiteConnection(path: path, mode: .create).close()
            let rate = try await SagaBench { try SQLiteStore(path: path) }.rate(SagaBench.threeSteps, sagas)
            rates.append(rate)
            ratios.append(rate * 3 / alone)
        }
        let (rate, ratio) = (rates.sorted()[1], ratios.sorted()[1])
        print(
            "sagas of 3 steps on SQLite: \(Int(rate)) a second; steps ÷ durable commits of SQLite alone:"
                + " \(rounded(ratio)) (wanted: at least 0.5)")
    }

    /// Durable commits a second, one row each.
    private static func commitRate(_ path: String) async throws -> Double {
        let connection = try SQLiteConnection(path: path, mode: .create)
        try await connection.write { try $0.script("CREATE TABLE t (id INTEGER PRIMARY KEY, state TEXT)") }
        let time = try await seconds {
            for _ in 0..<commits {
                _ = try await connection.write { try $0.run("INSERT INTO t (state) VALUES ('x')") }
            }
        }
        connection.close()
        return Double(commits) / time
    }
}

/// A hundred thousand sagas that wait: memory, start-up, and what new ones cost beside them.
enum SagaWaitingBenchmark {
    private static let waiting = 100_000
    private static let sagas = 10_000

    static func run(_ workspace: Workspace) async throws {
        let path = workspace.file("waiting.db")
        try SQLiteConnection(path: path, mode: .create).close()
        let timer = SagaStep(name: "wait", activity: .timer(.seconds(80_000)), role: .query)
        let bench = SagaBench { try SQLiteStore(path: path) }
        try await bench.setUp()
        try await bench.post(waiting)
        let store = try await bench.stores.store()
        let journal = bench.journal
        let begun = await seconds {
            let engine = bench.engine(SagaBench.definition([timer]))
            await withTaskGroup { group in
                group.addTask { await engine.run() }
                while (try? await store.read { try journal.counts(in: $0)["bench"]?[.running] ?? 0 }) != waiting {
                    try? await Task.sleep(for: .milliseconds(100))
                }
                group.cancelAll()
            }
        }
        let peak = ProcessMemory.peak
        // A process that takes over: the first new saga ends once it is at work.
        try await bench.post(1, from: waiting)
        let recovered = await time(bench, until: 1)
        var ratios: [Double] = []
        for round in 0..<3 {
            let alone = try await SagaBench { [path = workspace.file("none-\(round).db")] in
                try SQLiteConnection(path: path, mode: .create).close()
                return try SQLiteStore(path: path)
            }.rate(SagaBench.threeSteps, sagas)
            let ended = bench.endedCount
            try await bench.post(sagas, from: waiting + ended)
            ratios.append(Double(sagas) / (await time(bench, until: ended + sagas)) / alone)
        }
        await bench.stores.close()
        print(
            "\(waiting) sagas that wait, on SQLite: begun in \(rounded(begun)) s, peak memory of the whole benchmark"
                + " \(peak) MB (wanted: at most 128); taken over in \(rounded(recovered)) s; new ones beside them ÷ without:"
                + " \(rounded(ratios.sorted()[1])) (wanted: at least 0.9)")
    }

    /// Seconds that another engine takes from its start until so many sagas have ended.
    private static func time(_ bench: SagaBench, until count: Int) async -> Double {
        let engine = bench.engine(SagaBench.threeSteps)
        return await seconds {
            await withTaskGroup { group in
                group.addTask { await engine.run() }
                await bench.waitForEnds(count)
                group.cancelAll()
            }
        }
    }
}

/// The peak of this process's resident memory, in MB.
enum ProcessMemory {
    static var peak: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) / 1_024
    }
}

/// The time of a step at 200 sagas a second: from its request in the journal to its answer there.
enum SagaLatencyBenchmark {
    private static let sagas = 2_000

    static func run(_ workspace: Workspace) async throws {
        let path = workspace.file("latency.db")
        try SQLiteConnection(path: path, mode: .create).close()
        let bench = SagaBench { try SQLiteStore(path: path) }
        try await bench.setUp()
        let engine = bench.engine(SagaBench.threeSteps)
        try await withThrowingTaskGroup { group in
            group.addTask { await engine.run() }
            let start = ContinuousClock.now
            for number in 0..<sagas {
                try await bench.post(1, from: number)
                engine.nudge()
                try await Task.sleep(until: start + .milliseconds(5) * (number + 1), clock: .continuous)
            }
            await bench.waitForEnds(sagas)
            group.cancelAll()
        }
        let journal = bench.journal
        let store = try await bench.stores.store()
        var times: [Double] = []
        for number in 0..<sagas {
            let state = try await store.read { try journal.entry("bench/\(number)", in: $0)?.state }
            for run in state?.runs.all ?? [] {
                let end = run.forward.endedAt ?? run.forward.startedAt
                times.append(Double(end.elapsed(since: run.forward.startedAt).wholeMicroseconds) / 1_000)
            }
        }
        await bench.stores.close()
        times.sort()
        func quantile(_ share: Double) -> Double { times[min(times.count - 1, Int(Double(times.count) * share))] }
        print(
            "a step at 200 sagas a second, on SQLite: p50 \(rounded(quantile(0.5))) ms, p99 \(rounded(quantile(0.99))) ms"
                + " (wanted: at most 15)")
    }
}

#if Postgres
    /// Sagas a second on PostgreSQL, against `pgbench` with one durable transaction of two rows a step.
    enum SagaPostgresBenchmark {
        private static let sagas = 10_000
        private static let transactions = 2_000
        private static let clients = 16

        static func run(_ workspace: Workspace) async throws {
            let server = try await BenchServer()
            try server.psql(
                """
                CREATE TABLE bench_states (id BIGINT PRIMARY KEY, state TEXT);
                CREATE TABLE bench_steps (id BIGSERIAL PRIMARY KEY, saga BIGINT, state TEXT);
                INSERT INTO bench_states SELECT n, 'x' FROM generate_series(1, 10000) AS n
                """)
            let script = workspace.file("steps.sql")
            try """
            \\set saga random(1, 10000)
            BEGIN;
            UPDATE bench_states SET state = 'y' WHERE id = :saga;
            INSERT INTO bench_steps (saga, state) VALUES (:saga, 'done');
            COMMIT;

            """.write(toFile: script, atomically: true, encoding: .utf8)
            var ratios: [Double] = []
            var rates: [Double] = []
            for round in 0..<3 {
                let time = try server.run(
                    "pgbench",
                    [
                        "--no-vacuum", "--client", "\(clients)", "--jobs", "2", "--transactions", "\(transactions)",
                        "--protocol", "prepared", "--file", script, server.url,
                    ])
                let schema = "sagas_\(round)"
                try server.psql("CREATE SCHEMA \(schema)")
                var address = server.address
                address.schema = schema
                let rate = try await SagaBench { [address] in PostgresStore(address) }
                    .rate(SagaBench.threeSteps, sagas)
                rates.append(rate)
                ratios.append(rate * 3 / (Double(transactions * clients) / time))
            }
            try compareWithDBOS(rates.median, server)
            server.stop()
            print(
                "sagas of 3 steps on PostgreSQL: \(Int(rates.median)) a second; steps ÷ transactions of pgbench -c"
                    + " \(clients): \(rounded(ratios.median)) (wanted: at least 0.5)")
        }

        /// Against DBOS Transact, where it is installed.
        private static func compareWithDBOS(_ rate: Double, _ server: BenchServer) throws {
            let python = "\(FileManager.default.currentDirectoryPath)/.build/peers/venv/bin/python"
            let script = BenchServer.peers("dbos-sagas")
            guard (try? timed(python, ["-c", "import dbos"])) != nil else {
                print("DBOS is not installed (Benchmarks/peers/setup): not compared with")
                return
            }
            for (settings, arguments) in [("default", []), ("tuned", ["--tuned"])] {
                let output = Pipe()
                try server.psql("CREATE DATABASE dbos_\(settings)")
                let url = server.server.tcpURL("dbos_\(settings)")
                _ = try timed(python, [script, url, "1000"] + arguments, output: output)
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                guard let theirs = Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) else { continue }
                print(
                    "  DBOS with \(settings) settings: \(Int(theirs)) workflows a second; ours are"
                        + " \(rounded(rate / theirs, 1)) times as many (wanted: at least 25)")
            }
        }
    }
#endif
