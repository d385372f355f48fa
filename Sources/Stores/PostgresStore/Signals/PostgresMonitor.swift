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
        private let connection: Mutex<PostgresConnection>
        /// Why the role was refused last, and when.
        private let refusal = Mutex<(at: ContinuousClock.Instant, error: FleetError)?>(nil)
        /// One that is refused does not knock at every look.
        private static let patience = Duration.seconds(15)

        init(_ needs: MonitoringNeeds, at address: PostgresAddress) {
            role = needs.role
            let options = PostgresAddress.options(of: address.url)
            let place = [options["host"] ?? options["hostaddr"], options["port"]].compactMap(\.self)
            server = place.isEmpty ? "its server" : "the server at \(place.joined(separator: ":"))"
            connection = Mutex(PostgresConnection(address.monitored(by: needs)))
        }

        /// Asks the server that the store is at.
        /// - Throws: why the role cannot look, with what to do.
        func answer(
            to question: PostgresQuestion, after known: PostgresAnswers.Answer?
        ) async throws -> (key: PostgresQuestion, answer: PostgresAnswers.Answer) {
            if let last = refusal.withLock({ $0 }), ContinuousClock.now - last.at < Self.patience { throw last.error }
            do {
                let (role, server) = (role, server)
                let current = connection.withLock { $0 }
                let told = try await current.transaction(.read) {
                    session -> (key: PostgresQuestion, answer: PostgresAnswers.Answer) in
                    var told = try question.answer(in: session, after: known)
                    guard question.database == nil else { return told }
                    var look = PostgresLook(session, told.answer.memory, readings: told.answer.readings)
                    try look.part("what pg_monitor lets see of \(server)", isShared: true) {
                        if try session.firstRow("SELECT pg_has_role('pg_monitor', 'USAGE')")?[0] == .boolean(true) {
                            return []
                        }
                        throw FleetError(
                            .denied, "the monitoring role \(role) is no member of pg_monitor",
                            remedy: "run `flotilla apply`, or as a superuser: GRANT pg_monitor TO"
                                + " \(PostgresAddress.quoted(role))")
                    }
                    told.answer.readings = look.readings
                    return told
                }
                guard told.key.run == question.run else {
                    // One of the two connections has outlived its server's place at the address.
                    await reconnect(instead: current)
                    throw FleetError(
                        .unavailable, "the monitoring role \(role) has come to another server than the store's own",
                        isRetriable: true)
                }
                return told
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

        private func reconnect(instead former: PostgresConnection) async {
            connection.withLock { $0 = PostgresConnection(former.address) }
            await former.close()
        }

        func close() async { await connection.withLock { $0 }.close() }
    }
#endif
