#if NATS
    import FleetCore

    /// What JetStream says of a consumer: the cursor of a subscription, or a passing look.
    struct ConsumerInfo: Decodable, Sendable {
        struct Place: Decodable, Sendable {
            var stream: UInt64
            /// How many there were.
            var count: UInt64

            enum CodingKeys: String, CodingKey { case stream = "stream_seq", count = "consumer_seq" }
        }

        struct Configuration: Decodable, Sendable {
            var description: String?
            var start: UInt64?

            enum CodingKeys: String, CodingKey { case description, start = "opt_start_seq" }
        }

        var name: String
        var config: Configuration
        private var delivered: Place
        private var acknowledged: Place
        var unacknowledged: Int
        var waiting: Int?
        /// Messages that are still to be delivered.
        var pending: Int
        /// `nil` on a server that stands alone.
        var cluster: StreamInfo.Cluster?

        enum CodingKeys: String, CodingKey {
            case name, config, delivered, cluster
            case acknowledged = "ack_floor"
            case unacknowledged = "num_ack_pending"
            case waiting = "num_waiting"
            case pending = "num_pending"
        }

        /// The last sequence that was acknowledged, or that comes before the first that is to be delivered: a consumer that has
        /// delivered nothing says 0.
        var cursor: UInt64 { max(acknowledged.stream, beginning) }
        /// The last sequence that was delivered, or that comes before the first.
        var lastDelivered: UInt64 { max(delivered.stream, beginning) }

        /// Whether it has delivered nothing, and nobody waits for anything.
        var isUntouched: Bool { delivered.count == 0 && (waiting ?? 0) == 0 }

        private var beginning: UInt64 { max(config.start ?? 0, 1) - 1 }

        /// Whose cursor it is; `nil` where it is none of Flotilla's.
        var subscription: SubscriptionName? { ConsumerName.subscription(of: config.description) }
    }

    /// How the consumer of a subscription is called, and described.
    enum ConsumerName {
        /// Between service and view: the names of both may hold a `-`, and no consumer's name holds a dot.
        private static let separator = "~"

        static func of(_ subscription: SubscriptionName) -> String {
            "\(subscription.service)\(separator)\(subscription.name)"
        }

        static func description(of subscription: SubscriptionName) -> String { "flotilla \(subscription)" }

        static func subscription(of description: String?) -> SubscriptionName? {
            guard let words = description?.split(separator: " "), words.count == 2, words[0] == "flotilla" else {
                return nil
            }
            let parts = words[1].split(separator: ".", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return nil }
            return SubscriptionName(service: ServiceName(unchecked: parts[0]), name: parts[1])
        }
    }

    /// What a consumer is to be.
    struct ConsumerConfiguration: Encodable, Sendable {
        var name: String?
        var description: String?
        var deliverPolicy = "by_start_sequence"
        var start: UInt64
        var acknowledgePolicy: String
        /// In nanoseconds.
        var acknowledgeWait: Int64?
        var maximumDeliveries = -1
        var maximumUnacknowledged: Int?
        var replayPolicy = "instant"
        var headersOnly: Bool?
        /// Where it is gone, it is made anew elsewhere: sooner than several servers would agree on who leads it.
        var replicas = 1
        /// How long one that has no name stays when nobody asks, in nanoseconds.
        var inactiveThreshold: Int64?

        enum CodingKeys: String, CodingKey {
            case name = "durable_name", description
            case deliverPolicy = "deliver_policy"
            case start = "opt_start_seq"
            case acknowledgePolicy = "ack_policy"
            case acknowledgeWait = "ack_wait"
            case maximumDeliveries = "max_deliver"
            case maximumUnacknowledged = "max_ack_pending"
            case replayPolicy = "replay_policy"
            case headersOnly = "headers_only"
            case replicas = "num_replicas"
            case inactiveThreshold = "inactive_threshold"
        }

        /// How many records may be delivered and not acknowledged: more than are read ahead.
        private static let unacknowledgedLimit = 32_768

        /// The cursor of a subscription, in front of a sequence. What was delivered and is not acknowledged would come again
        /// after a day: long before, whoever reads has made the consumer anew where it needs it.
        static func cursor(of subscription: SubscriptionName, from start: UInt64) -> ConsumerConfiguration {
            ConsumerConfiguration(
                name: ConsumerName.of(subscription), description: ConsumerName.description(of: subscription),
                start: max(1, start), acknowledgePolicy: "all",
                acknowledgeWait: 86_400_000_000_000, maximumUnacknowledged: unacknowledgedLimit)
        }

        /// A look at what comes from a sequence on, which goes by itself when nobody looks any more.
        static func look(from start: UInt64, headersOnly: Bool = false) -> ConsumerConfiguration {
            ConsumerConfiguration(
                start: max(1, start), acknowledgePolicy: "none", headersOnly: headersOnly ? true : nil,
                inactiveThreshold: 30_000_000_000)
        }
    }
#endif
