#if NATS
    import FleetCore
    import Foundation

    /// What JetStream can be asked for, as JSON over subjects below `$JS.API`.
    struct JetStreamAPI: Sendable {
        let connection: NATSConnection

        /// How long an answer is waited for. A cluster that has just lost a leader needs a few seconds.
        static let timeout = Duration.seconds(5)

        private struct Refusal: Decodable {
            var error: JetStreamFault?
        }

        private struct Nothing: Encodable {}

        /// - Throws: ``FleetError``; a fault that `body` of ``attempt`` knows is returned instead.
        private func ask<Answer: Decodable>(
            _ subject: String, _ request: some Encodable, stream: String, doing: String, nilFor absent: Int? = nil
        ) async throws -> Answer? {
            let message = try await connection.request(
                request is Nothing ? [] : Array(try JSONEncoder().encode(request)), to: "$JS.API.\(subject)",
                timeout: Self.timeout, doing: doing)
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
            _ subject: String, _ request: some Encodable, stream: String, doing: String
        ) async throws -> Answer {
            guard let answer: Answer = try await ask(subject, request, stream: stream, doing: doing) else {
                throw FleetError(.bug, "no answer, to \(doing)")
            }
            return answer
        }

        private struct Ignored: Decodable {}

        // MARK: Streams

        func stream(_ name: String) async throws -> StreamInfo {
            try await need("STREAM.INFO.\(name)", Nothing(), stream: name, doing: "look at stream \(name)")
        }

        func streamIfPresent(_ name: String) async throws -> StreamInfo? {
            try await ask(
                "STREAM.INFO.\(name)", Nothing(), stream: name, doing: "look at stream \(name)",
                nilFor: JetStreamFault.streamNotFound)
        }

        func createStream(_ configuration: StreamConfiguration) async throws {
            let name = configuration.name
            let _: Ignored = try await need(
                "STREAM.CREATE.\(name)", configuration, stream: name, doing: "create stream \(name)")
        }

        func updateStream(_ configuration: StreamConfiguration) async throws {
            let name = configuration.name
            let _: Ignored = try await need(
                "STREAM.UPDATE.\(name)", configuration, stream: name, doing: "change stream \(name)")
        }

        private struct Purge: Encodable { var seq: UInt64 }

        /// Removes all messages before a sequence.
        func purge(_ name: String, before sequence: UInt64) async throws {
            let _: Ignored = try await need(
                "STREAM.PURGE.\(name)", Purge(seq: sequence), stream: name, doing: "drop records of stream \(name)")
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

        func consumer(_ consumer: String, of stream: String) async throws -> ConsumerInfo? {
            try await ask(
                "CONSUMER.INFO.\(stream).\(consumer)", Nothing(), stream: stream,
                doing: "look at consumer \(consumer) of stream \(stream)", nilFor: JetStreamFault.consumerNotFound)
        }

        private struct Creation: Encodable {
            var stream: String
            var config: ConsumerConfiguration

            enum CodingKeys: String, CodingKey { case stream = "stream_name", config }
        }

        func createConsumer(_ configuration: ConsumerConfiguration, of stream: String) async throws -> ConsumerInfo {
            let subject =
                configuration.name.map { "CONSUMER.DURABLE.CREATE.\(stream).\($0)" } ?? "CONSUMER.CREATE.\(stream)"
            return try await need(
                subject, Creation(stream: stream, config: configuration), stream: stream,
                doing: "create a consumer of stream \(stream)")
        }

        /// No error where there is none.
        ///
        /// A server that was just writing a consumer down may fail to remove its directory, and has removed the consumer all
        /// the same (https://github.com/nats-io/nats-server/pull/7886): one that is there then was made anew by whoever reads.
        func deleteConsumer(_ consumer: String, of name: String) async throws {
            do {
                let _: Ignored? = try await ask(
                    "CONSUMER.DELETE.\(name).\(consumer)", Nothing(), stream: name,
                    doing: "remove consumer \(consumer) of stream \(name)", nilFor: JetStreamFault.consumerNotFound)
            } catch let error as FleetError where error.underlying?.contains("directory not empty") == true {
                // It is gone.
            }
        }

        private struct Page: Encodable { var offset: Int }

        private struct Consumers: Decodable {
            var total: Int
            var consumers: [ConsumerInfo]?
        }

        func consumers(of stream: String) async throws -> [ConsumerInfo] {
            var all: [ConsumerInfo] = []
            while true {
                let page: Consumers = try await need(
                    "CONSUMER.LIST.\(stream)", Page(offset: all.count), stream: stream,
                    doing: "list the consumers of stream \(stream)")
                let found = page.consumers ?? []
                all += found
                if found.isEmpty || all.count >= page.total { return all }
            }
        }
    }
#endif
