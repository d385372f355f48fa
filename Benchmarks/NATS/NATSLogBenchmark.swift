#if NATS && Postgres
    import FleetCore
    import Foundation
    import TestKit

    /// A backlog out of PostgreSQL's log into JetStream, each event durable there: against `pg_recvlogical -f /dev/null` on the
    /// same log, and against a plain publishing loop with the same headers on the same server.
    enum NATSLogBenchmark {
        static func run(_ workspace: Workspace) async throws {
            let backlog = try await Backlog(.a, deleted: true)
            var (limits, plain): ([Double], [Double]) = ([], [])
            var runs: [(seconds: Double, peakKilobytes: Int)] = []
            for _ in 0..<BenchRounds.count {
                limits.append(try backlog.receiveByPostgres())
                var server = try await NATSBench.server()
                plain.append(try PublishLoop.run(url: server.url, messages: backlog.workload.events))
                server.kill()
                // Another, so that neither finds what the other has left.
                server = try await NATSBench.server()
                runs.append(try backlog.drain(into: .nats, directory: workspace.file("d")))
                server.kill()
            }
            backlog.server.stop()
            let events = Double(backlog.workload.events)
            func rate(_ times: [Double]) -> Double { events / times.median }
            let (ours, theirs, loop) = (rate(runs.map(\.seconds)), rate(limits), rate(plain))
            let bound = min(theirs, loop)
            print(
                "workload A into JetStream: \(backlog.workload.events) events; medians of \(runs.count) runs in turns")
            print("  pg_recvlogical -f /dev/null:  \(Int(theirs)) events a second")
            print("  plain publishing loop:        \(Int(loop)) events a second")
            print(
                "  into JetStream:               \(Int(ours)) events a second; ratio to pg_recvlogical:"
                    + " \(rounded(ours / theirs)) (wanted: at least 0.7), to the smaller of both: \(rounded(ours / bound))"
                    + " (wanted: at least 0.8); peak memory \((runs.map(\.peakKilobytes).max() ?? 0) / 1024) MB")
        }
    }

    /// What a backlog of a million events needs in memory, on its way in and on its way out.
    enum NATSMemoryBenchmark {
        static func run(_ workspace: Workspace) async throws {
            let backlog = try await Backlog(.b, deleted: true)
            let server = try await NATSBench.server()
            let (seconds, peak) = try backlog.drain(into: .nats, directory: workspace.file("d"))
            backlog.server.stop()
            let output = Pipe()
            let time = try timed(CommandLine.arguments[0], [NATSConsumption.command], output: output)
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            server.kill()
            let figures = text.split(separator: " ").compactMap {
                Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
            guard figures.count == 2 else { throw FleetError(.bug, "the process that reads said \(text)") }
            let events = Double(backlog.workload.events)
            print(
                "\(backlog.workload.events) events of backlog: into JetStream \(Int(events / seconds)) a second, peak memory"
                    + " \(peak / 1024) MB; out of it \(Int(Double(figures[0]) / time)) a second, peak memory"
                    + " \(figures[1] / 1024) MB (wanted: at most 64, both)")
        }
    }
#endif
