#if Postgres
    import Brokers
    import CMalloc
    import EmbeddedBroker
    import FleetCore
    import Foundation
    import PostgresConnection
    import PostgresStore
    import Relay
    import Stores
    import Synchronization

    /// Carries a backlog in a process of its own, which is this program, so that its memory is its own.
    enum Drain {
        enum Sink: String {
            /// Counts events, and lets go of them.
            case count
            /// The embedded broker: durable.
            case broker
            /// The NATS server that the environment names.
            case nats
        }

        /// The first argument of a process that drains.
        static let command = "drain"

        static func measure(
            url: String, capture: CaptureMode, events: Int, sink: Sink, directory: String
        ) throws -> (seconds: Double, peakKilobytes: Int) {
            try? FileManager.default.removeItem(atPath: directory)
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            sync()
            let output = Pipe()
            let time = try timed(
                CommandLine.arguments[0], [command, url, capture.rawValue, String(events), sink.rawValue, directory],
                output: output)
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            guard let peak = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw FleetError(.bug, "the process that drains said \(text)")
            }
            try? FileManager.default.removeItem(atPath: directory)
            return (time, peak)
        }

        /// What that process does.
        static func run(_ arguments: [String]) async throws {
            // As `flotilla` does.
            mallopt(M_ARENA_MAX, 2)
            guard arguments.count == 5, let capture = CaptureMode(rawValue: arguments[1]),
                let count = Int(arguments[2]), let sink = Sink(rawValue: arguments[3])
            else { throw FleetError(.invalidInput, "drain URL CAPTURE EVENTS SINK DIRECTORY") }
            let broker = try await broker(sink, directory: arguments[4])
            let changes = ChangeSignal()
            let progress = FleetCore.Progress(name: "relay", changes: changes)
            let relay = relay(
                from: PostgresAddress(url: arguments[0], name: "postgres"), capture, spool: arguments[4], to: broker,
                progress: progress)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await relay.run() }
                while !(progress.snapshot.count >= count && progress.snapshot.isIdle) {
                    if let condition = progress.snapshot.condition { throw condition.error }
                    await changes.wait(past: changes.generation, timeout: .milliseconds(5))
                }
                group.cancelAll()
            }
            await broker.close()
            print(ProcessFigures(getpid())?.peakKilobytes ?? 0)
        }

        private static func broker(_ sink: Sink, directory: String) async throws -> any Broker {
            switch sink {
            case .count: return CountingBroker()
            case .broker: return try await embeddedBroker(directory)
            case .nats:
                #if NATS
                    return try await NATSBench.broker()
                #else
                    throw FleetError(.invalidInput, "this build has no NATS: build it with --traits NATS")
                #endif
            }
        }

        static func embeddedBroker(_ directory: String) async throws -> EmbeddedBroker {
            let retention = Retention(age: .seconds(86_400), size: .gibibytes(8), limit: .gibibytes(16))
            _ = try await EmbeddedBrokerSetup(directory: directory, retention: retention).apply(
                BrokerNeeds(streams: [BenchServer.stream], subscriptions: []))
            return EmbeddedBroker(directory: directory, retention: retention)
        }

        static func relay(
            from address: PostgresAddress, _ capture: CaptureMode, spool: String, to broker: any Broker,
            progress: FleetCore.Progress
        ) -> RelayService {
            let stream = BenchServer.stream
            let needs = OutboxNeeds(table: TableName(unchecked: "outbox"), capture: capture, stream: stream)
            return RelayService(
                stream: stream, contract: RelayContract(service: stream.service) { _ in true }, broker: broker,
                patience: .milliseconds(10), progress: progress,
                makeSource: {
                    if capture == .poll {
                        return try await PostgresOutbox(
                            address, table: needs.table, keep: needs.keep, stream: needs.stream)
                    }
                    return try await PostgresLogOutbox(address, needs: needs, spoolDirectory: spool)
                })
        }
    }

    /// Counts events, and lets go of them.
    final class CountingBroker: Broker {
        let name = "a sink that counts"
        private let count = Atomic<Int64>(0)

        func append(_ events: [Event], to stream: StreamName) async throws -> LogPosition {
            LogPosition(count.add(Int64(events.count), ordering: .relaxed).newValue)
        }

        func read(
            _ stream: StreamName, for subscription: SubscriptionName?, after position: LogPosition, limit: BatchLimit
        ) async throws -> [LogRecord] { [] }

        func waitForRecords(
            in stream: StreamName, for subscription: SubscriptionName?, after position: LogPosition, timeout: Duration
        ) async throws {}

        func bounds(of stream: StreamName) async throws -> StreamBounds {
            StreamBounds(
                identity: "", first: LogPosition(1), last: LogPosition(0), firstTime: nil, lastTime: nil,
                size: ByteCount(0))
        }

        func subscribe(
            _ subscription: SubscriptionName, to stream: StreamName, at position: LogPosition?
        ) async throws {}

        func acknowledge(
            upTo position: LogPosition, by subscription: SubscriptionName, in stream: StreamName
        ) async throws {}

        func unsubscribe(_ subscription: SubscriptionName, from stream: StreamName) async throws {}
        func subscriptions(of stream: StreamName) async throws -> [SubscriptionName: LogPosition] { [:] }
        func trim(_ stream: StreamName, sparing readers: [SubscriptionName]) async throws {}
        func appendTime(of position: LogPosition, in stream: StreamName) async throws -> Timestamp? { nil }
        func close() async {}
    }
#endif
