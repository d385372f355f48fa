#if NATS
    import FleetCore
    import Foundation
    public import Signals

    /// What a NATS server tells of itself over HTTP (https://docs.nats.io/running-a-nats-service/nats_admin/monitoring).
    public enum NATSMonitor {
        /// What is asked for, in this order. Of connections the one that waits for most is told.
        public static let paths = ["/varz", "/jsz", "/connz?sort=pending&limit=1"]

        /// The label of each metric is the server's address.
        public static var metrics: [Metric] { NATSMonitorMetrics.all }

        /// Reads the answers to ``paths``.
        /// - Throws: `invalidInput` for what no NATS server answers.
        public static func readings(_ answers: [[UInt8]]) throws -> Readings {
            guard answers.count == paths.count else { throw FleetError(.bug, "an answer is missing") }
            let server: ServerReport = try read(answers[0], of: "/varz")
            let streams: JetStreamReport = try read(answers[1], of: "/jsz")
            let connections: ConnectionReport = try read(answers[2], of: "/connz")
            var readings = Readings()
            server.tell(&readings)
            streams.tell(&readings)
            let pending = connections.connections.compactMap(\.pendingBytes).max() ?? 0
            readings.add(NATSMonitorMetrics.pending, value: pending)
            return readings
        }

        private static func read<Report: Decodable>(_ answer: [UInt8], of path: String) throws -> Report {
            do {
                return try JSONDecoder().decode(Report.self, from: Data(answer))
            } catch {
                throw FleetError(
                    .invalidInput, "what answers at \(path) is no monitoring endpoint of NATS",
                    remedy: "name the address of `http_port` in the server's configuration under `broker.monitor`")
            }
        }
    }

    /// `/varz`
    private struct ServerReport: Decodable {
        var id: String
        var memory: Double
        /// In percent of one processor.
        var cpu: Double
        var connections: Double
        var connectionLimit: Double?
        var subscriptions: Double
        var slowConsumers: Double
        var messagesIn: Double
        var messagesOut: Double
        var bytesIn: Double
        var bytesOut: Double

        enum CodingKeys: String, CodingKey {
            case id = "server_id", memory = "mem", cpu, connections, connectionLimit = "max_connections", subscriptions
            case slowConsumers = "slow_consumers", messagesIn = "in_msgs", messagesOut = "out_msgs"
            case bytesIn = "in_bytes", bytesOut = "out_bytes"
        }

        func tell(_ readings: inout Readings) {
            readings.add(NATSMonitorMetrics.memory, value: memory)
            readings.add(NATSMonitorMetrics.cpu, value: cpu / 100)
            readings.add(NATSMonitorMetrics.connections, value: connections)
            readings.add(NATSMonitorMetrics.connectionLimit, value: connectionLimit)
            readings.add(NATSMonitorMetrics.subscriptions, value: subscriptions)
            readings.add(NATSMonitorMetrics.slowConsumers, value: slowConsumers)
            readings.add(NATSMonitorMetrics.messages, labels: ["in"], value: messagesIn)
            readings.add(NATSMonitorMetrics.messages, labels: ["out"], value: messagesOut)
            readings.add(NATSMonitorMetrics.payload, labels: ["in"], value: bytesIn)
            readings.add(NATSMonitorMetrics.payload, labels: ["out"], value: bytesOut)
        }
    }

    /// `/jsz`
    private struct JetStreamReport: Decodable {
        struct Limits: Decodable {
            var memory: Double
            var storage: Double

            enum CodingKeys: String, CodingKey { case memory = "max_memory", storage = "max_storage" }
        }

        struct Interface: Decodable {
            var total: Double
            var errors: Double
        }

        var id: String
        var isDisabled: Bool?
        var limits: Limits?
        var memory: Double?
        var storage: Double?
        var reservedMemory: Double?
        var reservedStorage: Double?
        var streams: Double?
        var consumers: Double?
        var interface: Interface?

        enum CodingKeys: String, CodingKey {
            case id = "server_id", isDisabled = "disabled", limits = "config", memory, storage
            case reservedMemory = "reserved_memory", reservedStorage = "reserved_storage", streams, consumers
            case interface = "api"
        }

        func tell(_ readings: inout Readings) {
            readings.add(NATSMonitorMetrics.jetStream, value: isDisabled == true ? 0 : 1)
            guard isDisabled != true else { return }
            for (kind, used, reserved, limit) in [
                ("file", storage, reservedStorage, limits?.storage), ("memory", memory, reservedMemory, limits?.memory),
            ] {
                readings.add(NATSMonitorMetrics.storageUsed, labels: [kind], value: used)
                readings.add(NATSMonitorMetrics.storageReserved, labels: [kind], value: reserved)
                readings.add(NATSMonitorMetrics.storageLimit, labels: [kind], value: limit)
            }
            readings.add(NATSMonitorMetrics.streams, value: streams)
            readings.add(NATSMonitorMetrics.consumers, value: consumers)
            readings.add(NATSMonitorMetrics.requests, value: interface?.total)
            readings.add(NATSMonitorMetrics.errors, value: interface?.errors)
        }
    }

    /// `/connz`
    private struct ConnectionReport: Decodable {
        struct Connection: Decodable {
            var pendingBytes: Double?

            enum CodingKeys: String, CodingKey { case pendingBytes = "pending_bytes" }
        }

        var id: String
        var connections: [Connection]

        enum CodingKeys: String, CodingKey { case id = "server_id", connections }
    }
#endif
