#if NATS
    public import Brokers
    public import FleetCore
    public import Wire

    /// Makes the streams and the subscriptions' consumers of a fleet on NATS JetStream, and compares them.
    public struct NATSBrokerSetup: BrokerSetup {
        private let settings: NATSSettings
        private let mappings: [StreamName: NATSMapping]
        private let limit: ByteCount

        /// Within this time a server drops what it was sent twice, in nanoseconds.
        static let duplicateWindow: Int64 = 120_000_000_000

        /// - Parameter limit: the size at which a stream takes no more.
        public init(_ settings: NATSSettings, mappings: [StreamName: NATSMapping], limit: ByteCount) {
            self.settings = settings
            self.mappings = mappings
            self.limit = limit
        }

        public func plan(_ needs: BrokerNeeds) async throws -> [String] {
            try await withAPI { try await changes(needs, $0).map(\.description) }
        }

        public func apply(_ needs: BrokerNeeds) async throws -> [String] {
            try await withAPI { api in
                let changes = try await changes(needs, api)
                for change in changes { try await change.perform() }
                return changes.map(\.description)
            }
        }

        /// Whoever reads makes its consumer anew, where its own cursor says that it must begin elsewhere: one that is missing was
        /// removed for that by a process that was killed before it made the next, or that is making it at this moment.
        public func obstacles(to needs: BrokerNeeds) async throws -> [String] {
            try await withAPI { try await changes(needs, $0).filter { !$0.isMadeByReaders }.map(\.description) }
        }

        func withAPI<Result>(_ body: (JetStreamAPI) async throws -> Result) async throws -> Result {
            try await Self.withAPI(settings, body)
        }

        private static func withAPI<Result>(
            _ settings: NATSSettings, _ body: (JetStreamAPI) async throws -> Result
        ) async throws -> Result {
            let connection = try await NATSConnection.open(settings, for: .asking)
            do {
                // Streams that are on fewer servers than they are to be are what it is for.
                let result = try await body(JetStreamAPI(connection: connection, replicas: 1))
                await connection.close()
                return result
            } catch {
                await connection.close()
                throw error
            }
        }

        // MARK: Changes

        private struct Change {
            var description: String
            /// Whether whoever reads does it, too.
            var isMadeByReaders = false
            var perform: () async throws -> Void
        }

        private func changes(_ needs: BrokerNeeds, _ api: JetStreamAPI) async throws -> [Change] {
            var changes: [Change] = []
            for stream in needs.streams {
                let wanted = try configuration(of: stream)
                let readers = needs.subscriptions.filter { $0.stream == stream }.map(\.subscription)
                guard let info = try await look(at: wanted.name, api) else {
                    changes.append(
                        Change(description: "create stream \(stream)") { try await api.createStream(wanted) })
                    changes += readers.map { subscribe($0, to: stream, api) }
                    continue
                }
                changes += try change(of: info, to: wanted, api)
                let consumers = try await api.consumers(of: wanted.name)
                let cursors = Set(consumers.found.compactMap(\.subscription))
                changes +=
                    readers.filter { !cursors.contains($0) && !consumers.missing.contains(ConsumerName.of($0)) }
                    .map { subscribe($0, to: stream, api) }
                changes += cursors.subtracting(readers).sorted().filter { !Self.isRebuild($0) }.map { known in
                    Change(description: "unsubscribe \(known), which is no longer declared, from stream \(stream)") {
                        try await ConsumerPlacing(api: api, stream: wanted.name).remove(ConsumerName.of(known))
                    }
                }
            }
            return changes
        }

        /// What its leader says of a stream; where that one knows of no others, what a leader says through another server who
        /// does: there may be two.
        private func look(at stream: String, _ api: JetStreamAPI) async throws -> StreamInfo? {
            let replicas = settings.replicas
            func isSure(_ info: StreamInfo?) -> Bool { info?.cluster?.isLed(with: replicas) ?? true }
            let info = try await api.streamIfPresent(stream)
            if isSure(info) || settings.servers.count == 1 { return info }
            for server in settings.servers {
                var other = settings
                other.servers = [server]
                let told = try? await Self.withAPI(other) { try await $0.streamIfPresent(stream) }
                if let told, isSure(told) { return told }
            }
            return info
        }

        private func subscribe(_ subscription: SubscriptionName, to stream: StreamName, _ api: JetStreamAPI) -> Change {
            Change(description: "subscribe \(subscription) to stream \(stream)", isMadeByReaders: true) {
                let first = try await api.stream(stream.description).first
                _ = try await ConsumerPlacing(api: api, stream: stream.description)
                    .make(.cursor(of: subscription, from: first))
            }
        }

        /// A rebuild at work holds a cursor of its own, which is nobody's to remove.
        private static func isRebuild(_ subscription: SubscriptionName) -> Bool {
            subscription.name.hasSuffix("~rebuild")
        }

        var serverName: String { settings.name }

        func configuration(
            of stream: StreamName, identity: String? = nil, offset: Int64 = 0
        ) throws -> StreamConfiguration {
            let subjects = try mappings[stream]?.subjects ?? SubjectMapping(stream: stream)
            return StreamConfiguration(
                name: stream.description, description: StreamPlace.description(identity: identity, offset: offset),
                subjects: [subjects.filter], maximumBytes: Int64(limit.value), replicas: settings.replicas,
                duplicateWindow: Self.duplicateWindow)
        }

        /// - Throws: `invalidInput` for a stream that is not Flotilla's, or that cannot become what it is to be.
        private func change(
            of info: StreamInfo, to wanted: StreamConfiguration, _ api: JetStreamAPI
        ) throws -> [Change] {
            let there = info.config
            let name = wanted.name
            guard StreamPlace.isOurs(there.description) else {
                throw FleetError(
                    .invalidInput, "the NATS server \(settings.name) has a stream \(name) that is not Flotilla's",
                    remedy:
                        "rename the fleet or the service, or remove that stream; if it is to be taken over, give it the"
                        + " description `flotilla` (`nats stream edit \(name) --description flotilla`)")
            }
            for (what, found, needed) in [
                ("storage", there.storage, wanted.storage), ("retention", there.retention, wanted.retention),
            ] where found != needed {
                throw FleetError(
                    .invalidInput,
                    "stream \(name) has the \(what) \"\(found)\" and needs \"\(needed)\", which cannot be changed",
                    remedy:
                        "let all views catch up, remove the stream (`nats stream rm \(name)`), run `flotilla apply`, and"
                        + " build the views anew (`flotilla views rebuild`)")
            }
            // A server that stands alone takes the setting, and does nothing about it.
            if wanted.replicas > 1, info.cluster == nil {
                throw FleetError(
                    .invalidInput,
                    "stream \(name) is to be on \(wanted.replicas) servers, and the NATS server \(settings.name) stands alone",
                    remedy: "declare broker.replicas: 1, or name a cluster")
            }
            var differences: [String] = []
            func compare<Value: Equatable>(_ what: String, _ found: Value, _ needed: Value) {
                if found != needed { differences.append("\(what) \(found) → \(needed)") }
            }
            compare(
                "subjects", (there.subjects ?? []).joined(separator: " "),
                (wanted.subjects ?? []).joined(separator: " "))
            compare("replicas", there.replicas, wanted.replicas)
            compare("limit", Self.size(there.maximumBytes), Self.size(wanted.maximumBytes))
            compare("discard", there.discard, wanted.discard)
            compare("max_age", there.maximumAge ?? 0, 0)
            compare("max_msgs", there.maximumMessages ?? -1, -1)
            compare("max_msgs_per_subject", there.maximumMessagesOfSubject ?? -1, -1)
            compare("duplicate_window", there.duplicateWindow ?? 0, Self.duplicateWindow)
            if differences.isEmpty { return [] }
            var updated = wanted
            updated.description = there.description
            let changed = updated
            return [
                Change(description: "change stream \(name): \(differences.joined(separator: ", "))") {
                    try await api.updateStream(changed)
                }
            ]
        }

        private static func size(_ bytes: Int64) -> String { bytes < 0 ? "none" : ByteCount(Int(bytes)).description }
    }
#endif
