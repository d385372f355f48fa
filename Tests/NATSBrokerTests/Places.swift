#if NATS
    import Brokers
    import FleetCore
    import Foundation
    import TestKit
    import Wire

    @testable import NATSBroker

    /// A stream of a test's own.
    struct Place {
        let servers: [String]
        let stream: StreamName
        var tls: NATSSettings.TLS?
        var credentials: String?
        var nkey: String?
        var limit = ByteCount.gibibytes(1)
        var replicas = 1

        /// - Parameter name: of the fleet; each test that shares a server has one of its own.
        init(_ servers: [String], _ name: String = "fleet") {
            self.servers = servers
            stream = StreamName(fleet: FleetName(unchecked: name), service: ServiceName(unchecked: "orders"))
        }

        var settings: NATSSettings {
            NATSSettings(
                servers: servers, name: "nats://test", tls: tls, credentials: credentials, nkey: nkey,
                replicas: replicas)
        }

        var setup: NATSBrokerSetup {
            NATSBrokerSetup(settings, mappings: [:], limit: limit)
        }

        var needs: BrokerNeeds { BrokerNeeds(streams: [stream], subscriptions: [(reader, stream)]) }

        var reader: SubscriptionName {
            SubscriptionName(service: ServiceName(unchecked: "reports"), view: ViewName(unchecked: "lines"))
        }

        func broker(
            _ retention: Retention? = nil, notice: @escaping @Sendable (String) -> Void = { _ in }
        ) -> NATSBroker {
            NATSBroker(
                settings,
                retention: retention ?? Retention(age: .seconds(86_400), size: .gibibytes(1), limit: .gibibytes(1)),
                notice: notice)
        }

        /// Makes the stream, and opens the broker for the length of `body`.
        func withBroker(_ body: (NATSBroker) async throws -> Void) async throws {
            _ = try await setup.apply(needs)
            let broker = broker()
            do {
                try await body(broker)
                await broker.close()
            } catch {
                await broker.close()
                throw error
            }
        }

        /// Asks JetStream itself, as an operator would.
        func ask(_ subject: String, _ request: String = "") async throws {
            let connection = try await NATSConnection.open(settings, for: .asking)
            let answer = try await connection.request(
                Array(request.utf8), to: "$JS.API.\(subject)", timeout: .seconds(180), doing: "test")
            let text = String(decoding: answer.payload, as: UTF8.self)
            await connection.close()
            try check(!text.contains("\"error\""), text)
        }

        /// The server that holds a consumer. Whoever leads may be gone with the question: it is asked `patiently`.
        func server(of consumer: SubscriptionName) async throws -> String? {
            struct Info: Decodable {
                struct Cluster: Decodable { var leader: String? }
                var cluster: Cluster?
            }
            let connection = try await NATSConnection.open(settings, for: .asking)
            let answer = try await connection.request(
                [], to: "$JS.API.CONSUMER.INFO.\(stream).\(ConsumerName.of(consumer))", timeout: .seconds(5),
                doing: "test")
            await connection.close()
            return try JSONDecoder().decode(Info.self, from: Data(answer.payload)).cluster?.leader
        }

        func publish(_ text: String, to subject: String) async throws {
            let connection = try await NATSConnection.open(settings, for: .asking)
            _ = try await connection.request(Array(text.utf8), to: subject, timeout: .seconds(180), doing: "test")
            await connection.close()
        }
    }

    extension Event {
        static func numbered(_ number: Int, payload: Int = 8) -> Event {
            Event(
                id: EventID(high: 0x0192_F3A4_5B6C_7000, low: 0x8000_0000_0000_0000 | UInt64(number)),
                source: "/fleet/orders", type: "OrderPlaced", key: "order-\(number % 7)", aggregateType: "order",
                time: Timestamp(microseconds: 1_700_000_000_000_000 + Int64(number)),
                payload: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: payload))
        }

        var number: Int { Int(id.low & 0xFFFF_FFFF) }
    }

    extension Broker {
        /// Appends batches, and tries each again until it is there, while `disturb` does its work.
        func append(
            _ batches: Int, of size: Int, to stream: StreamName, disturb: @escaping @Sendable (Int) async throws -> Void
        ) async throws {
            for batch in 0..<batches {
                let events = (batch * size..<(batch + 1) * size).map { Event.numbered($0, payload: 100) }
                async let disturbing: Void = disturb(batch)
                _ = try await patiently { try await append(events, to: stream) }
                try await disturbing
            }
        }

        func numbers(of stream: StreamName, after position: LogPosition = .start) async throws -> [Int] {
            var (numbers, position) = ([Int](), position)
            while true {
                let batch = try await read(stream, after: position, limit: .standard)
                guard let last = batch.last else { return numbers }
                numbers += batch.map(\.event.number)
                position = last.position
            }
        }
    }

    /// Tries again until it does not fail with what may pass.
    func patiently<Result>(_ body: () async throws -> Result) async throws -> Result {
        let deadline = ContinuousClock.now + .seconds(180)
        while true {
            do {
                return try await body()
            } catch let error as FleetError where error.isRetriable && ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
#endif
