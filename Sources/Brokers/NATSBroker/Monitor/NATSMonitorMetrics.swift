#if NATS
    import Signals

    /// What the monitoring endpoint of a NATS server tells.
    enum NATSMonitorMetrics {
        private static let server = ["server"]

        static let memory = Metric(
            "flotilla.nats.memory", .gauge, .bytes, server, "Resident memory of the NATS server.")
        static let cpu = Metric(
            "flotilla.nats.cpu", .gauge, .ratio, server,
            "How much of one processor the server uses; above 1 with several.")
        static let connections = Metric(
            "flotilla.nats.connections", .gauge, .things("connection"), server, "Connections of clients to the server.")
        static let connectionLimit = Metric(
            "flotilla.nats.connection.limit", .gauge, .things("connection"), server, "How many it takes.")
        static let pending = Metric(
            "flotilla.nats.connection.pending", .gauge, .bytes, server,
            "What waits for the client that takes slowest; beyond max_pending the server lets go of it.")
        static let subscriptions = Metric(
            "flotilla.nats.subscriptions", .gauge, .things("subscription"), server, "Subscriptions of all clients.")
        static let slowConsumers = Metric(
            "flotilla.nats.slow.consumers", .counter, .things("connection"), server,
            "Clients that the server let go of because they did not take what it had for them.")
        static let messages = Metric(
            "flotilla.nats.messages", .counter, .things("message"), ["server", "direction"],
            "Messages that came in and went out, of all clients.")
        static let payload = Metric(
            "flotilla.nats.payload", .counter, .bytes, ["server", "direction"], "The size of these messages.")
        static let jetStream = Metric(
            "flotilla.nats.jetstream", .gauge, .none, server, "1 while the server has JetStream; 0 where it is off.")
        static let storageUsed = Metric(
            "flotilla.nats.storage.used", .gauge, .bytes, ["server", "kind"],
            "What JetStream's streams take, in files and in memory.")
        static let storageReserved = Metric(
            "flotilla.nats.storage.reserved", .gauge, .bytes, ["server", "kind"],
            "What is kept free for streams that have a limit.")
        static let storageLimit = Metric(
            "flotilla.nats.storage.limit", .gauge, .bytes, ["server", "kind"], "What JetStream may take.")
        static let streams = Metric(
            "flotilla.nats.streams", .gauge, .things("stream"), server, "Streams of the server, of all who use it.")
        static let consumers = Metric(
            "flotilla.nats.consumers", .gauge, .things("consumer"), server, "JetStream's consumers of these.")
        static let requests = Metric(
            "flotilla.nats.api.requests", .counter, .things("request"), server, "Requests to JetStream's API.")
        static let errors = Metric(
            "flotilla.nats.api.errors", .counter, .things("request"), server, "Those that it refused.")

        static let all = [
            memory, cpu, connections, connectionLimit, pending, subscriptions, slowConsumers, messages, payload,
            jetStream, storageUsed, storageReserved, storageLimit, streams, consumers, requests, errors,
        ]
    }
#endif
