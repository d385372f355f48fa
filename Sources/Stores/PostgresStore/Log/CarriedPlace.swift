#if Postgres
    import FleetCore
    import Outbox
    import PGOutput
    import PostgresConnection
    import Stores

    /// Where whoever captures an outbox tells how far everything in it is settled: in the name of its session, `flotilla NAME
    /// PROCESS@PLACE`, where `PROCESS` is the server's that sends it the log.
    ///
    /// What a reader reports to the server (`pg_stat_replication`) is shown to superusers and members of `pg_monitor` alone; the
    /// names of sessions are shown to everybody. To tell it in a table would write to the log whose place it is.
    struct CarriedPlace: Sendable {
        /// The session's own name, and the process that sends the log.
        let prefix: String

        /// Of a name so much is kept: the server cuts what is longer than 63 bytes.
        static let nameLimit = 34

        /// - Throws: `unavailable` where nobody reads the slot.
        init(slot: String, in session: PostgresSession) throws {
            let row = try session.firstRow(
                """
                SELECT left(current_setting('application_name'), \(Self.nameLimit)), active_pid FROM pg_replication_slots
                WHERE slot_name = $1
                """, [.text(slot)])
            guard let row, let process = row[1].integer else {
                throw FleetError(
                    .unavailable, "\(session.name): the server ended the stream at once", isRetriable: true)
            }
            prefix = "\(row[0].text ?? "") \(process)@"
        }

        func tell(_ place: LogSequenceNumber, in session: PostgresSession) throws {
            _ = try session.firstRow(
                "SELECT set_config('application_name', $1, false)", [.text("\(prefix)\(place)")])
        }

        /// A session's name without what is told there.
        static let ownName = "regexp_replace(application_name, ' [0-9]+@[0-9A-F]+/[0-9A-F]+$', '')"

        /// Whether everything that an outbox held up to a place is settled; `nil` where that process does not send its log any
        /// more. A role believes sessions of the same role alone.
        static func isCarried(
            _ stream: StreamName, by process: Int64, to place: SQLValue, in session: PostgresSession
        ) throws -> Bool? {
            let row = try session.firstRow(
                """
                SELECT NOT EXISTS (SELECT FROM flotilla_backlog WHERE stream = $4) AND (
                    slot.confirmed_flush_lsn >= $3::pg_lsn OR EXISTS (
                        SELECT FROM pg_stat_activity AS told JOIN pg_stat_activity AS sender
                            ON sender.pid = slot.active_pid AND sender.usesysid = told.usesysid
                        WHERE told.application_name LIKE '% ' || slot.active_pid || '@%'
                            AND substring(told.application_name FROM '@([0-9A-F]{1,8}/[0-9A-F]{1,8})$')::pg_lsn >= $3::pg_lsn))
                FROM pg_replication_slots AS slot WHERE slot_name = $1 AND active_pid = $2
                """,
                [
                    .text(ReplicationNames(stream: stream).slot), .integer(process), place,
                    .text(stream.description),
                ])
            return row.map { $0[0] == .boolean(true) }
        }
    }
#endif
