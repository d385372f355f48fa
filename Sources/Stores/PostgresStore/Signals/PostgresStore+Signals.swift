#if Postgres
    import FleetCore
    public import Signals
    import Stores

    extension PostgresStore: SignalSource {
        public static var metrics: [Metric] { PostgresMetrics.all }
        /// Those of them that are told of replication slots: of all that are in the store's database.
        public static var slotMetrics: [Metric] { [PostgresMetrics.slotActive, PostgresMetrics.slotRetained] }

        /// By which a statement is recognised in ``StatementReading/pattern``.
        public static func pattern(of statement: String) -> String { StatementText.pattern(of: statement) }

        /// A short read transaction, and where another role looks at the server, one of each. What a role may not see, or a
        /// server does not have, is left out and said.
        public func readings() async throws -> Readings {
            let memory = memory
            guard let monitor else {
                return try await read { transaction in
                    var look = PostgresLook(transaction, memory)
                    try look.atServer()
                    try look.atTables()
                    return look.readings
                }
            }
            var seen: Readings?
            var trouble: FleetError?
            do {
                seen = try await monitor.readings(memory)
            } catch {
                trouble = FleetError.wrapping(error)
                if trouble?.code == .cancelled { throw error }
            }
            // Statistics of a table's columns are seen by those alone who may read the table.
            let readings = try await read { [seen] transaction in
                var look = PostgresLook(transaction, memory, readings: seen ?? Readings())
                if seen == nil { try look.atServer() }
                try look.atTables()
                return look.readings
            }
            guard let trouble else { return readings }
            var all = readings
            all.fail(
                "\(monitor.server) as the role \(monitor.role) sees it; its own role looks", trouble, isShared: true)
            return all
        }
    }
#endif
