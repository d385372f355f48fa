#if Postgres
    public import FleetCore
    import PostgresConnection
    public import Stores

    extension PostgresState {
        public func flow() async throws -> [FlowEntry] {
            let fleet = fleet.text
            return try await withFlow { session in
                try session.rows(
                    """
                    SELECT subject, paused_since, reason, restarts FROM flotilla_flow WHERE fleet = $1 ORDER BY subject
                    """, [.text(fleet)]
                ).map { row in
                    FlowEntry(
                        subject: row[0].text ?? "",
                        pausedSince: row[1].integer.map { Timestamp(microseconds: $0) }, reason: row[2].text,
                        restarts: row[3].integer ?? 0)
                }
            }
        }

        public func pause(_ subject: String, reason: String?, at now: Timestamp) async throws -> Bool {
            let fleet = fleet.text
            return try await withFlow { session in
                try session.run(
                    """
                    INSERT INTO flotilla_flow AS known (fleet, subject, paused_since, reason) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (fleet, subject) DO UPDATE SET paused_since = excluded.paused_since, reason = excluded.reason
                    WHERE known.paused_since IS NULL
                    """,
                    [.text(fleet), .text(subject), .integer(now.microseconds), reason.map { .text($0) } ?? .null]) == 1
            }
        }

        public func resume(_ subject: String) async throws -> Bool {
            let fleet = fleet.text
            return try await withFlow { session in
                try session.run(
                    """
                    UPDATE flotilla_flow SET paused_since = NULL, reason = NULL
                    WHERE fleet = $1 AND subject = $2 AND paused_since IS NOT NULL
                    """, [.text(fleet), .text(subject)]) == 1
            }
        }

        public func restart(_ subject: String) async throws {
            let fleet = fleet.text
            _ = try await withFlow { session in
                try session.run(
                    """
                    INSERT INTO flotilla_flow AS known (fleet, subject, restarts) VALUES ($1, $2, 1)
                    ON CONFLICT (fleet, subject) DO UPDATE SET restarts = known.restarts + 1
                    """, [.text(fleet), .text(subject)])
            }
        }

        /// Works with a table that a state made by an older Flotilla does not have.
        private func withFlow<Result: Sendable>(
            _ body: @escaping @Sendable (PostgresSession) throws -> Result
        ) async throws -> Result {
            do {
                return try await connection.access(body)
            } catch let error as FleetError where error.code == .statement {
                throw FleetError(
                    .notApplied, "\(name): the fleet's state is not there, or was made by an older Flotilla",
                    remedy: "run `flotilla apply`", underlying: error.underlying ?? error.message)
            }
        }
    }
#endif
