#if Postgres
    import FleetCore
    import Outbox

    /// How many rows are asked for at once: somewhat more than fill a batch at the size that rows have lately, so that few
    /// are sent to no use.
    struct RowAllowance: Sendable {
        /// What rows are of, as far as known.
        private var size = ByteCount.kibibytes(16)

        /// Rows that are smaller are believed step by step: a few of them say little about those behind them.
        private static let steepestFall = 8

        func rows(in limit: BatchLimit) -> Int {
            let fitting = limit.bytes.value / size.value
            return max(1, min(limit.events.value, fitting + fitting / 4 + 1))
        }

        mutating func note(rows: Int, size taken: ByteCount) {
            guard rows > 0 else { return }
            size = ByteCount(max(64, taken.value / rows, size.value / Self.steepestFall))
        }
    }
#endif
