#if Postgres
    import FleetCore
    import PostgresConnection
    import Signals
    import Stores
    import Synchronization

    /// Looks at a server as a role that sees statistics and no data, over a connection of its own.
    final class PostgresMonitor: Sendable {
        let role: String
        /// Where the server is, for people.
        let server: String
        private let connection: PostgresConnection
        /// Why the role was refused last, and when.
        private let refusal = Mutex<(at: ContinuousClock.Instant, error: FleetError)?>(nil)
        /// One that is refused does not knock at every look.
        private static let patience = Duration.seconds(15)

        init(_ needs: MonitoringNeeds, at address: PostgresAddress) {
            role = needs.role
            let options = PostgresAddress.options(of: address.url)
            let place = [options["host"] ?? options["hostaddr"], options["port"]].compactMap(\.self)
            server = place.isEmpty ? "its server" : "the server at \(place.joined(separator: ":"))"
            connection = PostgresConnection(address.monitored(by: needs))
        }

        /// - Throws: why the role cannot look, with what to do.
        func readings(_ memory: PostgresLookMemory) async throws -> Readings {
            if let last = refusal.withLock({ $0 }), ContinuousClock.now - last.at < Self.patience { throw last.error }
            do {
                let (role, server) = (role, server)
                return try await connection.transaction(.read) { session in
                    var look = PostgresLook(session, memory)
                    try look.atServer()
                    try look.part("what pg_monitor lets see of \(server)", isShared: true) {
                        if try session.firstRow("SELECT pg_has_role('pg_monitor', 'USAGE')")?[0] == .boolean(true) {
                            return []
                        }
                        throw FleetError(
                            .denied, "the monitoring role \(role) is no member of pg_monitor",
                            remedy: "run `flotilla apply`, or as a superuser: GRANT pg_monitor TO"
                                + " \(PostgresAddress.quoted(role))")
                    }
                    return look.readings
                }
            } catch let error as FleetError where error.code == .denied {
                let refused = FleetError(
                    .denied, "the monitoring role \(role) is refused: \(error.message)",
                    remedy:
                        "run `flotilla apply`, which makes it as `monitoring` says, and see that pg_hba.conf lets it in",
                    underlying: error.underlying)
                refusal.withLock { $0 = (.now, refused) }
                throw refused
            }
        }

        func close() async { await connection.close() }
    }
#endif
