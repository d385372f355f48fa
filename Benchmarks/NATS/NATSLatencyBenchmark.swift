#if NATS && Postgres
    import Brokers
    import Dispatch
    import FleetCore
    import Foundation
    import NATSBroker
    import Relay
    import TestKit

    /// From a commit in PostgreSQL to the moment at which a subscriber has the event, at 1,000 transactions a second. The
    /// subscriber has connections of its own.
    enum NATSLatencyBenchmark {
        private static let (rate, clients, warmUp, length) = (1000, 4, 5, 20)

        static func run(_ workspace: Workspace) async throws {
            let postgres = try await BenchServer()
            try await postgres.apply(.log)
            let server = try await NATSBench.server()
            let (broker, subscriber) = (try await NATSBench.broker(), try await NATSBench.broker())
            let progress = FleetCore.Progress(name: "relay")
            let relay = Drain.relay(from: postgres.address, .log, spool: workspace.path, to: broker, progress: progress)
            let count = rate * (warmUp + length)
            let script = workspace.file("order.sql")
            try "SELECT place_order();\n".write(toFile: script, atomically: true, encoding: .utf8)
            let arguments = [
                "-n", "-M", "prepared", "-c", "\(clients)", "-R", "\(rate)", "-t", "\(count / clients)", "-f", script,
                postgres.url,
            ]
            let ages = try await withThrowingTaskGroup(of: [Double].self) { group in
                group.addTask {
                    await relay.run()
                    return []
                }
                group.addTask { try await receive(count, from: subscriber) }
                group.addTask {
                    _ = try await withCheckedThrowingContinuation { continuation in
                        DispatchQueue.global().async {
                            continuation.resume(with: Swift.Result { try postgres.run("pgbench", arguments) })
                        }
                    }
                    return []
                }
                while let ages = try await group.next() {
                    if ages.isEmpty { continue }
                    group.cancelAll()
                    return ages
                }
                return []
            }
            await broker.close()
            await subscriber.close()
            postgres.stop()
            server.kill()
            let sorted = ages.dropFirst(rate * warmUp).sorted()
            print(
                "stamp within the transaction to delivered, \(rate) transactions a second: p50"
                    + " \(rounded(sorted.quantile(0.5))) ms (wanted: at most 2.5), p99 \(rounded(sorted.quantile(0.99)))"
                    + " ms (wanted: at most 10), p99.9 \(rounded(sorted.quantile(0.999))) ms")
        }

        /// How old each event is when it is there, in milliseconds.
        private static func receive(_ count: Int, from broker: NATSBroker) async throws -> [Double] {
            var (ages, position): ([Double], LogPosition) = ([], .start)
            while ages.count < count {
                let (stream, reader) = (NATSBench.stream, NATSBench.reader)
                let batch = try await broker.read(stream, for: reader, after: position, limit: .standard)
                guard let last = batch.last else {
                    try await broker.waitForRecords(in: stream, for: reader, after: position, timeout: .seconds(1))
                    continue
                }
                let now = Timestamp.now()
                ages += batch.map { record in
                    let digits = record.event.payload.drop { !(48...57).contains($0) }.prefix { (48...57).contains($0) }
                    let at = Int64(String(decoding: digits, as: UTF8.self)) ?? 0
                    return now.elapsed(since: Timestamp(microseconds: at)).inSeconds * 1000
                }
                position = last.position
                try await broker.acknowledge(upTo: position, by: reader, in: stream)
            }
            return ages
        }
    }
#endif
