#if Postgres
    import FleetCore
    public import Signals
    import Stores

    extension PostgresStore: SignalSource {
        public static var metrics: [Metric] { PostgresMetrics.all }
        /// Those of them that are told of replication slots: of all that are in the store's database.
        public static var slotMetrics: [Metric] { [PostgresMetrics.slotActive, PostgresMetrics.slotRetained] }

        /// So long somebody else who asks the server is waited for, where nothing is known of it yet.
        private static let patience = Duration.seconds(5)

        /// By which a statement is recognised in ``StatementReading/pattern``.
        public static func pattern(of statement: String) -> String { StatementText.pattern(of: statement) }

        /// A short read transaction for what is the store's own; and one each for what all stores of the server, and of
        /// the database, have in common, unless somebody has just asked. What a role may not see, or a server does not
        /// have, is left out and said.
        public func readings() async throws -> Readings {
            let memory = memory
            // Statistics of a table's columns are seen by those alone who may read the table.
            let (place, own) = try await read { transaction -> (PostgresPlace, Readings) in
                let place = try PostgresPlace(transaction)
                var look = PostgresLook(transaction, memory)
                try look.atTables()
                return (place, look.readings)
            }
            var all = own
            let deadline = ContinuousClock.now + Self.patience
            var trouble: FleetError?
            if let monitor {
                let seen = try await inCommon(at: place, as: monitor.role, isMonitoring: true, until: deadline) {
                    try await monitor.answer(to: $0, after: $1)
                }
                guard let error = seen.trouble else {
                    all.add(seen.readings)
                    return all
                }
                all.shared += seen.readings.shared
                trouble = error
            }
            let seen = try await inCommon(at: place, as: place.role, isMonitoring: false, until: deadline) {
                question, known in
                try await self.read { try question.answer(in: $0, after: known) }
            }
            all.add(seen.readings)
            // The store itself has just answered.
            if let error = seen.trouble { all.fail("its server", error) }
            if let monitor, let trouble {
                all.fail(
                    "\(monitor.server) as the role \(monitor.role) sees it; its own role looks", trouble,
                    isShared: true)
            }
            return all
        }

        /// What all stores of the server, and all of the database, have in common.
        /// - Returns: what was told, and why there is no more of it.
        /// - Throws: `cancelled`.
        private func inCommon(
            at place: PostgresPlace, as role: String, isMonitoring: Bool, until deadline: ContinuousClock.Instant,
            ask: (PostgresQuestion, PostgresAnswers.Answer?) async throws -> (
                key: PostgresQuestion, answer: PostgresAnswers.Answer
            )
        ) async throws -> (readings: Readings, trouble: FleetError?) {
            var all = Readings()
            let scopes: [String?] = [nil, place.database]
            for database in scopes {
                let question = PostgresQuestion(
                    run: place.run, database: database, role: role, isMonitoring: isMonitoring)
                let taken = try await answers.shared.answer(to: question, named: question.name, until: deadline) {
                    try await ask(question, $0)
                }
                all.shared += taken.took
                switch taken.outcome {
                case .told(let answer): all.add(answer.readings)
                case .failed(let error): return (all, error)
                // Who asks says so where nothing comes of it.
                case .late: break
                }
            }
            return (all, nil)
        }
    }
#endif
