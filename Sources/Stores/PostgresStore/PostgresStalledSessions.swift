#if Postgres
    import FleetCore
    public import PostgresConnection
    import Stores

    /// Sessions of a fleet whose process does not go on: it was stopped within a transaction, or its machine sleeps. The
    /// locks of such a session hold everybody up. `idle_in_transaction_session_timeout` does not end one that stands within a
    /// pipeline: for the server that is active, and waits for its client (https://www.postgresql.org/docs/current/libpq-pipeline-mode.html).
    public enum PostgresStalledSessions {
        /// Ends the sessions of the same application, user and database that have been within a transaction, waiting for
        /// their client, for longer than `duration`. Their transactions leave no trace, and whoever had them connects anew.
        /// - Returns: how many were ended.
        public static func end(_ address: PostgresAddress, stalledFor duration: Duration) async throws -> Int {
            let connection = PostgresConnection(address)
            do {
                let count = try await connection.access { session in
                    try session.firstRow(
                        """
                        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE (application_name = current_setting('application_name') OR \(CarriedPlace.ownName)
                            = left(current_setting('application_name'), \(CarriedPlace.nameLimit)))
                            AND usename = current_user
                            AND datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
                            AND xact_start IS NOT NULL AND wait_event = 'ClientRead'
                            AND state_change < clock_timestamp() - make_interval(secs => $1)
                        """, [.real(Double(duration.wholeMicroseconds) / 1_000_000)])?[0].integer
                }
                await connection.close()
                return Int(count ?? 0)
            } catch {
                await connection.close()
                throw error
            }
        }
    }
#endif
