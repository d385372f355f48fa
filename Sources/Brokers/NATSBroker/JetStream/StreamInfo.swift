#if NATS
    import Brokers
    import FleetCore

    /// What JetStream says of a stream. https://docs.nats.io/reference/reference-protocols/nats_api_reference
    struct StreamInfo: Decodable, Sendable {
        struct State: Decodable, Sendable {
            var messages: UInt64
            var bytes: UInt64
            var firstSequence: UInt64
            var firstTime: String?
            var lastSequence: UInt64
            var lastTime: String?

            enum CodingKeys: String, CodingKey {
                case messages, bytes
                case firstSequence = "first_seq"
                case firstTime = "first_ts"
                case lastSequence = "last_seq"
                case lastTime = "last_ts"
            }
        }

        /// Who holds the stream together.
        struct Cluster: Decodable, Sendable {
            var leader: String?
            var replicas: [Replica]?

            var isLed: Bool { !(leader ?? "").isEmpty }

            /// Whether whoever says it leads with as many others as have a majority of so many servers, be they there or not. A leader
            /// knows of all others that hold the stream with it, and nobody counts itself among the others: who counts the leader
            /// there is another, and tells of what it has itself.
            func isLed(with replicas: Int) -> Bool {
                let others = self.replicas ?? []
                return isLed && others.count >= replicas / 2 && !others.contains { $0.name == leader }
            }
        }

        /// A server that holds the stream, too.
        struct Replica: Decodable, Sendable {
            var name: String
            var isOffline: Bool?
            /// Whether it has everything, as far as the leader knows.
            var isCurrent: Bool?
            /// How long ago the leader has heard of it, in nanoseconds; 0 also where it never has.
            var silence: Int64?

            enum CodingKeys: String, CodingKey {
                case name, isOffline = "offline", isCurrent = "current", silence = "active"
            }

            /// Between healthy servers there is a sign each second.
            private static let longSilence: Int64 = 10_000_000_000

            var isGone: Bool {
                let silence = silence ?? 0
                return isOffline ?? false || silence > Self.longSilence || (silence == 0 && isCurrent == false)
            }
        }

        var config: StreamConfiguration
        var created: String
        /// `nil` on a server that stands alone.
        var cluster: Cluster?
        var state: State

        /// The first sequence that is there, or the next to come if there is none.
        var first: UInt64 { state.messages == 0 ? state.lastSequence + 1 : state.firstSequence }

        /// What its positions are.
        var place: StreamPlace { StreamPlace(description: config.description ?? "", created: created) }
    }

    /// What tells a stream from others of its name, and how its sequences become positions.
    struct StreamPlace: Sendable, Hashable {
        var identity: String
        /// Position less sequence: not 0 where the stream goes on from that of another broker.
        var offset: Int64

        /// The word that a description begins with where the stream is Flotilla's.
        static let mark = "flotilla"

        /// - Parameter description: `flotilla`, with `identity=…` and `offset=…` where they are not the stream's own.
        init(description: String, created: String) {
            identity = created
            offset = 0
            for word in description.split(separator: " ").dropFirst() {
                if word.hasPrefix("identity=") { identity = String(word.dropFirst("identity=".count)) }
                if word.hasPrefix("offset="), let value = Int64(word.dropFirst("offset=".count)) { offset = value }
            }
        }

        static func description(identity: String?, offset: Int64) -> String {
            let words = [mark] + (identity.map { ["identity=\($0)"] } ?? []) + (offset == 0 ? [] : ["offset=\(offset)"])
            return words.joined(separator: " ")
        }

        static func isOurs(_ description: String?) -> Bool {
            description?.split(separator: " ").first.map { $0 == mark } ?? false
        }

        func position(of sequence: UInt64) -> LogPosition {
            LogPosition(Int64(clamping: sequence).addingReportingOverflow(offset).partialValue)
        }

        /// `nil` for a position that the stream cannot have.
        func sequence(of position: LogPosition) -> UInt64? {
            let (value, overflow) = position.value.subtractingReportingOverflow(offset)
            return overflow || value < 0 ? nil : UInt64(value)
        }
    }

    /// The settings of a stream that Flotilla gives or looks at.
    struct StreamConfiguration: Codable, Sendable, Hashable {
        var name: String
        var description: String?
        var subjects: [String]?
        var retention = "limits"
        var storage = "file"
        var discard = "new"
        /// In bytes; -1 is no bound.
        var maximumBytes: Int64
        var maximumMessages: Int64? = -1
        var maximumMessagesOfSubject: Int64? = -1
        /// In nanoseconds; 0 is no bound.
        var maximumAge: Int64? = 0
        var replicas: Int
        /// In nanoseconds.
        var duplicateWindow: Int64?

        enum CodingKeys: String, CodingKey {
            case name, description, subjects, retention, storage, discard
            case maximumBytes = "max_bytes"
            case maximumMessages = "max_msgs"
            case maximumMessagesOfSubject = "max_msgs_per_subject"
            case maximumAge = "max_age"
            case replicas = "num_replicas"
            case duplicateWindow = "duplicate_window"
        }
    }

    extension StreamBounds {
        init(_ info: StreamInfo) {
            let (state, place) = (info.state, info.place)
            func time(_ text: String?) -> Timestamp? { state.messages == 0 ? nil : text.flatMap { Timestamp($0) } }
            self.init(
                identity: place.identity, first: place.position(of: info.first),
                last: place.position(of: state.lastSequence), firstTime: time(state.firstTime),
                lastTime: time(state.lastTime), size: ByteCount(Int(clamping: state.bytes)))
        }
    }
#endif
