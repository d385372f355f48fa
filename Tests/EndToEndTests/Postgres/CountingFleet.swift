#if Postgres
    import Foundation
    import TestKit

    /// A fleet in one database of a private PostgreSQL: a service that counts for some keys, and a view that keeps every
    /// number in the order in which it came.
    struct CountingFleet: Sendable {
        enum Capture: String, CaseIterable, Sendable {
            case poll, log, message
        }

        let server: PrivatePostgres
        let database: String
        let fleet: FleetDirectory
        let capture: Capture
        /// Slots are the server's, and tests share it.
        let name: String

        /// - Parameter role: as whom Flotilla comes in, made with no more rights than it needs; a superuser where none is named.
        init(
            _ capture: Capture, outbox: String = "", sharedState: Bool = false, broker: String = "embedded",
            server: PrivatePostgres? = nil, role: String? = nil
        ) async throws {
            if let server { self.server = server } else { self.server = try await PrivatePostgres.shared() }
            database = try await self.server.makeDatabase()
            self.capture = capture
            name = database.replacing("_", with: "-")
            if let role {
                try self.server.psql(
                    database, "CREATE ROLE \(role) LOGIN REPLICATION; GRANT CREATE ON DATABASE \(database) TO \(role)")
            }
            let url = self.server.url(database, user: role ?? "flotilla")
            fleet = try FleetDirectory(
                """
                fleet: \(name)
                broker: \(broker.hasPrefix("{") ? broker : "\"\(broker)\"")
                state: \(sharedState ? "\"\(url)\"" : ".flotilla")
                services:
                  counter:
                    store: {url: "\(url)", schema: counter}
                    outbox: {capture: \(capture.rawValue)\(outbox.isEmpty ? "" : ", " + outbox)}
                    publishes: [Counted]
                  reader:
                    store: {url: "\(url)", schema: reader}
                    views:
                      seen:
                        schema: CREATE TABLE seen (place BIGSERIAL PRIMARY KEY, key TEXT, number INT)
                        when:
                          counter.Counted: INSERT INTO seen (key, number) VALUES (:key, :data.number)
                """)
            let applied = try await fleet.flotilla("apply")
            try check(applied.ended(0), applied.said)
        }

        /// Writes some numbers for each of some keys, in one transaction.
        func count(_ numbers: ClosedRange<Int>, keys: ClosedRange<Int> = 1...3) throws {
            try psql("SET synchronous_commit = local; \(counting(numbers, keys: keys))")
        }

        /// The statement that writes them.
        func counting(_ numbers: ClosedRange<Int>, keys: ClosedRange<Int> = 1...3) -> String {
            let series = """
                generate_series(\(numbers.lowerBound), \(numbers.upperBound)) AS n,
                generate_series(\(keys.lowerBound), \(keys.upperBound)) AS k
                """
            let payload = "json_build_object('number', n)"
            return switch capture {
            case .message:
                """
                SELECT count(pg_logical_emit_message(true, 'flotilla', json_build_object('id', gen_random_uuid(),
                    'aggregatetype', 'counter', 'aggregateid', 'k' || k, 'type', 'Counted', 'payload', \(payload))::text))
                FROM \(series)
                """
            case .poll, .log:
                """
                INSERT INTO counter.outbox (id, aggregatetype, aggregateid, type, payload)
                SELECT gen_random_uuid(), 'counter', 'k' || k, 'Counted', \(payload) FROM \(series)
                """
            }
        }

        @discardableResult
        func psql(_ sql: String) throws -> String { try server.psql(database, sql) }

        func seen() throws -> Int { Int(try psql("SELECT count(*) FROM reader.seen")) ?? 0 }

        /// Waits until everything came, and holds that it came once and in order.
        func expectAll(_ numbers: Int, keys: Int = 3, within limit: Duration = .seconds(180)) async throws {
            try await eventually("\(numbers) numbers of \(keys) keys", within: limit) { try seen() >= numbers * keys }
            let wrong = try psql(
                """
                SELECT key, number, expected FROM (
                    SELECT key, number, row_number() OVER (PARTITION BY key ORDER BY place) AS expected FROM reader.seen
                ) AS places WHERE number <> expected LIMIT 5
                """)
            try check(wrong.isEmpty, "key, number and the one that was expected: \(wrong)")
            try checkEqual(try seen(), numbers * keys)
        }
    }
#endif
