#if NATS
    import Brokers
    import FleetCore
    import Synchronization
    import Wire

    /// What is known of one stream, and who works at it.
    final class NATSStream: Sendable {
        private struct State {
            var place: StreamPlace?
            /// The stream is known to have had this sequence.
            var lastKnown: UInt64 = 0
            /// When it was last looked at, and who led it then.
            var looked: ContinuousClock.Instant?
            var leader: String?
            var readers: [SubscriptionName?: StreamReader] = [:]
        }

        let name: String
        let mapping: NATSMapping
        let publisher: StreamPublisher
        /// For what moves cursors, and what drops records up to the slowest.
        let lock = AsyncLock()
        /// Is told what was mended by itself.
        let notice: @Sendable (String) -> Void
        private let state = Mutex(State())

        init(_ mapping: NATSMapping, notice: @escaping @Sendable (String) -> Void) {
            self.mapping = mapping
            self.notice = notice
            name = mapping.stream.description
            publisher = StreamPublisher(mapping)
        }

        /// Keeps what was just seen of the stream. Who reads it looks whether it is still the one that it was.
        func learn(_ info: StreamInfo) {
            let (place, last) = (info.place, info.state.lastSequence)
            state.withLock { state in
                state.lastKnown = state.place == place ? max(state.lastKnown, last) : last
                state.place = place
                state.looked = .now
                state.leader = info.cluster?.leader
            }
        }

        /// How long nobody need look at it.
        private static let lookInterval = Duration.seconds(10)

        /// Whether it is time to look again: others may have appended what does not come by itself.
        var mustLook: Bool { state.withLock { $0.looked.map { ContinuousClock.now - $0 > Self.lookInterval } ?? true } }

        /// The server that led it when it was last looked at; `nil` on a server that stands alone.
        var leader: String? { state.withLock { $0.leader } }

        var lastKnown: UInt64 { state.withLock { $0.lastKnown } }

        /// Tells that the stream ends at a sequence at least.
        /// - Returns: its position.
        func appended(through sequence: UInt64) -> LogPosition {
            state.withLock { state in
                state.lastKnown = max(state.lastKnown, sequence)
                return state.place?.position(of: sequence) ?? LogPosition(Int64(clamping: sequence))
            }
        }

        func sequence(of position: LogPosition) -> UInt64? {
            state.withLock { $0.place?.sequence(of: position) }
        }

        func reader(for subscription: SubscriptionName?) -> StreamReader {
            state.withLock { state in
                if let known = state.readers[subscription] { return known }
                let reader = StreamReader(self, for: subscription)
                state.readers[subscription] = reader
                return reader
            }
        }

        /// - Returns: all readers, which are forgotten.
        func takeReaders() -> [StreamReader] {
            state.withLock { state in
                defer { state.readers = [:] }
                return Array(state.readers.values)
            }
        }

        // MARK: Records

        /// - Throws: `badEvent` for a message that is no event.
        func record(_ arrival: PullReader.Arrival) throws -> LogRecord {
            let message = arrival.message
            let stored = Timestamp(microseconds: Int64(clamping: arrival.delivery.nanoseconds / 1000))
            return try record(
                at: arrival.delivery.sequence, payload: message.payload, stored: stored, header: message.header)
        }

        func record(_ message: StoredMessage) throws -> LogRecord {
            let headers = message.headers
            return try record(
                at: message.sequence, payload: message.payload, stored: message.stored ?? .now(),
                header: { headers[$0] })
        }

        private func record(
            at sequence: UInt64, payload: [UInt8], stored: Timestamp, header: (String) -> String?
        ) throws -> LogRecord {
            let position = state.withLock { $0.place }?.position(of: sequence) ?? LogPosition(Int64(clamping: sequence))
            do {
                return LogRecord(
                    position: position, event: try mapping.event(header: header, payload: payload, stored: stored))
            } catch {
                throw FleetError(
                    .badEvent, "the message at position \(position) of stream \(name) is no event: \(error.message)",
                    remedy:
                        "nobody but Flotilla is to publish to \(mapping.subjects.filter); `nats stream purge \(name) --seq"
                        + " \(sequence + 1)` removes it with all before it, and then `flotilla views rebuild` builds the views"
                        + " that had not read them yet")
            }
        }
    }
#endif
