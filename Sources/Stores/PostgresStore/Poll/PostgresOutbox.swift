#if Postgres
    public import FleetCore
    public import Outbox
    import Parking
    public import PostgresConnection
    import Stores
    import Synchronization

    /// Captures an outbox table by polling.
    ///
    /// Whatever row is there and was not captured is captured next, so that a transaction that commits late is never
    /// skipped, and none waits for an older one that is still open. Rows are ordered by ``PostgresOutboxTable/sequence``, which they
    /// get when they are inserted: writers of one key who take turns (a lock on the aggregate's row, a check of its
    /// version) get numbers in the order in which they commit.
    ///
    /// Below the *floor* there is nothing more to come: every transaction that may have taken a lower number has ended
    /// (`pg_snapshot_xmin`), and all that committed was settled. So a look is cheap, however long the table's history is.
    public final class PostgresOutbox: OutboxSource {
        public let name: String
        private let table: PostgresOutboxTable
        private let stream: StreamName
        private let keep: Duration
        private let maximumParked: EventCount
        private let query: PostgresOutboxQuery
        private let clock: FleetClock
        /// Reads rows.
        private let reading: PostgresConnection
        /// Settles, and holds the lease.
        private let settling: PostgresConnection
        private let state: Mutex<State>

        private struct State {
            /// The highest number captured.
            var highest: Int64 = .min
            /// Rows up to here are settled, and no more will come.
            var floor: Int64 = .min
            /// Captured and not settled.
            var captured: Set<Int64> = []
            /// Floors to come: the number and the transaction that must have ended before.
            var candidates: [(floor: Int64, transaction: UInt64)] = []
            /// Every transaction of a lower number has ended.
            var horizon: UInt64 = 0
            var reader: PostgresEventReader
            var lastFullLook: ContinuousClock.Instant
            var removals: RemovalSchedule
            var allowance = RowAllowance()

            /// Raises the floor after a look.
            /// - Parameters:
            ///   - horizon: as it was known before the look, which so saw all that the transactions below it did. A later
            ///     one may be above a transaction that committed after the look.
            ///   - coverage: up to where the look has taken every row that it saw.
            mutating func raiseFloor(_ horizon: UInt64, coverage: Int64) {
                guard let first = candidates.first, first.transaction < horizon else { return }
                // What is captured and not settled is above the floor, so that its rows are told from new ones.
                let highest = min(coverage, (captured.min() ?? .max) &- 1)
                while let first = candidates.first, first.transaction < horizon {
                    floor = max(floor, min(first.floor, highest))
                    if first.floor > highest { return }
                    candidates.removeFirst()
                }
            }
        }

        /// How long an idle look waits where the table's writers notify.
        private static let notifiedInterval = Duration.milliseconds(500)
        /// How often rows below the floor are looked for, which should not exist.
        private static let fullLookInterval = Duration.seconds(10)
        /// While an old transaction is open, no more floors than these are remembered.
        private static let candidateLimit = 64

        /// - Parameters:
        ///   - maximumEvent: an event that is larger by far is not read, and parked.
        ///   - evictsOthers: whether a process that captures this outbox is one that was told to leave it: its session is
        ///     ended.
        /// - Throws: `notApplied`; `busy` where another process captures this outbox; `invalidInput` for a table that
        ///   cannot serve, or what connecting throws.
        public init(
            _ address: PostgresAddress, table: TableName, keep: Duration, stream: StreamName,
            maximumEvent: ByteCount = .mebibytes(1), maximumParked: EventCount = 100_000, evictsOthers: Bool = false,
            clock: FleetClock = .system
        ) async throws {
            name = address.name
            self.stream = stream
            self.keep = keep
            self.maximumParked = maximumParked
            self.clock = clock
            reading = PostgresConnection(address, reconnects: false)
            settling = PostgresConnection(address, reconnects: false)
            do {
                let found = try await settling.access { session in
                    let found = try Self.table(table, keep: keep, in: session)
                    try PostgresLease(stream: stream, table: found.oid).take(evictingOthers: evictsOthers, in: session)
                    return found
                }
                self.table = found
                query = PostgresOutboxQuery(table: found, maximumEvent: maximumEvent)
                state = Mutex(
                    State(
                        reader: PostgresEventReader(table: found, source: stream.source), lastFullLook: .now,
                        removals: RemovalSchedule(found, keep: keep)))
                try await reading.access { session in
                    // Listening before the first look: what is committed after it is notified.
                    _ = try session.query("LISTEN \(found.channel)")
                }
            } catch {
                await reading.close()
                await settling.close()
                throw error
            }
        }

        private static func table(
            _ table: TableName, keep: Duration, in session: PostgresSession
        ) throws -> PostgresOutboxTable {
            guard let found = try PostgresOutboxTable(table, in: session), found.isOrdered,
                keep == .zero || found.keepsRows
            else {
                throw FleetError(
                    .notApplied, "\(session.name) has no table \(table) as this fleet needs it",
                    remedy: "run `flotilla apply`")
            }
            try found.checkOrder(in: session)
            return found
        }

        public func close() async {
            await reading.close()
            await settling.close()
        }

        // MARK: Capture

        public func capture(
            after position: OutboxPosition, limit: BatchLimit, patience: Duration
        ) async throws -> CapturedRows {
            let deadline = ContinuousClock.now + patience
            var interval = Duration.milliseconds(1)
            while true {
                let begun = ContinuousClock.now
                var rows = try await look(limit: limit)
                let now = ContinuousClock.now
                if !rows.isEmpty || now >= deadline {
                    rows.took = now - begun
                    if rows.isEmpty { try await lookAfterIdleTable() }
                    return rows
                }
                interval = min(interval * 2, table.notifies ? Self.notifiedInterval : .milliseconds(100))
                let wait = min(interval, deadline - now)
                _ = try await reading.access { try $0.waitForNotification(upTo: wait) }
                try Task.checkCancellation()
            }
        }

        private func look(limit: BatchLimit) async throws -> CapturedRows {
            let (known, now) = (state.withLock { $0 }, clock.now())
            let (query, source, asked) = (query, stream.source, known.allowance.rows(in: limit))
            let (rows, size, reader, coverage) = try await reading.access { session in
                var reader = known.reader
                var rows = CapturedRows()
                var size = ByteCount(0)
                try query.run(
                    floor: known.floor, highest: known.highest, captured: known.captured, limit: asked, in: session
                ) { result in
                    guard let sequence = Int64(result.text(0, 0)) else {
                        throw FleetError(.bug, "\(source): a row has no number")
                    }
                    size = ByteCount(size.value + reader.size(result, row: 0))
                    reader.take(result, row: 0, at: OutboxPosition(sequence), into: &rows, capturedAt: now)
                    return size < limit.bytes
                }
                let isAll = rows.count < asked && size < limit.bytes
                return (rows, size, reader, isAll ? Int64.max : rows.last?.value ?? .min)
            }
            state.withLock { state in
                state.reader = reader
                state.allowance.note(rows: rows.count, size: size)
                for position in rows.positions { state.captured.insert(position.value) }
                for row in rows.malformed { state.captured.insert(row.position.value) }
                if let last = rows.last { state.highest = max(state.highest, last.value) }
                state.raiseFloor(known.horizon, coverage: coverage)
            }
            return rows
        }

        /// What there is to do while nothing is captured: rows that were kept long enough are removed, the floor rises, and
        /// now and then everything is looked at.
        private func lookAfterIdleTable() async throws {
            try await removeExpired()
            if state.withLock({ !$0.candidates.isEmpty }) {
                let horizon = try await settling.access { try PostgresHorizon.lowestRunning(in: $0) }
                state.withLock { $0.horizon = max($0.horizon, horizon) }
            }
            let now = ContinuousClock.now
            state.withLock { state in
                guard now - state.lastFullLook > Self.fullLookInterval else { return }
                state.lastFullLook = now
                state.floor = .min
            }
        }

        private func removeExpired() async throws {
            guard state.withLock({ $0.removals.takeTurn() }) else { return }
            let (table, keep) = (table, keep)
            let removed = try await settling.transaction(.update) {
                try PostgresSettlement.removeExpired(table, keep: keep, in: $0)
            }
            state.withLock { $0.removals.note(removed: removed) }
        }

        public func pending() async throws -> PendingRows {
            let table = table
            return try await settling.access { try PostgresOutboxQuery(table: table).pending(in: $0) }
        }

        /// What waits in an outbox, without capturing it.
        public static func pending(_ address: PostgresAddress, table: TableName, keep: Duration) async throws
            -> PendingRows
        {
            try await PostgresConnection.withConnection(to: address) { connection in
                try await connection.access { session in
                    try PostgresOutboxQuery(table: Self.table(table, keep: keep, in: session)).pending(in: session)
                }
            }
        }

        // MARK: Settling

        public func heldKeys() async throws -> Set<String> {
            let parking = Parking(place: .outbox, stream: stream)
            return try await settling.transaction(.read) { try parking.heldKeys(in: $0) }
        }

        public func settle(_ batch: CapturedBatch) async throws {
            CrashPoint.acknowledging.reached()
            let settlement = settlement
            // Where keys wait behind others, nobody may release them meanwhile.
            let kind: PostgresConnection.Kind = batch.parked.isEmpty ? .update : .write
            let (floor, horizon) = try await settling.transaction(kind) { session in
                let floor = try settlement.perform(batch, in: session)
                CrashPoint.cleaningUp.reached()
                return (floor, try PostgresHorizon.lowestRunning(in: session))
            }
            state.withLock { state in
                for position in batch.published { state.captured.remove(position.value) }
                for row in batch.parked { state.captured.remove(row.position.value) }
                if state.candidates.count >= Self.candidateLimit { state.candidates.removeLast() }
                state.candidates.append(floor)
                state.horizon = max(state.horizon, horizon)
            }
            do {
                try await removeExpired()
            } catch let error as FleetError where error.waitingHelps {
                // They are removed after a later batch.
            }
        }

        private var settlement: PostgresSettlement {
            PostgresSettlement(
                table: table, stream: stream, keep: keep, maximumParked: maximumParked, now: clock.now())
        }
    }

    /// Which transactions have ended.
    enum PostgresHorizon {
        /// Every transaction of a lower number has ended.
        static func lowestRunning(in session: PostgresSession) throws -> UInt64 {
            let row = try session.firstRow("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
            return row?[0].text.flatMap { UInt64($0) } ?? 0
        }
    }

    /// One process at a time captures an outbox. The lease is the session's: it ends with the connection.
    struct PostgresLease {
        let stream: StreamName
        let table: Int64

        /// How long the end of an evicted session is waited for.
        private static let patience = Duration.seconds(5)

        /// - Parameter evictsOthers: whether the session that holds it is ended.
        /// - Throws: `busy`, naming who holds it.
        func take(evictingOthers evictsOthers: Bool, in session: PostgresSession) throws {
            let key = SQLValue.text("flotilla/\(stream)/\(table)")
            var time = WaitingTime(Self.patience)
            var holder: SQLRow?
            repeat {
                let taken = try session.firstRow("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", [key])
                if taken?[0] == .boolean(true) { return }
                holder = try session.firstRow(
                    """
                    SELECT l.pid, coalesce(host(a.client_addr), 'this machine'), a.backend_start::timestamptz(0)::text
                    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid,
                        (SELECT hashtextextended($1, 0) AS key) AS wanted
                    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
                        AND (l.classid::bigint << 32 | l.objid::bigint) = wanted.key
                        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    """, [key])
                if evictsOthers, let process = holder?[0].integer { try session.end(process: process) }
            } while evictsOthers && !time.isOver()
            // Of another role's session it is not shown where it comes from, and since when.
            let who = holder.map { row in
                let since = row[2].text.map { "from \(row[1].text ?? "?") since \($0) " } ?? "of another role "
                return "\(since)(server process \(row[0].integer ?? 0))"
            }
            throw FleetError(
                .busy, "\(session.name): another flotilla captures this outbox, \(who ?? "which just ended")",
                remedy: "stop it, or leave the work to it", isRetriable: true)
        }
    }
#endif
