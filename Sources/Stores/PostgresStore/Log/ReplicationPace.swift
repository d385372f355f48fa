#if Postgres
    /// How fast messages come. Where they come densely, to wake up for each would cost the server and us more than all
    /// else: they gather for a moment before they are read, and rows for another before they are handed over.
    struct ReplicationPace {
        /// How often rows are handed over, where they come densely.
        static let interval = Duration.milliseconds(2)
        /// So many messages within an interval are dense.
        private static let denseCount = 32
        /// How long messages gather. Much longer, and the server would have to wait for room in the socket.
        static let pause = Duration.microseconds(200)

        var messages = 0
        /// Messages ever.
        var total = 0
        private(set) var isDense = false
        private var start = ContinuousClock.now

        /// Whether it is time to hand rows over; asked after each look at the socket.
        mutating func handsOver(at now: ContinuousClock.Instant) -> Bool {
            guard now - start >= Self.interval else { return !isDense }
            isDense = messages >= Self.denseCount
            messages = 0
            start = now
            return true
        }
    }
#endif
