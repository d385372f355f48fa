#if Postgres
    import FleetCore
    import Foundation
    import Outbox
    import Parking
    import PostgresConnection
    import PostgresStore
    import Stores
    import TestKit

    /// One service's outbox, captured in one of the three modes, in a database of a test's own.
    struct CaptureFixture {
        /// The server of all these tests. Slots are of a server, not of a database: it has room for many.
        static let server = Task {
            try await PrivatePostgres(settings: ["max_replication_slots": "200", "max_wal_senders": "100"])
        }

        let database: ServiceDatabase
        let needs: OutboxNeeds
        var mode: CaptureMode { needs.capture }
        var slot: String { "flotilla_f_\(needs.stream.service)" }

        /// - Parameters:
        ///   - table: SQL that runs before `apply`, as the service's own.
        ///   - applies: whether `apply` runs.
        init(
            _ mode: CaptureMode, keep: Duration = .zero, table: String = "", applies: Bool = true,
            server: PrivatePostgres? = nil
        ) async throws {
            let shared = try await Self.server.value
            database = try await ServiceDatabase(server: server ?? shared)
            let stream = StreamName(
                fleet: FleetName(unchecked: "f"),
                service: ServiceName(unchecked: "s\(UUID().uuidString.prefix(8).lowercased())"))
            needs = OutboxNeeds(table: TableName(unchecked: "outbox"), keep: keep, capture: mode, stream: stream)
            if !table.isEmpty { try database.psql(table) }
            if applies { try await apply() }
        }

        func apply() async throws { _ = try await apply(at: database.address) }

        func apply(at address: PostgresAddress) async throws -> SetupPlan {
            try await PostgresSetup(address).apply(StoreNeeds(outbox: needs, views: []))
        }

        /// The same outbox, captured in another way.
        func needs(_ mode: CaptureMode) -> OutboxNeeds {
            OutboxNeeds(table: needs.table, keep: needs.keep, capture: mode, stream: needs.stream)
        }

        func open(
            limit: BatchLimit = .standard, at address: PostgresAddress? = nil, maximumParked: EventCount = 1_000,
            keep: Duration? = nil
        ) async throws -> any OutboxSource {
            let address = address ?? database.address
            var needs = needs
            needs.keep = keep ?? needs.keep
            if mode == .poll {
                return try await PostgresOutbox(
                    address, table: needs.table, keep: needs.keep, stream: needs.stream, maximumParked: maximumParked)
            }
            return try await PostgresLogOutbox(address, needs: needs, limit: limit, maximumParked: maximumParked)
        }

        /// Opens the outbox once the server has seen that whoever had it is gone.
        func reopen(limit: BatchLimit = .standard) async throws -> any OutboxSource {
            let deadline = ContinuousClock.now + .seconds(180)
            while true {
                do {
                    return try await open(limit: limit)
                } catch let error as FleetError where error.code == .busy && ContinuousClock.now < deadline {}
            }
        }

        /// Opens the outbox for the length of `body`.
        @discardableResult
        func withOutbox<Result>(
            limit: BatchLimit = .standard, _ body: (any OutboxSource) async throws -> Result
        ) async throws -> Result {
            let outbox = try await reopen(limit: limit)
            do {
                let result = try await body(outbox)
                await outbox.close()
                return result
            } catch {
                await outbox.close()
                throw error
            }
        }

        /// What waits, without capturing it.
        func pending() async throws -> PendingRows {
            mode == .poll
                ? try await PostgresOutbox.pending(database.address, table: needs.table, keep: needs.keep)
                : try await PostgresLogOutbox.pending(database.address, needs: needs)
        }

        /// As a service connects, apart from Flotilla.
        var writer: PostgresAddress {
            var address = database.address
            address.application = "writer"
            return address
        }

        /// A writer's connection, which may take its time within a transaction.
        func session() throws -> PostgresSession {
            let session = try PostgresSession(writer, cancellation: CancellationMark())
            try session.script("SET idle_in_transaction_session_timeout = 0")
            return session
        }

        func parked() async throws -> [ParkedEvent] {
            let parking = Parking(place: .outbox, stream: needs.stream)
            let store = PostgresStore(writer)
            let parked = try await store.read { try parking.list(limit: 1_000, in: $0) }
            await store.close()
            return parked
        }

        /// Cuts Flotilla's connections, as an administrator would.
        func terminate() throws {
            try database.psql(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'flotilla%'
                """)
        }

        // MARK: Writing

        /// SQL that writes one event for each of some numbers, with payload `{"n": number}`.
        func events(_ numbers: ClosedRange<Int>, key: String = "a") -> String {
            let id = "('0192f3a4-5b6c-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
            let numbers = "generate_series(\(numbers.lowerBound), \(numbers.upperBound)) AS n"
            if mode == .message {
                return """
                    SELECT count(pg_logical_emit_message(true, 'flotilla', json_build_object('id', \(id), 'aggregatetype', 'order',
                        'aggregateid', '\(key)', 'type', 'OrderPlaced', 'payload', json_build_object('n', n))::text))
                    FROM \(numbers);
                    """
            }
            return """
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                SELECT \(id), 'order', '\(key)', 'OrderPlaced', json_build_object('n', n) FROM \(numbers);
                """
        }

        func event(_ number: Int, key: String = "a") -> String { events(number...number, key: key) }

        /// Writes one message of capture mode `message`.
        static func message(_ content: String, isTransactional: Bool = true) -> String {
            "SELECT pg_logical_emit_message(\(isTransactional), 'flotilla', $message$\(content)$message$);"
        }
    }

    /// A table that refuses nothing, as services have them.
    enum LaxTable {
        static func sql(
            id: String = "text", payload: String = "json", time: String = "timestamptz", headers: String = "json"
        ) -> String {
            """
            CREATE TABLE outbox (number serial, id \(id), aggregatetype text, aggregateid text, type text,
                payload \(payload), time \(time), traceparent text, headers \(headers));
            """
        }
    }

    /// Takes events as a relay does: what may leave is noted, the rest is parked, and then the batch is settled.
    struct Carrier {
        var events: [Event] = []
        /// Batches that are captured and settled before others are captured.
        private(set) var batches = 0
        var isHolding = false

        var numbers: [Int] { events.map { $0.id.number } }
        func numbers(of key: String) -> [Int] { events.filter { $0.key == key }.map { $0.id.number } }

        /// Takes one batch, if there is one within `patience`.
        /// - Returns: whether there was.
        @discardableResult
        mutating func step(
            _ outbox: any OutboxSource, limit: BatchLimit = .standard, patience: Duration = .milliseconds(20)
        ) async throws -> Bool {
            var held = try await outbox.heldKeys()
            let rows = try await outbox.capture(after: .start, limit: limit, patience: patience)
            guard let last = rows.last else { return false }
            var batch = CapturedBatch(published: [], parked: [], through: last)
            let order =
                rows.events.indices.map {
                    (rows.positions[$0], rows.events[$0] as Event?, "" as String?, rows.events[$0].key)
                }
                + rows.malformed.map { ($0.position, nil, $0.reason, $0.key) }
            for (position, event, reason, key) in order.sorted(by: { $0.0 < $1.0 }) {
                if held.contains(key) {
                    batch.parked.append(RowToPark(position: position, key: key, reason: nil))
                } else if let event {
                    batch.published.append(position)
                    events.append(event)
                } else {
                    held.insert(key)
                    batch.parked.append(RowToPark(position: position, key: key, reason: reason))
                }
            }
            try await outbox.settle(batch)
            batches += 1
            return true
        }

        /// Takes all that is committed by now.
        mutating func drain(_ outbox: any OutboxSource, limit: BatchLimit = .standard) async throws {
            let deadline = ContinuousClock.now + .seconds(180)
            while true {
                if try await step(outbox, limit: limit) { continue }
                if try await outbox.pending().count == 0 { return }
                try check(ContinuousClock.now < deadline, "rows are pending and are not captured")
            }
        }
    }

    extension EventID {
        /// Of an id that ``CaptureFixture/events(_:key:)`` made.
        var number: Int { Int(low & 0xFFFF_FFFF) }
    }

    extension Event {
        var text: String { String(decoding: payload, as: UTF8.self) }
    }
#endif
