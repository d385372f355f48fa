#if NATS
    import CLibNATS
    import Dispatch
    import FleetCore
    import Synchronization
    import Wire

    /// Appends to one stream, one batch at a time.
    final class StreamPublisher: Sendable {
        private struct State {
            /// Where the stream ends; `nil` if that is not certain.
            var end: UInt64?
            /// Messages up to here are of batches that are done; `nil` if that is not known.
            var floor: UInt64?
            /// The stream that both are of, as it was last seen.
            var place: StreamPlace?
        }

        private let name: String
        private let mapping: NATSMapping
        private let lock = AsyncLock()
        private let state = Mutex(State())
        /// For calls that wait for an acknowledgement: other streams' do not wait behind it.
        private let queue: DispatchQueue

        /// How long an acknowledgement is waited for.
        private static let timeout = Duration.seconds(5)
        /// What a header adds to its name and value, beyond their zero bytes, and a message to its headers, in bytes.
        private static let (headerOverhead, messageOverhead) = (2, 14)
        /// Headers of which JetStream makes something: the id, and the place.
        private static let ownHeaders = 2 * 64

        init(_ mapping: NATSMapping) {
            self.mapping = mapping
            name = mapping.stream.description
            queue = DispatchQueue(label: "flotilla.nats.\(mapping.stream)")
        }

        private var doing: String { "append to stream \(name)" }

        /// Appends events in order.
        /// - Parameters:
        ///   - end: for copies of what another stream holds: where the stream must end. `nil` for new events.
        ///   - look: how the stream is looked at where it is not known what it holds.
        /// - Returns: where the stream ends then.
        /// - Throws: `full`; `missing`; `gap` where the stream has lost what was appended to it before; `unavailable`, where it
        ///   is not known what has become of them: whoever tries again with the same events repeats none.
        func append(
            _ events: [Event], _ connection: NATSConnection, after end: UInt64? = nil, looking look: Look
        ) async throws -> UInt64 {
            try await lock.withLock { try await appendAlone(events, connection, after: end, look) }
        }

        /// How the stream is looked at.
        struct Look: Sendable {
            var info: @Sendable () async throws -> StreamInfo
            /// The event ids of messages after a sequence, and up to one.
            var ids: @Sendable (_ after: UInt64, _ through: UInt64) async throws -> [EventID]
        }

        private func appendAlone(
            _ events: [Event], _ connection: NATSConnection, after copied: UInt64?, _ look: Look
        ) async throws -> UInt64 {
            try connection.requireConnection(doing)
            let messages = mapping.messages(of: events)
            try refuseOversized(messages.messages, events, connection)
            var known = copied.map { State(end: $0, floor: $0) } ?? state.withLock { $0 }
            let ids = events.map(\.id)
            var chain = AppendChain(ids, end: known.end, floor: known.floor)
            do {
                var action = chain.start()
                while true {
                    switch action {
                    case .send(let range, let end):
                        state.withLock { $0.end = nil }
                        let outcome = try await send(
                            messages, events, range, after: end, isCopy: copied != nil, connection)
                        action = chain.handle(outcome)
                    case .look:
                        let info = try await look.info()
                        if let place = known.place, place != info.place {
                            // Another stream has its name now, of which nothing is known.
                            known = State()
                            chain = AppendChain(ids, end: nil, floor: nil)
                        }
                        known.place = info.place
                        if copied == nil { try refuseLostEnd(info, before: chain.floor ?? 0) }
                        action = chain.handle(.ends(first: info.first, last: info.state.lastSequence))
                    case .scan(let after, let through):
                        action = chain.handle(.found(try await look.ids(after, through)))
                    case .done(let end):
                        state.withLock { $0 = State(end: end, floor: end, place: known.place) }
                        return end
                    case .giveUp:
                        throw FleetError(
                            .busy, "others append to stream \(name) without pause",
                            remedy: "nobody but Flotilla is to publish to the subjects of the stream", isRetriable: true
                        )
                    }
                }
            } catch {
                // What is there already must be found again by whoever tries next, however long that is after.
                state.withLock { $0 = State(end: nil, floor: known.end ?? known.floor, place: known.place) }
                throw error
            }
        }

        /// A server that has lost messages may lead a stream all the same, alone, while others still have them: what is appended
        /// there would be lost with it as soon as they find each other.
        private func refuseLostEnd(_ info: StreamInfo, before last: UInt64) throws {
            guard info.state.lastSequence < last else { return }
            let (end, reached) = (info.place.position(of: info.state.lastSequence), info.place.position(of: last))
            let leader = info.cluster?.leader.map { " (its leader is \($0))" } ?? ""
            throw FleetError(
                .gap,
                "stream \(name) ends at position \(end)\(leader), and was appended to up to position \(reached) before",
                remedy:
                    "have all servers that hold it up until they agree again (`nats stream info \(name)`), or put the newest copy"
                    + " of the server's store directory in its place: it goes on by itself; where what is missing is lost for good,"
                    + " start `flotilla run` anew and build the views that have read it anew (`flotilla views rebuild`)",
                isRetriable: true)
        }

        /// A server ends the connection of who sends more than it takes.
        private func refuseOversized(
            _ messages: [NATSMessageText.Message], _ events: [Event], _ connection: NATSConnection
        ) throws {
            let maximum = connection.maximumMessage
            for (message, event) in zip(messages, events) where event.size.value * 4 + 4096 > maximum {
                let headers = message.texts.count + message.headerCount * Self.headerOverhead
                let size = headers + (event.hasData ? event.payload.count : 0) + Self.messageOverhead + Self.ownHeaders
                guard size > maximum else { continue }
                throw FleetError(
                    .invalidInput,
                    "event \(event.id) is of \(ByteCount(size)) with its headers, and the NATS server \(connection.name) takes"
                        + " messages of at most \(ByteCount(maximum))",
                    remedy:
                        "raise max_payload of the server, or lower outbox.max_event of \(mapping.stream.service), so that such"
                        + " events are parked")
            }
        }

        // MARK: Sending

        private func send(
            _ text: NATSMessageText, _ events: [Event], _ range: Range<Int>, after end: UInt64, isCopy: Bool,
            _ connection: NATSConnection
        ) async throws -> AppendChain.Input {
            let doing = doing
            let errors = connection.events.errorCount
            let answer = try await connection.perform(on: queue) { pointer in
                try text.withTexts { texts in
                    for index in range {
                        let offset = index - range.lowerBound
                        // Copies have no ids for the server, and nobody else appends while they are made.
                        let predecessor: OutgoingMessage.Predecessor =
                            isCopy || offset == 0
                            ? .sequence(end + UInt64(offset)) : .event(texts + text.messages[index - 1].id)
                        let message = try OutgoingMessage(
                            text.messages[index], in: texts,
                            payload: events[index].hasData ? events[index].payload : [],
                            isKnown: !isCopy, after: predecessor)
                        if index < range.upperBound - 1 {
                            guard message.publish(pointer) else { return Answer.unknown }
                        } else {
                            switch message.request(pointer, timeout: Self.timeout) {
                            case .success(let reply): return .message(reply)
                            case .failure(let failure): return .failed(failure.status)
                            }
                        }
                    }
                    return .unknown
                } ?? .unknown
            }
            switch answer {
            case .message(let reply):
                return try PublishAnswer(reply.payload, doing, stream: name, at: connection.name).input
            case .failed(NATS_NO_RESPONDERS):
                // No stream takes the subject, or nobody leads it: looking tells which.
                return .unknown
            case .failed, .unknown:
                if let error = connection.events.error(after: errors), error.status == NATS_NOT_PERMITTED {
                    throw NATSFailure.denied(doing, at: connection.name, said: error.text)
                }
                try connection.requireConnection(doing)
                return .unknown
            }
        }

        private enum Answer: Sendable {
            case message(NATSMessage)
            case failed(natsStatus)
            case unknown
        }
    }
#endif
