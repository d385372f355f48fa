#if NATS
    import Brokers
    import FleetCore
    import Synchronization

    /// Reads one stream for one subscription, or for whoever looks.
    ///
    /// Whoever reads says after which position: the consumer follows. Where it would deliver anything else next, it is made
    /// anew there.
    final class StreamReader: Sendable {
        struct State {
            var puller: PullReader?
            /// The sequence that is read next.
            var next: UInt64 = 0
            /// Whether a consumer was used already, which may hold requests that nobody waits for any more.
            var hasRead = false
            /// The acknowledgement subjects of batches' last records, oldest first.
            var replies: [(sequence: UInt64, reply: String)] = []
            /// Of the stream that was read.
            var identity: String?
            /// The server that the consumer is on; `nil` where there is but one.
            var host: String?
            /// Whether the last consumer did not have what the stream has: its server is behind, and does not know.
            var isDeaf = false
        }

        let stream: NATSStream
        let subscription: SubscriptionName?
        private let lock = AsyncLock()
        let state = Mutex(State())

        /// How long records that are known to be there are waited for.
        private static let patience = Duration.seconds(10)
        /// How long they may stay away before it is asked why.
        private static let deafness = Duration.seconds(3)
        /// How often whoever waits looks whether the server is silent.
        private static let look = Duration.seconds(1)
        /// How long a request for records waits at the server.
        private let expiry: Duration

        init(
            _ stream: NATSStream, for subscription: SubscriptionName?, requestsExpire expiry: Duration = .seconds(30)
        ) {
            self.stream = stream
            self.subscription = subscription
            self.expiry = expiry
        }

        private var name: String { stream.name }

        func read(
            _ connection: NATSConnection, after position: LogPosition, limit: BatchLimit
        ) async throws -> [LogRecord] {
            try await lock.withLock {
                var time = WaitingTime(Self.patience)
                var deafness = WaitingTime(Self.deafness)
                while true {
                    let puller = try await placed(connection, after: position)
                    let generation = puller.changes.generation
                    var batch = Batch(limit: limit)
                    try take(from: puller, into: &batch)
                    if !batch.records.isEmpty {
                        try? await puller.askForMore()
                        try await fill(&batch, from: puller)
                        remember(batch)
                        return batch.records
                    }
                    if let trouble = puller.trouble {
                        drop(puller)
                        if case .hole(let sequence) = trouble { try await check(sequence, connection) }
                    } else {
                        try await puller.askForMore()
                        if state.withLock({ $0.next }) > stream.lastKnown {
                            guard stream.mustLook else { return [] }
                            stream.learn(try await JetStreamAPI(connection: connection).stream(name))
                            continue
                        }
                        if deafness.isOver() {
                            deafness = WaitingTime(Self.patience)
                            if try await dropDeaf(puller) { continue }
                        }
                        await puller.changes.wait(past: generation, timeout: Self.look)
                    }
                    try Task.checkCancellation()
                    guard !time.isOver() else {
                        drop(puller)
                        try await check(state.withLock { $0.next }, connection)
                        throw NATSFailure.unavailable(
                            "read stream \(name)", at: connection.name, said: "no record comes")
                    }
                }
            }
        }

        func waitForRecords(_ connection: NATSConnection, after position: LogPosition, timeout: Duration) async throws {
            let deadline = ContinuousClock.now + timeout
            while true {
                let waiting: (PullReader, UInt64)? = try await lock.withLock {
                    let puller = try await placed(connection, after: position)
                    let generation = puller.changes.generation
                    if puller.trouble != nil || !puller.isEmpty { return nil }
                    try await puller.askForMore()
                    return state.withLock { $0.next } > stream.lastKnown ? (puller, generation) : nil
                }
                let left = deadline - .now
                guard let (puller, generation) = waiting, left > .zero, !Task.isCancelled else { return }
                // A request at the server ends by itself: whoever waits for longer asks again.
                await puller.changes.wait(past: generation, timeout: min(left, Self.look))
            }
        }

        /// - Returns: whether what was read up to a sequence is acknowledged now; `false` where another way must be taken.
        func acknowledge(_ connection: NATSConnection, upTo sequence: UInt64) async throws -> Bool {
            let reply = state.withLock { state -> String? in
                guard state.puller?.connection === connection else { return nil }
                let found = state.replies.first { $0.sequence == sequence }
                state.replies.removeAll { $0.sequence <= sequence }
                return found?.reply
            }
            guard let reply else { return false }
            try await connection.publish(Array("+ACK".utf8), to: reply, doing: "acknowledge records of stream \(name)")
            return true
        }

        /// Forgets what was read ahead: the consumer was moved.
        func reset() {
            if let puller = state.withLock({ $0.puller }) { drop(puller) }
        }

        /// Ends, and lets the server forget a consumer that was for this look alone.
        func close(_ connection: NATSConnection?) async {
            guard let puller = state.withLock({ $0.puller }) else { return }
            drop(puller)
            if subscription == nil, let connection, connection === puller.connection {
                try? await JetStreamAPI(connection: connection).deleteConsumer(puller.consumer, of: name)
            }
        }

        /// Lets go of a consumer that does not deliver what the stream has.
        private func dropDeaf(_ puller: PullReader) async throws -> Bool {
            let next = state.withLock { $0.next }
            guard try await JetStreamAPI(connection: puller.connection).message(of: name, at: next) != nil else {
                return false
            }
            guard puller.isEmpty, puller.trouble == nil else { return false }
            stream.notice(
                "consumer \(puller.consumer) of stream \(name) does not deliver what is there, and is made anew on the stream's"
                    + " leader: \(state.withLock { $0.host } ?? "its server") is behind; where it stays so, start nats-server"
                    + " there again")
            state.withLock { $0.isDeaf = true }
            drop(puller)
            return true
        }

        // MARK: The consumer

        private func drop(_ puller: PullReader) {
            puller.end()
            state.withLock { state in
                if state.puller === puller { state.puller = nil }
                state.replies = []
            }
        }

        /// The consumer, in front of what comes after a position.
        private func placed(_ connection: NATSConnection, after position: LogPosition) async throws -> PullReader {
            let (known, next) = state.withLock { ($0.puller, $0.next) }
            if let known, known.connection === connection, stream.sequence(of: position) == next &- 1 { return known }
            if let known { drop(known) }
            return try await stream.lock.withLock {
                // Who carries waits until somebody leads the stream again; who looks is told.
                let api = JetStreamAPI(
                    connection: connection, patience: subscription == nil ? .brief : .lasting)
                let after = try await sequence(of: position, api)
                let mayKeep = state.withLock { state in
                    defer { state.hasRead = true }
                    return !state.hasRead
                }
                let consumer = try await consumer(after: after, mayKeep: mayKeep, api)
                let puller = try await PullReader.begin(
                    connection, consumer: consumer.name, of: name, from: after + 1, requestsExpire: expiry)
                state.withLock { state in
                    state.host = consumer.cluster?.leader
                    state.puller = puller
                    state.next = after + 1
                    state.isDeaf = false
                }
                return puller
            }
        }

        private func consumer(after: UInt64, mayKeep: Bool, _ api: JetStreamAPI) async throws -> ConsumerInfo {
            let placing = ConsumerPlacing(api: api, stream: name, notice: stream.notice)
            let isDeaf = state.withLock { $0.isDeaf }
            let host = isDeaf ? stream.leader : nil
            guard let subscription else { return try await placing.make(.look(from: after + 1), on: host) }
            let consumer = ConsumerName.of(subscription)
            if let there = try await placing.answering(consumer) {
                let isInPlace = there.lastDelivered == after && there.unacknowledged == 0 && (there.waiting ?? 0) == 0
                if isInPlace, !isDeaf, mayKeep || there.isUntouched { return there }
                try await placing.remove(consumer)
            }
            return try await placing.make(.cursor(of: subscription, from: after + 1), on: host)
        }

        /// - Throws: `gap` where the stream does not have what comes after the position.
        private func sequence(of position: LogPosition, _ api: JetStreamAPI) async throws -> UInt64 {
            let info = try await api.stream(name)
            stream.learn(info)
            let bounds = StreamBounds(info)
            let known = state.withLock { state in
                defer { state.identity = bounds.identity }
                return state.identity
            }
            if let known, known != bounds.identity {
                throw FleetError(
                    .gap, "stream \(name) is not the one that was read until now: it was made anew",
                    remedy: "restore it, or build the views that read it from what there is (`flotilla views rebuild`)")
            }
            guard position.value >= bounds.first.value - 1, let sequence = info.place.sequence(of: position) else {
                throw FleetError(
                    .gap,
                    "stream \(name) begins at position \(bounds.first): what was before is dropped, and position"
                        + " \(position) was asked for",
                    remedy: "build the view anew with `flotilla views rebuild`, from what there is")
            }
            guard position <= bounds.last else {
                throw FleetError(
                    .gap,
                    "stream \(name) ends at position \(bounds.last), before position \(position) that was read already:"
                        + " the stream is older than its readers",
                    remedy: "restore the newest copy of the stream, or rebuild the views that read it"
                        + " (`flotilla views rebuild`)")
            }
            return sequence
        }

        /// Looks why a record did not come. Somebody else may have taken it from the consumer: then it is read again.
        private func check(_ sequence: UInt64, _ connection: NATSConnection) async throws {
            let api = JetStreamAPI(connection: connection)
            if try await api.message(of: name, at: sequence) != nil { return }
            let info = try await api.stream(name)
            guard sequence <= info.state.lastSequence else { return }
            let position = info.place.position(of: sequence)
            throw FleetError(
                .gap, "stream \(name) has no record at position \(position): somebody has removed it",
                remedy:
                    "`nats stream purge \(name) --seq \(sequence + 1)` removes what is before the gap as well; then build the"
                    + " views that had not read it yet anew from what there is (`flotilla views rebuild`)")
        }
    }
#endif
