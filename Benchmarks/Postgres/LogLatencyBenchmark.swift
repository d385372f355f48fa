#if Postgres
    import Brokers
    import EmbeddedBroker
    import FleetCore
    import Foundation
    import PostgresConnection
    import Relay
    import Synchronization

    /// From a commit to the moment at which the broker holds the event durably, at 1,000 transactions a second.
    enum LogLatencyBenchmark {
        private static let rate = 1000
        private static let clients = 4
        private static let warmUp = 5
        private static let length = 20

        static func run(_ workspace: Workspace) async throws {
            let server = try await BenchServer()
            try await server.apply(.log)
            let broker = TimingBroker(try await Drain.embeddedBroker(workspace.file("streams")))
            let changes = ChangeSignal()
            let progress = FleetCore.Progress(name: "relay", changes: changes)
            let relay = Drain.relay(
                from: server.address, .log, spool: workspace.path, to: broker, progress: progress)
            let count = rate * (warmUp + length)
            let script = workspace.file("order.sql")
            try "SELECT place_order();\n".write(toFile: script, atomically: true, encoding: .utf8)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await relay.run() }
                do {
                    _ = try await Self.onThread {
                        try server.run(
                            "pgbench",
                            [
                                "-n", "-M", "prepared", "-c", "\(clients)", "-R", "\(rate)", "-t", "\(count / clients)",
                                "-f", script, server.url,
                            ])
                    }
                } catch {
                    print("pgbench failed: \(error)")
                }
                while progress.snapshot.count < count, progress.snapshot.condition == nil {
                    await changes.wait(past: changes.generation, timeout: .milliseconds(20))
                }
                group.cancelAll()
            }
            await broker.close()
            server.stop()
            let sorted = broker.latencies.dropFirst(rate * warmUp).sorted()
            print(
                "stamp within the transaction to durable append, \(rate) transactions a second: p50"
                    + " \(rounded(sorted.quantile(0.5))) ms (wanted: at most 1.5), p99 \(rounded(sorted.quantile(0.99)))"
                    + " ms (wanted: at most 6), p99.9 \(rounded(sorted.quantile(0.999))) ms")
        }

        private static func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
            -> Result
        {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(with: Swift.Result { try body() }) }
            }
        }
    }

    /// Notes how old each event is when it is durable, by the time that its payload names: `{"at": MICROSECONDS`.
    private final class TimingBroker: Broker {
        private let broker: EmbeddedBroker
        private let ages = Mutex<[Double]>([])

        init(_ broker: EmbeddedBroker) { self.broker = broker }

        var name: String { broker.name }
        /// In milliseconds, in the order of the events.
        var latencies: [Double] { ages.withLock { $0 } }

        func append(_ events: [Event], to stream: StreamName) async throws -> LogPosition {
            let position = try await broker.append(events, to: stream)
            let now = Timestamp.now()
            let found = events.map { event in
                let digits = event.payload.drop { !(48...57).contains($0) }.prefix { (48...57).contains($0) }
                let at = Int64(String(decoding: digits, as: UTF8.self)) ?? 0
                return now.elapsed(since: Timestamp(microseconds: at)).inSeconds * 1000
            }
            ages.withLock { $0 += found }
            return position
        }

        func read(
            _ stream: StreamName, for subscription: SubscriptionName?, after position: LogPosition, limit: BatchLimit
        ) async throws -> [LogRecord] {
            try await broker.read(stream, for: subscription, after: position, limit: limit)
        }

        func waitForRecords(
            in stream: StreamName, for subscription: SubscriptionName?, after position: LogPosition, timeout: Duration
        ) async throws {
            try await broker.waitForRecords(in: stream, for: subscription, after: position, timeout: timeout)
        }

        func bounds(of stream: StreamName) async throws -> StreamBounds { try await broker.bounds(of: stream) }

        func appendTime(of position: LogPosition, in stream: StreamName) async throws -> Timestamp? {
            try await broker.appendTime(of: position, in: stream)
        }

        func subscribe(
            _ subscription: SubscriptionName, to stream: StreamName, at position: LogPosition?
        ) async throws {
            try await broker.subscribe(subscription, to: stream, at: position)
        }

        func acknowledge(
            upTo position: LogPosition, by subscription: SubscriptionName, in stream: StreamName
        ) async throws {
            try await broker.acknowledge(upTo: position, by: subscription, in: stream)
        }

        func unsubscribe(_ subscription: SubscriptionName, from stream: StreamName) async throws {
            try await broker.unsubscribe(subscription, from: stream)
        }

        func subscriptions(of stream: StreamName) async throws -> [SubscriptionName: LogPosition] {
            try await broker.subscriptions(of: stream)
        }

        func trim(_ stream: StreamName, sparing readers: [SubscriptionName]) async throws {
            try await broker.trim(stream, sparing: readers)
        }
        func close() async { await broker.close() }
    }
#endif
