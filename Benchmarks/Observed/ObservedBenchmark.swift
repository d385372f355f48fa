import FleetCore
import Foundation
import TestKit

/// What it costs to be watched: a backlog carried by the program with everything on (metrics, page, objectives, telemetry to
/// a collector), against the same with everything off.
enum ObservedBenchmark {
    private static let count = 500_000
    /// Two runs of the same kind differ by more than is looked for: many are made, each round in another order.
    private static let rounds = 4 * BenchRounds.count
    /// Of so many events, one belongs to a trace that is recorded, as where one of a hundred requests is sampled.
    private static let tracedShare = 100

    static func run(_ workspace: Workspace) async throws {
        let collector = try await QuickReceiver()
        try await compare(
            "SQLite",
            WatchedFleet.Sort(orders: { "sqlite:\($0)/orders.db" }) { fleet, traced in
                let (file, filled) = ("\(fleet)/orders.db", workspace.file("filled-\(traced).db"))
                if FileManager.default.fileExists(atPath: filled) {
                    for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + end) }
                    try FileManager.default.copyItem(atPath: filled, toPath: file)
                } else {
                    try await Rows.fill(file, count: count, traced: traced)
                    try FileManager.default.copyItem(atPath: file, toPath: filled)
                }
            }, collector, workspace)
        #if Postgres
            let server = try await BenchServer()
            // Whoever applies makes the table anew; the columns that Flotilla gives it have the context.
            try server.psql("DROP TABLE outbox")
            try await compare(
                "PostgreSQL's log",
                WatchedFleet.Sort(orders: { _ in server.url }, outbox: "{capture: log}") { _, traced in
                    try server.psql(fill(traced: traced))
                }, collector, workspace)
            server.stop()
        #endif
        try await collector.stop()
    }

    private static func compare(
        _ name: String, _ sort: WatchedFleet.Sort, _ collector: QuickReceiver, _ workspace: Workspace
    ) async throws {
        var times: [WatchedFleet.Watching: [ChildTime]] = [:]
        for round in 0..<rounds {
            for watching in WatchedFleet.Watching.orders[round % WatchedFleet.Watching.orders.count] {
                let fleet = try WatchedFleet(workspace.file("fleet"), sort, watching, collector: collector.port)
                try await sort.fill(fleet.directory, watching == .traced ? 1 : tracedShare)
                sync()
                times[watching, default: []].append(try fleet.carry())
                try fleet.remove()
            }
        }
        let off = times[.nothing] ?? []
        print(
            "\(name), \(count) events into a view, against everything off; means of \(off.count) rounds, ± one standard error"
        )
        for (watching, title, wanted) in [
            (.all, "everything on, 1 of \(tracedShare) events traced:", " (wanted: at least 0.97)"),
            (.traced, "everything on, each event traced:", ""),
        ] as [(WatchedFleet.Watching, String, String)] {
            let rounds = zip(off, times[watching] ?? [])
            print("  \(title) speed \(mean(of: rounds.map { $0.wall / $1.wall }))\(wanted)")
            print("    processor time \(mean(of: rounds.map { $1.processor / $0.processor }))")
        }
    }

    /// The geometric mean, and its standard error.
    private static func mean(of ratios: [Double]) -> String {
        let logarithms = ratios.map { log($0) }
        let count = Double(ratios.count)
        let mean = logarithms.reduce(0, +) / count
        let variance = logarithms.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / (count - 1)
        return "\(rounded(exp(mean))) ± \(rounded(exp(mean) * (variance / count).squareRoot()))"
    }

    #if Postgres
        private static func fill(traced: Int) -> String {
            """
            TRUNCATE outbox;
            SET synchronous_commit = off;
            DO $$ BEGIN
                FOR n IN 1..\(count) LOOP
                    INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload, traceparent) VALUES (
                        gen_random_uuid(), 'Order', n::text, 'OrderPlaced', order_payload(n),
                        '00-' || md5(n::text) || '-' || substr(md5('s' || n), 1, 16)
                            || CASE WHEN n % \(traced) = 0 THEN '-01' ELSE '-00' END);
                    IF n % 10 = 0 THEN COMMIT; END IF;
                END LOOP;
            END $$;
            SET synchronous_commit = on;
            CREATE TABLE filled ();
            DROP TABLE filled
            """
        }
    #endif
}

/// A fleet of two services, watched or not.
private struct WatchedFleet {
    enum Watching {
        case nothing
        case all
        /// As `all`, and each event belongs to a trace.
        case traced

        /// The machine is not the same at any two times, nor after any two runs: each comes as often at each place, and as often
        /// after each other.
        static let orders: [[Self]] = [
            [.nothing, .all, .traced], [.traced, .nothing, .all], [.all, .traced, .nothing],
            [.traced, .all, .nothing], [.nothing, .traced, .all], [.all, .nothing, .traced],
        ]
    }

    struct Sort {
        /// The store of the service that publishes, in a directory.
        var orders: (String) -> String
        var outbox = "{}"
        /// Writes the backlog. Of so many events one is traced.
        var fill: (String, Int) async throws -> Void
    }

    let directory: String
    private var file: String { "\(directory)/fleet.yaml" }

    init(_ directory: String, _ sort: Sort, _ watching: Watching, collector: Int) throws {
        self.directory = directory
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let watched = """
            metrics: "127.0.0.1:0"
            page: "127.0.0.1:0"
            telemetry:
              otlp: {url: "http://127.0.0.1:\(collector)"}
            objectives:
              fresh: {view: reports.arrivals, freshness: 2s, target: 99.9%}
              fast: {stream: orders, latency: 500ms, target: 99%}
              stored: {store: orders, latency: 1s, target: 99%}

            """
        let text = """
            fleet: watched
            \(watching == .nothing ? "" : watched)
            services:
              orders:
                store: "\(sort.orders(directory))"
                outbox: \(sort.outbox)
                publishes: [OrderPlaced]
              reports:
                store: sqlite:reports.db
                views:
                  arrivals:
                    schema: CREATE TABLE arrivals (order_id TEXT NOT NULL, total REAL NOT NULL);
                    when:
                      orders.OrderPlaced: INSERT INTO arrivals VALUES (:data.order_id, :data.total)

            """
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        _ = try flotilla("apply", file)
    }

    func carry() throws -> ChildTime { try flotilla("run", "--until-idle", file) }

    func remove() throws {
        _ = try flotilla("apply", "--remove", "orders", file)
        try FileManager.default.removeItem(atPath: directory)
    }

    private func flotilla(_ arguments: String...) throws -> ChildTime {
        try ChildTime(of: Workspace.flotilla, arguments)
    }
}

/// What a program needed to its end, in seconds.
private struct ChildTime {
    let wall: Double
    /// Of all of its threads, in user and kernel mode.
    let processor: Double

    init(of program: String, _ arguments: [String]) throws {
        let before = Self.processorOfChildren
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        // It says that objectives are missed: the backlog is old.
        process.standardError = FileHandle.nullDevice
        let begun = ContinuousClock.now
        try process.run()
        process.waitUntilExit()
        wall = (ContinuousClock.now - begun).inSeconds
        guard process.terminationStatus == 0 else {
            throw FleetError(.unavailable, "\(program) \(arguments) ended with \(process.terminationStatus)")
        }
        processor = Self.processorOfChildren - before
    }

    private static var processorOfChildren: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].map { Double($0.tv_sec) + Double($0.tv_usec) / 1_000_000 }.reduce(0, +)
    }
}
