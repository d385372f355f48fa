#if NATS
    import FleetCore
    import Foundation

    /// What JetStream can be asked for, as JSON over subjects below `$JS.API`.
    struct JetStreamAPI: Sendable {
        let connection: NATSConnection
        let patience: Patience
        /// Whoever leads a stream is believed only with a majority of so many servers.
        let replicas: Int

        /// - Parameter replicas: 1 where a stream may be on fewer servers than it is to be; else as many as are declared.
        init(connection: NATSConnection, patience: Patience = .brief, replicas: Int? = nil) {
            self.connection = connection
            self.patience = patience
            self.replicas = replicas ?? connection.replicas
        }

        /// How long whoever asks bears that nobody answers who knows.
        enum Patience {
            /// Up to a sure answer, or until it is sure that there is none now.
            case brief
            /// For as long as a cluster may well need to elect somebody, as who has something to carry.
            case lasting
        }

        /// How long an answer is waited for.
        static let timeout = Duration.seconds(5)
        /// How often the same is asked again: whoever led may be gone, and whoever leads next has not heard the question.
        private static let again = Duration.seconds(1)
        /// Every server that knows no leader says so, the leader answers as well, and some wait half a second for it.
        private static let settling = Duration.milliseconds(700)

        private struct Refusal: Decodable {
            var error: JetStreamFault?
        }

        private struct Nothing: Encodable {}

        /// Whether an answer says more than that one server knows nobody who could.
        static func isFinal(_ answer: NATSMessage) -> Bool {
            // What is longer holds what was asked for.
            guard answer.size < 1024,
                let fault = try? JSONDecoder().decode(Refusal.self, from: Data(answer.payload)).error
            else { return true }
            return !fault.isLeaderless
        }

        /// - Parameters:
        ///   - isLook: whether it changes nothing, and may be asked twice.
        ///   - absent: the fault that means that there is none.
        /// - Throws: ``FleetError``.
        private func ask<Answer: Decodable>(
            _ subject: String, _ request: some Encodable, stream: String, doing: String, isLook: Bool = true,
            timeout: Duration = timeout, nilFor absent: Int? = nil,
            isFinal: (NATSMessage) -> Bool = Self.isFinal
        ) async throws -> Answer? {
            let isLasting = isLook && patience == .lasting
            let message = try await connection.request(
                request is Nothing ? [] : Array(try JSONEncoder().encode(request)), to: "$JS.API.\(subject)",
                NATSConnection.Patience(
                    timeout: timeout, again: isLook ? Self.again : nil,
                    settling: isLasting ? timeout : Self.settling),
                doing: doing, isFinal: isFinal)
            let data = Data(message.payload)
            do {
                if let fault = try JSONDecoder().decode(Refusal.self, from: data).error {
                    if fault.number == absent, absent != nil { return nil }
                    throw fault.error(doing, stream: stream, at: connection.name)
                }
                return try JSONDecoder().decode(Answer.self, from: data)
            } catch let error as DecodingError {
                throw FleetError(
                    .unavailable, "the NATS server \(connection.name) answers what nobody can read, to \(doing)",
                    remedy: "is it nats-server 2.9 or later?", isRetriable: true, underlying: "\(error)")
            }
        }

        private func need<Answer: Decodable>(
            _ subject: String, _ request: some Encodable, stream: String, doing: String, isLook: Bool = true,
            timeout: Duration = timeout
        ) async throws -> Answer {
            let answer: Answer? = try await ask(
                subject, request, stream: stream, doing: doing, isLook: isLook, timeout: timeout)
            guard let answer else { throw FleetError(.bug, "no answer, to \(doing)") }
            return answer
        }

        private struct Ignored: Decodable {}

        // MARK: Streams

        private struct Led: Decodable { var cluster: StreamInfo.Cluster? }

        /// Whether an answer is that of whoever leads the stream. Where nobody does, each server tells what it has itself,
        /// which may be less than what was appended. One that was the only server of a stream before it was to be on several
        /// may have come back believing that it still is (nats-server 2.9.10), and answer beside the one who leads the others.
        /// - Parameter replicas: on how many servers the stream is to be.
        static func isLeaders(_ answer: NATSMessage, of replicas: Int) -> Bool {
            guard isFinal(answer) else { return false }
            guard let cluster = try? JSONDecoder().decode(Led.self, from: Data(answer.payload)).cluster else {
                return true
            }
            return cluster.isLed(with: replicas)
        }

        func stream(_ name: String) async throws -> StreamInfo {
            guard let info = try await stream(name, nilFor: nil) else { throw FleetError(.bug, "no answer") }
            return info
        }

        func streamIfPresent(_ name: String) async throws -> StreamInfo? {
            try await stream(name, nilFor: JetStreamFault.streamNotFound)
        }

        private func stream(_ name: String, nilFor absent: Int?) async throws -> StreamInfo? {
            let doing = "look at stream \(name)"
            let info: StreamInfo? = try await ask(
                "STREAM.INFO.\(name)", Nothing(), stream: name, doing: doing, nilFor: absent
            ) { [replicas] in Self.isLeaders($0, of: replicas) }
            if let cluster = info?.cluster, !cluster.isLed(with: replicas) {
                guard let leader = cluster.leader, cluster.isLed else {
                    throw NATSFailure.leaderless(name, at: connection.name, doing: doing)
                }
                // A server passes its own answer on, and no other's: the next connection may be to another.
                if connection.hasOtherServers { await connection.close() }
                throw NATSFailure.alone(leader, of: name, replicas: replicas, at: connection.name, doing: doing)
            }
            return info
        }

        func createStream(_ configuration: StreamConfiguration) async throws {
            let name = configuration.name
            let _: Ignored = try await need(
                "STREAM.CREATE.\(name)", configuration, stream: name, doing: "create stream \(name)",
                isLook: false)
        }

        func updateStream(_ configuration: StreamConfiguration) async throws {
            let name = configuration.name
            let _: Ignored = try await need(
                "STREAM.UPDATE.\(name)", configuration, stream: name, doing: "change stream \(name)",
                isLook: false)
        }

        private struct Purge: Encodable { var seq: UInt64 }

        /// Removes all messages before a sequence.
        func purge(_ name: String, before sequence: UInt64) async throws {
            let _: Ignored = try await need(
                "STREAM.PURGE.\(name)", Purge(seq: sequence), stream: name, doing: "drop records of stream \(name)",
                isLook: false)
        }

        private struct Get: Encodable { var seq: UInt64 }

        /// A message by its place; `nil` where there is none.
        func message(of name: String, at sequence: UInt64) async throws -> StoredMessage? {
            let answer: StoredMessage.Answer? = try await ask(
                "STREAM.MSG.GET.\(name)", Get(seq: sequence), stream: name, doing: "read stream \(name)",
                nilFor: JetStreamFault.messageNotFound)
            return answer?.message
        }

        // MARK: Consumers

        func consumer(
            _ consumer: String, of stream: String, timeout: Duration = timeout
        ) async throws -> ConsumerInfo? {
            try await ask(
                "CONSUMER.INFO.\(stream).\(consumer)", Nothing(), stream: stream,
                doing: "look at consumer \(consumer) of stream \(stream)", timeout: timeout,
                nilFor: JetStreamFault.consumerNotFound)
        }

        private struct Creation: Encodable {
            var stream: String
            var config: ConsumerConfiguration

            enum CodingKeys: String, CodingKey { case stream = "stream_name", config }
        }

        func createConsumer(
            _ configuration: ConsumerConfiguration, of stream: String, timeout: Duration = timeout
        ) async throws -> ConsumerInfo {
            let subject =
                configuration.name.map { "CONSUMER.DURABLE.CREATE.\(stream).\($0)" } ?? "CONSUMER.CREATE.\(stream)"
            return try await need(
                subject, Creation(stream: stream, config: configuration), stream: stream,
                doing: "create a consumer of stream \(stream)", isLook: false, timeout: timeout)
        }

        /// No error where there is none.
        ///
        /// A server that was just writing a consumer down may fail to remove its directory, and has removed the consumer all
        /// the same (https://github.com/nats-io/nats-server/pull/7886): one that is there then was made anew by whoever reads.
        func deleteConsumer(_ consumer: String, of name: String, timeout: Duration = timeout) async throws {
            do {
                let _: Ignored? = try await ask(
                    "CONSUMER.DELETE.\(name).\(consumer)", Nothing(), stream: name,
                    doing: "remove consumer \(consumer) of stream \(name)", isLook: false, timeout: timeout,
                    nilFor: JetStreamFault.consumerNotFound)
            } catch let error as FleetError where error.underlying?.contains("directory not empty") == true {
                // It is gone.
            }
        }

        private struct Page: Encodable { var offset: Int }

        private struct Consumers: Decodable {
            /// How many a page has at most.
            var limit: Int
            var consumers: [ConsumerInfo]?
            var missing: [String]?
        }

        /// - Returns: those that answer, and the names of those that do not: their server is gone.
        func consumers(of stream: String) async throws -> (found: [ConsumerInfo], missing: Set<String>) {
            var found: [ConsumerInfo] = []
            var missing: Set<String> = []
            var seen = 0
            while true {
                let page: Consumers = try await need(
                    "CONSUMER.LIST.\(stream)", Page(offset: seen), stream: stream,
                    doing: "list the consumers of stream \(stream)", isLook: false)
                // Those whose servers are all known to be gone are among both, the first time without a name.
                let answering = (page.consumers ?? []).filter { !$0.name.isEmpty }
                found += answering
                missing.formUnion(page.missing ?? [])
                let count = answering.count + (page.missing?.count ?? 0)
                seen += count
                if count == 0 || count < page.limit { return (found, missing) }
            }
        }
    }
#endif
