#if Postgres
    import FleetCore
    public import PostgresConnection
    public import Stores

    /// A service's store in PostgreSQL: one schema of a database.
    ///
    /// Write transactions are serializable. Where two are in each other's way, one of them is undone and its closure run
    /// again, alone, a few times; where that happens often, fewer run at a time.
    public final class PostgresStore: Store {
        public let name: String
        private let pool: PostgresPool
        private let turns: WriteTurns
        /// Who is asked how the server is; `nil` for whoever works in the store.
        let monitor: PostgresMonitor?
        /// What all who look at stores of its server have in common.
        let answers: PostgresAnswers
        /// What need not be looked at each time.
        let memory = PostgresLookMemory()

        /// Connects when it is first used.
        /// - Parameters:
        ///   - connections: how many transactions may run at a time.
        ///   - monitoring: the role that the server is looked at with, in place of the URL's.
        ///   - answers: what the server has told, for all stores there; `nil` where it is the only one.
        public init(
            _ address: PostgresAddress, connections: Int = 4, monitoring: MonitoringNeeds? = nil,
            answers: PostgresAnswers? = nil
        ) {
            name = address.name
            self.answers = answers ?? PostgresAnswers(stores: 1, pace: nil)
            monitor = monitoring.map { PostgresMonitor($0, at: address) }
            pool = PostgresPool(address, size: connections)
            turns = WriteTurns(most: max(1, connections))
        }

        public func write<Result: Sendable>(
            _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
        ) async throws -> Result {
            var failures = 0
            while true {
                do {
                    return try await turns.take(alone: failures > 0) {
                        try await pool.connection().transaction(.write) { try body($0) }
                    }
                } catch let error as FleetError where error.code == .conflictingTransactions && failures < Self.retries
                {
                    failures += 1
                    var random = SystemRandomNumberGenerator()
                    try await Task.sleep(for: Self.backoff.delay(afterFailures: failures, using: &random))
                }
            }
        }

        /// A transaction that another was in the way of is done again at once, as a rule with success.
        private static let retries = 5
        private static let backoff = Backoff(initial: .milliseconds(2), cap: .milliseconds(50))

        public func read<Result: Sendable>(
            _ body: @escaping @Sendable (any StoreTransaction) throws -> Result
        ) async throws -> Result {
            try await pool.connection().transaction(.read) { try body($0) }
        }

        public func close() async {
            await monitor?.close()
            await pool.close()
        }
    }
#endif
