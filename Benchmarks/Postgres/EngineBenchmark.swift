#if Postgres
    import FleetCore
    import Foundation

    /// The backlogs against the Debezium engine, with its outbox event router, where it is installed.
    enum EngineBenchmark {
        private struct Report: Decodable {
            var seconds: Double
            var peakBytes: Int

            private enum CodingKeys: String, CodingKey {
                case seconds
                case peakBytes = "peak_rss_bytes"
            }
        }

        static func run(_ workspace: Workspace) async throws {
            let classes = "\(FileManager.default.currentDirectoryPath)/.build/peers/classes/.done"
            guard FileManager.default.fileExists(atPath: classes) else {
                print("the Debezium engine is not installed (Benchmarks/peers/setup): not compared with")
                return
            }
            for workload in [Backlog.Workload.a, .b] {
                let backlog = try await Backlog(workload, deleted: true)
                var ours: [(seconds: Double, peakKilobytes: Int)] = []
                var theirs: [Report] = []
                for _ in 0..<BenchRounds.count {
                    theirs.append(try drainByEngine(backlog))
                    ours.append(try backlog.drain(into: .broker, directory: workspace.file("d")))
                }
                backlog.server.stop()
                let ratio = theirs.map(\.seconds).median / ours.map(\.seconds).median
                let memory =
                    Double(theirs.map(\.peakBytes).min() ?? 0)
                    / Double((ours.map(\.peakKilobytes).max() ?? 1) * 1024)
                print(
                    "workload \(workload.rawValue) into the embedded broker, against the Debezium engine counting: events a"
                        + " second \(rounded(ratio)) times (wanted: at least 2), memory 1/\(Int(memory)) (wanted: at most"
                        + " 1/20)")
            }
        }

        /// Its seconds are from the first event to the last, without the start of the JVM.
        private static func drainByEngine(_ backlog: Backlog) throws -> Report {
            let output = Pipe()
            _ = try timed(
                BenchServer.peers("drain"),
                [
                    backlog.server.tcpURL, "outbox", "\(backlog.workload.events)", "--slot", "kept", "--publication",
                    backlog.slot,
                ], output: output)
            let data = output.fileHandleForReading.readDataToEndOfFile()
            return try JSONDecoder().decode(Report.self, from: data)
        }
    }
#endif
