#if NATS
    import Brokers
    import FleetCore

    /// The cursors of a stream: its durable consumers. Whoever moves one holds the stream's lock.
    struct StreamCursors: Sendable {
        let stream: NATSStream
        let api: JetStreamAPI

        private var placing: ConsumerPlacing {
            ConsumerPlacing(api: api, stream: stream.name, notice: stream.notice)
        }

        /// Every cursor.
        func all() async throws -> [SubscriptionName: LogPosition] {
            let place = try await api.stream(stream.name).place
            var cursors: [SubscriptionName: LogPosition] = [:]
            for consumer in try await api.consumers(of: stream.name).found {
                if let name = consumer.subscription { cursors[name] = place.position(of: consumer.cursor) }
            }
            return cursors
        }

        /// Puts a cursor at a position; `nil` leaves one that is there.
        func place(_ subscription: SubscriptionName, at position: LogPosition?) async throws {
            let info = try await api.stream(stream.name)
            let consumer = ConsumerName.of(subscription)
            let there = try await placing.answering(consumer)
            guard let position else {
                if there == nil { try await create(subscription, after: info.first - 1) }
                return
            }
            let after = info.place.sequence(of: position) ?? 0
            if let there {
                let isInPlace = there.cursor == after && there.lastDelivered == after
                if isInPlace, there.unacknowledged == 0 { return }
                try await placing.remove(consumer)
                stream.reader(for: subscription).reset()
            }
            try await create(subscription, after: after)
        }

        /// Moves a cursor forward to a position, though its consumer has delivered nothing up to there.
        func advance(_ subscription: SubscriptionName, to position: LogPosition) async throws {
            let consumer = ConsumerName.of(subscription)
            guard let there = try await api.consumer(consumer, of: stream.name) else { return }
            let place = try await api.stream(stream.name).place
            guard let after = place.sequence(of: position), there.cursor < after else { return }
            try await placing.remove(consumer)
            stream.reader(for: subscription).reset()
            try await create(subscription, after: after)
        }

        private func create(_ subscription: SubscriptionName, after sequence: UInt64) async throws {
            _ = try await placing.make(.cursor(of: subscription, from: sequence + 1))
        }
    }
#endif
