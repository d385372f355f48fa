#if NATS
    import FleetCore

    /// What JetStream answers where it does not do what it was asked.
    /// https://github.com/nats-io/nats-server/blob/main/server/errors.json
    struct JetStreamFault: Decodable, Sendable {
        var code: Int
        var number: Int?
        var text: String?

        enum CodingKeys: String, CodingKey {
            case code
            case number = "err_code"
            case text = "description"
        }

        static let consumerNotFound = 10014
        static let messageNotFound = 10037
        static let streamNotFound = 10059

        /// Whether a message was refused because another is the last than it says: by its id, by its sequence.
        static func isOutOfPlace(_ number: Int) -> Bool { number == 10070 || number == 10071 }

        /// Whether it says no more than that the server that answers knows nobody who leads: another may.
        var isLeaderless: Bool { number.map(Self.leaderless.contains) ?? false }

        /// Of JetStream, of a stream, of a consumer.
        private static let leaderless: Set<Int> = [10008, 10118, 10119]
        private static let notEnabled: Set<Int> = [10035, 10039, 10076]
        /// Storage of the server, of the account.
        private static let noRoom: Set<Int> = [10002, 10023, 10028, 10047, 10077]
        private static let passing: Set<Int> = [10004, 10007, 10008, 10009, 10041, 10118, 10119]

        /// - Parameters:
        ///   - doing: what was asked for: "append to stream northwind-orders".
        ///   - stream: which it was about, by its name.
        func error(_ doing: String, stream: String, at name: String) -> FleetError {
            let said = text
            if number == Self.streamNotFound {
                return FleetError(
                    .missing, "the NATS server \(name) has no stream \(stream)",
                    remedy: "restore it, or run `flotilla apply` to begin an empty stream", underlying: said)
            }
            if let number, Self.notEnabled.contains(number) { return NATSFailure.noJetStream(at: name, doing: doing) }
            if let number, Self.noRoom.contains(number) {
                let isLimit = said?.contains("maximum") ?? false
                return FleetError(
                    .full,
                    isLimit
                        ? "stream \(stream) has reached its limit"
                        : "the NATS server \(name) has no room to \(doing)",
                    remedy: isLimit
                        ? "raise broker.limit, or let the slowest subscription catch up; events wait in their outboxes"
                        : "lower broker.limit, or give JetStream more room (max_file_store, and the account's limits)",
                    isRetriable: true, underlying: said)
            }
            if let number, Self.passing.contains(number) || code == 503 {
                return FleetError(
                    .unavailable, "the NATS server \(name) cannot \(doing) at the moment",
                    remedy: "a cluster needs a majority of its servers", isRetriable: true, underlying: said)
            }
            return FleetError(
                .invalidInput, "the NATS server \(name) refuses to \(doing)", remedy: remedy,
                isRetriable: number == Self.noPeers, underlying: said)
        }

        /// A cluster that has just begun knows its servers one after the other.
        private static let noPeers = 10005

        private var remedy: String? {
            switch number {
            case Self.noPeers, 10074: "declare no more broker.replicas than the cluster has servers with JetStream"
            case 10065: "another stream takes these subjects: give the service another `topic`, or remove that stream"
            case 10122, 10113: "declare a smaller broker.limit"
            default: nil
            }
        }
    }
#endif
