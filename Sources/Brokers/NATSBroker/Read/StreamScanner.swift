#if NATS
    import FleetCore

    /// Looks at the ids of a stream's messages, without their payloads.
    struct StreamScanner: Sendable {
        let api: JetStreamAPI
        /// Who leads the stream: another may not have everything. `nil` on a server that stands alone.
        let leader: String?

        private static let timeout = Duration.seconds(10)

        /// The event ids of messages after a sequence, and up to one. Messages without an id, and those that are not there
        /// any more, are left out.
        func ids(of stream: String, after: UInt64, through: UInt64) async throws -> [EventID] {
            let made = try await ConsumerPlacing(api: api, stream: stream)
                .make(.look(from: after + 1, headersOnly: true), on: leader)
            let consumer = made.name
            let reader = try await PullReader.begin(
                api.connection, consumer: consumer, of: stream, from: after + 1, toleratesHoles: true)
            defer { reader.end() }
            var ids: [EventID] = []
            var time = WaitingTime(Self.timeout)
            var last = after
            // Not all sequences up to the last need be there.
            var left = made.pending
            while left > 0, last < through {
                let generation = reader.changes.generation
                while let arrival = reader.next, last < through {
                    reader.take()
                    left -= 1
                    last = arrival.delivery.sequence
                    if last <= through, let id = arrival.message.header("ce-id").flatMap({ EventID($0) }) {
                        ids.append(id)
                    }
                }
                if left <= 0 || last >= through { break }
                try await reader.askForMore()
                guard reader.trouble == nil, !time.isOver() else {
                    throw NATSFailure.unavailable("read stream \(stream)", at: api.connection.name)
                }
                await reader.changes.wait(past: generation, timeout: time.piece)
                try Task.checkCancellation()
            }
            try? await api.deleteConsumer(consumer, of: stream)
            return ids
        }
    }
#endif
