#if Postgres
    public import FleetCore
    public import PostgresConnection
    public import Stores

    /// As whom somebody comes in.
    public enum PostgresRole {
        /// The end of the year 9999: what says more means never.
        private static let never: Int64 = 253_402_300_800

        /// Asks a server until when the password of the role is good that comes in: what the role is called, for people, and `nil`
        /// for one that does not end.
        /// - Parameter monitoring: who comes in, in place of whom the address names.
        public static func passwordEnd(
            _ address: PostgresAddress, monitoring: MonitoringNeeds? = nil
        ) async throws -> (name: String, end: Timestamp?) {
            let options = PostgresAddress.options(of: address.url)
            let place = [options["host"] ?? options["hostaddr"], options["port"]].compactMap(\.self)
            let entered = monitoring.map { address.monitored(by: $0) } ?? address
            let row = try await PostgresConnection.withConnection(to: entered) { connection in
                try await connection.access { session in
                    try session.firstRow(
                        """
                        SELECT rolname::text, CASE WHEN isfinite(rolvaliduntil) THEN
                            floor(extract(epoch FROM rolvaliduntil))::int8 END
                        FROM pg_roles WHERE rolname = session_user
                        """)
                }
            }
            guard let row, let role = row[0].text else {
                throw FleetError(.denied, "\(address.name) does not tell who comes in")
            }
            let name = "PostgreSQL role \(role)" + (place.isEmpty ? "" : " at \(place.joined(separator: ":"))")
            let end = row[1].integer.flatMap { (-never..<never).contains($0) ? $0 : nil }
            return (name, end.map { Timestamp(microseconds: $0 * 1_000_000) })
        }
    }
#endif
