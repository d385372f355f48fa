#if Postgres
    import FleetCore
    import Parking
    import PostgresConnection
    import Stores

    /// Puts a rebuilt view in the place of the old one, within the caller's transaction of the live schema.
    struct PostgresSwap {
        private let view: ViewNeeds
        private let place: RebuildPlace
        private let session: PostgresSession
        private let live: String
        private let scratch: String

        /// Inbox rows that are copied by one statement: it has to end before the server's `statement_timeout`.
        private static let slice = 100_000

        init(_ view: ViewNeeds, _ place: RebuildPlace, _ session: PostgresSession) {
            self.view = view
            self.place = place
            self.session = session
            live = PostgresAddress.quoted(place.live)
            scratch = PostgresAddress.quoted(place.scratch)
        }

        private var name: SQLValue { .text(view.subscription.name) }

        /// - Parameter patience: how long the old view's tables may be busy.
        func perform(patience: Duration) throws {
            try place.lock(session, forTransaction: true)
            guard try place.isThere(session) else {
                throw FleetError(
                    .missing, "\(session.name): what was rebuilt of view \(view.subscription) is gone",
                    remedy: "rebuild it again")
            }
            try analyze()
            // What takes long comes before anybody waits for this transaction. The rows have numbers that nobody knows.
            let numbers = try copyInbox()
            var time = WaitingTime(patience)
            while true {
                do {
                    try session.savepoint { try replace(numbers) }
                    CrashPoint.swapping.reached()
                    return
                } catch let error as FleetError where error.waitingHelps && error.code != .full {
                    if time.isOver() { throw try busy(error) }
                    // Those who wait behind this transaction go first.
                    try session.query("SELECT pg_sleep(0.2)")
                }
            }
        }

        /// The planner knows nothing about tables that were just filled.
        private func analyze() throws {
            for object in try PostgresViewObjects.all(in: place.scratch, session).map(\.object)
            where ["TABLE", "MATERIALIZED VIEW"].contains(object.kind) {
                try session.script("ANALYZE \(object.named(in: place.scratch))")
            }
        }

        // MARK: Records

        private struct Numbers {
            var stream: String
            var scratch: Int64
            var live: Int64
        }

        private func copyInbox() throws -> [Numbers] {
            let rows = try session.rows(
                """
                SELECT stream, number, nextval(pg_get_serial_sequence($2, 'number'))
                FROM \(scratch).flotilla_subscriptions WHERE name = $1
                """, [name, .text("\(live).flotilla_subscriptions")])
            let numbers = rows.map {
                Numbers(stream: $0[0].text ?? "", scratch: $0[1].integer ?? 0, live: $0[2].integer ?? 0)
            }
            for number in numbers {
                var after: [UInt8] = []
                while let next = try copyInbox(number, after: after) { after = next }
            }
            return numbers
        }

        /// Copies one slice, and returns where the next begins.
        private func copyInbox(_ number: Numbers, after: [UInt8]) throws -> [UInt8]? {
            let bound = try session.firstRow(
                """
                SELECT event_id FROM \(scratch).flotilla_inbox WHERE subscription = $1 AND event_id > $2
                ORDER BY event_id OFFSET $3 LIMIT 1
                """, [.integer(number.scratch), .bytes(after), .integer(Int64(Self.slice - 1))])?[0].bytes
            _ = try session.run(
                """
                INSERT INTO \(live).flotilla_inbox (subscription, event_id, position)
                SELECT $1, event_id, position FROM \(scratch).flotilla_inbox
                WHERE subscription = $2 AND event_id > $3 AND ($4::bytea IS NULL OR event_id <= $4)
                """,
                [
                    .integer(number.live), .integer(number.scratch), .bytes(after), bound.map { .bytes($0) } ?? .null,
                ])
            return bound
        }

        /// Puts cursors and parked events of the rebuilt view in the place of the old one's. The old inbox rows stay.
        private func replaceRecords(_ numbers: [Numbers]) throws {
            let place = SQLValue.text(Parking.Place.subscription(view.subscription.name).text)
            _ = try session.run("DELETE FROM \(live).flotilla_subscriptions WHERE name = $1", [name])
            for number in numbers {
                _ = try session.run(
                    """
                    INSERT INTO \(live).flotilla_subscriptions (number, name, stream, position, begun_at, stream_identity,
                        last_event_id)
                    SELECT $1, name, stream, position, begun_at, stream_identity, last_event_id
                    FROM \(scratch).flotilla_subscriptions WHERE number = $2
                    """, [.integer(number.live), .integer(number.scratch)])
            }
            _ = try session.run("DELETE FROM \(live).flotilla_parked WHERE place = $1", [place])
            let columns = """
                place, stream, position, event_id, event_type, event_key, aggregate_type, event_time, trace_parent, headers,
                content_type, payload, reason, attempts, next_attempt, parked_at
                """
            _ = try session.run(
                """
                INSERT INTO \(live).flotilla_parked (\(columns))
                SELECT \(columns) FROM \(scratch).flotilla_parked WHERE place = $1 ORDER BY sequence
                """, [place])
        }

        // MARK: Objects

        private func replace(_ numbers: [Numbers]) throws {
            try session.script("SET LOCAL lock_timeout = '300ms'")
            var privileges: ViewPrivileges?
            if let noted = try place.noted(session) {
                // By their old names, before anything waits for a lock; again where nothing can be tied to them any more.
                try place.surroundings(session).check(view, old: try noted.found(in: place.live, session), noted: noted)
                try lock(try noted.found(in: place.live, session))
                let old = try noted.found(in: place.live, session)
                try place.surroundings(session).check(view, old: old, noted: noted)
                privileges = try ViewPrivileges(of: old, in: session)
                try drop(old.map(\.object))
            }
            try replaceRecords(numbers)
            try dropOwnTables()
            let others = Set(try PostgresViewObjects.all(in: place.live, session).map(\.object))
            try move()
            try privileges?.restore(in: session)
            let made = try PostgresViewObjects.all(in: place.live, session).map(\.object).filter {
                !others.contains($0)
            }
            try PostgresViewObjects.note(view, made: made, in: session)
            // Without CASCADE: what could not be moved must not be lost.
            try session.script("DROP SCHEMA \(scratch)")
        }

        private func lock(_ old: [PostgresViewObjects.Found]) throws {
            let tables = old.map(\.object).filter { $0.kind == "TABLE" }.map { $0.named(in: place.live) }
            if tables.isEmpty { return }
            try session.script("LOCK TABLE \(tables.joined(separator: ", ")) IN ACCESS EXCLUSIVE MODE")
        }

        /// Drops objects that may depend on each other, the newest first, and on nothing else: not with CASCADE, which
        /// would take along what somebody has tied to them a moment ago.
        private func drop(_ objects: [PostgresViewObjects.Object]) throws {
            var left = Array(objects.reversed())
            while !left.isEmpty {
                var kept: [PostgresViewObjects.Object] = []
                var fault: FleetError?
                for object in left {
                    do {
                        try session.savepoint {
                            try session.script("DROP \(object.kind) \(object.named(in: place.live))")
                        }
                    } catch let error as FleetError where error.code == .statement {
                        kept.append(object)
                        fault = error
                    }
                }
                if let fault, kept.count == left.count {
                    // Tables may refer to each other in a circle.
                    let tables = kept.filter { $0.kind == "TABLE" }
                    guard tables.count > 1 else { throw fault }
                    let names = tables.map { $0.named(in: place.live) }.joined(separator: ", ")
                    try session.script("DROP TABLE \(names)")
                    kept.removeAll { $0.kind == "TABLE" }
                }
                left = kept
            }
        }

        private func dropOwnTables() throws {
            let own = try PostgresViewObjects.all(in: place.scratch, session).map(\.object)
                .filter { $0.kind == "TABLE" && $0.name.hasPrefix("flotilla_") }.map { $0.named(in: place.scratch) }
            try session.script("DROP TABLE \(own.joined(separator: ", "))")
        }

        /// Moves all that the scratch schema holds to the live one.
        private func move() throws {
            // A table takes its indexes, constraints, triggers and the sequences of its columns along, but not its
            // partitions; a range type goes without its multirange and constructors. Routines come last: their names tell
            // the types of their arguments, which have moved by then.
            for (parts, areRoutines) in [(false, false), (true, false), (true, true)] {
                let found = try PostgresViewObjects.all(in: place.scratch, parts: parts, session).map(\.object)
                for object in found where (object.kind == "ROUTINE") == areRoutines {
                    try session.script("ALTER \(object.kind) \(object.named(in: place.scratch)) SET SCHEMA \(live)")
                }
            }
        }

        // MARK: Who is in the way

        private func busy(_ error: FleetError) throws -> FleetError {
            let old = try place.noted(session).map { try $0.found(in: place.live, session) } ?? []
            let tables = old.filter { $0.object.kind == "TABLE" }.map { "\($0.objectID)" }.joined(separator: ", ")
            guard !tables.isEmpty else { return error }
            let holders = try session.rows(
                """
                SELECT DISTINCT 'process ' || a.pid || ' (' || concat_ws(', ', nullif(a.application_name, ''), a.state) || ')'
                FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE l.relation IN (\(tables)) AND l.granted AND a.pid <> pg_backend_pid() LIMIT 3
                """
            ).compactMap { $0[0].text }
            return FleetError(
                .busy, "\(session.name): the tables of view \(view.subscription) are in use",
                remedy:
                    "end the transactions that use them, or rebuild at a quieter time", isRetriable: true,
                underlying: holders.isEmpty ? error.underlying : "by " + holders.joined(separator: ", "))
        }
    }
#endif
