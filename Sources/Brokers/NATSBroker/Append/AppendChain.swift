#if NATS
    import FleetCore

    /// Appends one batch to a stream in order, without gap and without repeating: the logic, without I/O.
    ///
    /// The first message of a batch names the sequence that it is to come after, and each other one the event before it, so that
    /// one that is lost or refused stops all that follow: where the last is acknowledged, all are there. After anything else the
    /// chain looks at the stream: what it holds of the batch is appended, and the rest is sent again, after what is there now.
    struct AppendChain: Sendable {
        enum Action: Sendable, Equatable {
            /// Send these events of the batch, the first after a sequence, each other one after the event before it.
            case send(Range<Int>, after: UInt64)
            /// Look where the stream ends.
            case look
            /// Tell the event ids of the stream's messages after a sequence, and up to one.
            case scan(after: UInt64, through: UInt64)
            /// All is there; the stream ends at a sequence.
            case done(UInt64)
            /// Others append, again and again.
            case giveUp
        }

        enum Input: Sendable, Equatable {
            /// The last event that was sent is there, at a sequence.
            case acknowledged(UInt64)
            /// The server has the last event that was sent already.
            case duplicate(UInt64)
            /// The stream does not end where it was said to.
            case outOfPlace
            /// Nobody knows what has become of what was sent.
            case unknown
            case ends(first: UInt64, last: UInt64)
            case found([EventID])
        }

        private let ids: [EventID]
        /// Events that are known to be in the stream, from the first of the batch on.
        private(set) var appended = 0
        /// Where the stream ends, as far as known.
        private var end: UInt64?
        /// Messages up to here are not of this batch.
        private(set) var floor: UInt64?
        private var sending: Range<Int> = 0..<0
        /// Rounds since more of the batch was known to be there.
        private var fruitless = 0

        /// How far back a stream is looked at by who does not know where it ended before: the largest batch, twice.
        static let window: UInt64 = 8192
        private static let fruitlessLimit = 8

        /// - Parameters:
        ///   - end: where the stream ends, if that is certain.
        ///   - floor: messages up to here are not of this batch; `nil` if that is not known.
        init(_ ids: [EventID], end: UInt64?, floor: UInt64?) {
            self.ids = ids
            self.end = end
            self.floor = end ?? floor
        }

        mutating func start() -> Action { end == nil ? .look : next() }

        mutating func handle(_ input: Input) -> Action {
            switch input {
            case .acknowledged(let sequence):
                guard let end, sequence == end + UInt64(sending.count) else { return lookAgain() }
                appended = sending.upperBound
                self.end = sequence
                floor = sequence
                fruitless = 0
                return next()
            case .duplicate(let sequence):
                // Of one event alone it is said that it is there. The stream's end has not moved.
                guard sending.count == 1 else { return lookAgain() }
                appended += 1
                fruitless = 0
                guard let end, appended < ids.count, sequence < end else { return next() }
                // What follows it in the batch follows it in the stream, likely.
                return .scan(after: sequence, through: end)
            case .outOfPlace, .unknown: return lookAgain()
            case .ends(let first, let last):
                end = last
                let lowest = max(floor ?? 0, first > 0 ? first - 1 : 0, last > Self.window ? last - Self.window : 0)
                return lowest < last ? .scan(after: lowest, through: last) : resume(found: false)
            case .found(let found):
                let before = appended
                for id in found where appended < ids.count && ids[appended] == id { appended += 1 }
                floor = max(floor ?? 0, end ?? 0)
                return resume(found: appended > before)
            }
        }

        private mutating func lookAgain() -> Action {
            end = nil
            fruitless += 1
            return fruitless > Self.fruitlessLimit ? .giveUp : .look
        }

        private mutating func resume(found: Bool) -> Action {
            if found { fruitless = 0 }
            return next()
        }

        private mutating func next() -> Action {
            guard let end else { return .look }
            if appended == ids.count { return .done(end) }
            // Where a round brought nothing, one event alone is sent: its answer says why.
            sending = appended..<(fruitless > 0 ? appended + 1 : ids.count)
            return .send(sending, after: end)
        }
    }
#endif
