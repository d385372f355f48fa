#if Postgres
    import FleetCore

    /// When rows are to be removed that were kept long enough: at most once in ``interval``, however busy or idle the outbox
    /// is, and at once where a batch was full.
    struct RemovalSchedule: Sendable {
        /// `nil` where there is nothing to remove, and nothing will come.
        private var next: ContinuousClock.Instant?
        private let keep: Duration

        private static let interval = Duration.seconds(1)

        /// - Parameter table: `nil` where there is none. One that keeps no rows any more may have some left.
        init(_ table: PostgresOutboxTable?, keep: Duration) {
            self.keep = keep
            next = table?.keepsRows == true ? .now : nil
        }

        /// Whether to remove a batch now; not again before the next interval.
        mutating func takeTurn() -> Bool {
            let now = ContinuousClock.now
            guard let due = next, due <= now else { return false }
            next = now + Self.interval
            return true
        }

        mutating func note(removed: Int) {
            if removed >= PostgresSettlement.removalLimit {
                next = .now
            } else if removed == 0, keep == .zero {
                next = nil
            }
        }
    }
#endif
