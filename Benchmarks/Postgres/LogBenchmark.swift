#if Postgres
    import FleetCore
    import Foundation

    /// A backlog out of PostgreSQL's log, against `pg_recvlogical -f /dev/null` on the same log.
    enum LogBenchmark {
        /// What a run's ratio should be at least, by sink.
        private static let wanted: [Backlog.Workload: (sink: Double, broker: Double)] = [.a: (1, 1), .b: (1, 0.95)]

        static func runA(_ workspace: Workspace) async throws { try await run(.a, workspace) }
        static func runB(_ workspace: Workspace) async throws { try await run(.b, workspace) }

        private static func run(_ workload: Backlog.Workload, _ workspace: Workspace) async throws {
            // Rows that their service deletes at once, as the documentation advises; then rows that are left to Flotilla,
            // which can be removed only once.
            for deleted in [true, false] {
                let name = "\(workload.rawValue), rows deleted by \(deleted ? "their service" : "Flotilla")"
                let backlog = try await Backlog(workload, deleted: deleted)
                var figures = Figures(events: workload.events)
                let rounds = deleted ? BenchRounds.count : 1
                for _ in 0..<rounds {
                    figures.limit.append(try backlog.receiveByPostgres())
                    if deleted { figures.sink.append(try backlog.drain(into: .count, directory: workspace.file("d"))) }
                    figures.limit.append(try backlog.receiveByPostgres())
                    figures.broker.append(try backlog.drain(into: .broker, directory: workspace.file("d")))
                }
                backlog.server.stop()
                figures.report(name, wanted: wanted[workload] ?? (1, 1))
            }
        }

        private struct Figures {
            let events: Int
            var limit: [Double] = []
            var sink: [(seconds: Double, peakKilobytes: Int)] = []
            var broker: [(seconds: Double, peakKilobytes: Int)] = []

            func report(_ name: String, wanted: (sink: Double, broker: Double)) {
                print("workload \(name): \(events) events; medians of \(max(1, broker.count)) runs in turns")
                print("  pg_recvlogical -f /dev/null:  \(rate(limit)) events a second")
                for (title, runs, bound) in [
                    ("into a sink that counts:     ", sink, wanted.sink),
                    ("into the embedded broker:    ", broker, wanted.broker),
                ] where !runs.isEmpty {
                    let ratio = limit.median / runs.map(\.seconds).median
                    print(
                        "  \(title)  \(rate(runs.map(\.seconds))) events a second; ratio: \(rounded(ratio)) (wanted: at"
                            + " least \(rounded(bound))); peak memory \((runs.map(\.peakKilobytes).max() ?? 0) / 1024) MB"
                            + " (wanted: at most 40)")
                }
            }

            private func rate(_ times: [Double]) -> Int { Int(Double(events) / times.median) }
        }
    }

    /// What the largest transaction needs in memory.
    enum LargeTransactionBenchmark {
        static func run(_ workspace: Workspace) async throws {
            let backlog = try await Backlog(.one, deleted: false)
            let limit = try backlog.receiveByPostgres()
            let (seconds, peak) = try backlog.drain(into: .broker, directory: workspace.file("d"))
            backlog.server.stop()
            print(
                "one transaction of \(Backlog.Workload.one.events) rows into the embedded broker: ratio"
                    + " \(rounded(limit / seconds)), peak memory \(peak / 1024) MB (wanted: at most 64)")
        }
    }
#endif
