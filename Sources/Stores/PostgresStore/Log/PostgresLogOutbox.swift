#if Postgres
    public import FleetCore
    public import Foundation
    public import Outbox
    import PGOutput
    import Parking
    public import PostgresConnection
    public import Stores
    import Synchronization

    /// Captures an outbox from the server's write-ahead log: rows of its table (`log`), or logical messages (`message`).
    ///
    /// Rows come in commit order, each once it is committed, also where their service deletes them in the same
    /// transaction. Up to where they are settled is recorded in the service's schema, and only then is the server told,
    /// which never sends them again; so what it sends after a crash is what was not recorded, and rows that were parked
    /// are not parked twice. The replication slot is the lease: the server lets one process at a time read it.
    public final class PostgresLogOutbox: OutboxSource {
        public let name: String
        private let needs: OutboxNeeds
        private let maximumParked: EventCount
        private let clock: FleetClock
        private let settling: PostgresConnection
        private let reader: ReplicationReader
        /// Where numbers of rows of the backlog end, and those of the log begin.
        private let table: PostgresOutboxTable?
        private let state: Mutex<State>

        private struct State {
            /// Captured and not settled, in order.
            var captured: [CapturedRows] = []
            var settledThrough: Int64 = 0
            var record: CaptureRecord
            var recordedAt: ContinuousClock.Instant
            /// Rows that are settled since, and are to be removed from the table.
            var removable: [EventID] = []
            var removals: RemovalSchedule
            /// How often in a row nothing was there to be removed: then the service does it itself.
            var fruitlessRemovals = 0
            /// Rows that were in the table before the slot was made, as far as they are captured; `nil` once all are
            /// settled.
            var backlog: Backlog?
        }

        /// Rows of `flotilla_backlog`: their positions are negative, those of the log positive.
        private struct Backlog {
            var captured: Int64 = 0
            var isRead = false
            var allowance = RowAllowance()
        }

        /// How long what is settled may be unrecorded: after a crash so much is carried again.
        private static let recordInterval = Duration.seconds(1)
        /// At most so many rows are removed at once.
        private static let removalLimit = 16_384
        /// An idle database's log moves on by so much before it is recorded, so that idleness writes nothing itself.
        private static let idleRecordSize: UInt64 = 1 << 20

        /// - Parameters:
        ///   - spoolDirectory: where transactions in progress are kept that are too large for memory.
        ///   - evictsOthers: whether a process that reads the slot is one that was told to leave it: its session
        ///     is ended.
        /// - Throws: `notApplied`; `gap` where the slot lost something; `busy` where another process reads it, or what
        ///   connecting throws.
        public init(
            _ address: PostgresAddress, needs: OutboxNeeds,
            spoolDirectory: String = FileManager.default.temporaryDirectory.path, limit: BatchLimit = .standard,
            maximumParked: EventCount = 100_000, evictsOthers: Bool = false, clock: FleetClock = .system
        ) async throws {
            name = address.name
            self.needs = needs
            self.maximumParked = maximumParked
            self.clock = clock
            let settling = PostgresConnection(address, reconnects: false)
            self.settling = settling
            let names = ReplicationNames(stream: needs.stream)
            do {
                let (record, table, hasBacklog) = try await settling.access { session in
                    if evictsOthers { try ReplicationSlot.endReader(of: names.slot, in: session) }
                    let record = try ReplicationSlot.check(names, stream: needs.stream, in: session)
                    let table = needs.capture == .log ? try PostgresOutboxTable(needs.table, in: session) : nil
                    let backlog = try session.firstRow(
                        "SELECT 1 FROM flotilla_backlog WHERE stream = $1 LIMIT 1",
                        [.text(needs.stream.description)])
                    return (record, table, backlog != nil)
                }
                self.table = table
                reader = try ReplicationReader(
                    ReplicationReader.Options(
                        address: address, slot: names.slot, publication: names.slot, source: needs.stream.source,
                        start: record.settled, partial: (record.transaction, record.rows),
                        readsMessages: needs.capture == .message, limit: limit,
                        spoolDirectory: spoolDirectory))
                state = Mutex(
                    State(
                        settledThrough: hasBacklog ? .min : 0, record: record,
                        // The first batch is recorded at once: one that ends soon, again and again, gets on too.
                        recordedAt: .now - Self.recordInterval,
                        removals: RemovalSchedule(table, keep: needs.keep),
                        backlog: hasBacklog ? Backlog() : nil))
                try await reader.start()
            } catch {
                await settling.close()
                throw error
            }
        }

        public func close() async {
            // What is settled and not recorded would be carried again; but nobody waits long for that.
            try? await record(isLast: true)
            await reader.stop()
            await settling.close()
        }

        // MARK: Capture

        public func capture(
            after position: OutboxPosition, limit: BatchLimit, patience: Duration
        ) async throws -> CapturedRows {
            if let rows = try await captureBacklog(limit: limit) { return remember(rows) }
            let deadline = ContinuousClock.now + patience
            while true {
                let generation = reader.changes.generation
                if let rows = try reader.take() { return remember(rows) }
                let wait = deadline - ContinuousClock.now
                if wait <= .zero {
                    try await recordWhileIdle()
                    return CapturedRows()
                }
                await reader.changes.wait(past: generation, timeout: wait)
                try Task.checkCancellation()
            }
        }

        private func remember(_ rows: CapturedRows) -> CapturedRows {
            state.withLock { $0.captured.append(rows) }
            return rows
        }

        /// Rows that were there before the slot; `nil` where none is left to capture.
        private func captureBacklog(limit: BatchLimit) async throws -> CapturedRows? {
            guard let backlog = state.withLock({ $0.backlog }), !backlog.isRead else { return nil }
            let (stream, now) = (needs.stream, clock.now())
            let asked = Int64(backlog.allowance.rows(in: limit))
            let (rows, size) = try await settling.access { session in
                let statement = try session.statement(
                    """
                    SELECT sequence, id, type, aggregateid, aggregatetype, payload, time, traceparent, headers
                    FROM flotilla_backlog WHERE stream = $1 AND sequence > $2 ORDER BY sequence LIMIT $3
                    """)
                var reader = PostgresEventReader(payloadIsBytes: true, source: stream.source)
                var rows = CapturedRows()
                var size = ByteCount(0)
                try session.forEachRow(
                    of: statement, [.text(stream.description), .integer(backlog.captured), .integer(asked)]
                ) { result in
                    let sequence = Int64(result.text(0, 0)) ?? 0
                    size = ByteCount(size.value + reader.size(result, row: 0))
                    reader.take(
                        result, row: 0, at: OutboxPosition(Self.position(ofBacklog: sequence)), into: &rows,
                        capturedAt: now)
                    return size < limit.bytes
                }
                return (rows, size)
            }
            state.withLock { state in
                state.backlog?.allowance.note(rows: rows.count, size: size)
                if let last = rows.last {
                    state.backlog?.captured = Self.sequence(ofBacklog: last.value)
                } else {
                    state.backlog?.isRead = true
                }
            }
            return rows.isEmpty ? nil : rows
        }

        private static func position(ofBacklog sequence: Int64) -> Int64 { .min + 1 + sequence }
        private static func sequence(ofBacklog position: Int64) -> Int64 { position - (.min + 1) }

        // MARK: Settling

        public func heldKeys() async throws -> Set<String> {
            let parking = Parking(place: .outbox, stream: needs.stream)
            return try await settling.transaction(.read) { try parking.heldKeys(in: $0) }
        }

        public func settle(_ batch: CapturedBatch) async throws {
            CrashPoint.acknowledging.reached()
            let through = batch.through.value
            let rows = state.withLock { state in
                state.captured.first.flatMap { $0.last == batch.through ? $0 : nil }
            }
            guard let rows else { throw FleetError(.bug, "\(name): a batch is settled that was not captured") }
            let isBacklog = through < 0
            // Parking must happen once, so it is recorded with it.
            let isRecorded = isBacklog || !batch.parked.isEmpty
            if isRecorded { try await record(parking: batch.parked, of: rows, through: through) }
            let isDue = state.withLock { state in
                state.captured.removeFirst()
                state.settledThrough = max(state.settledThrough, through)
                if table != nil, !isRecorded { state.removable += rows.events.map(\.id) }
                return state.removable.count >= Self.removalLimit
                    || ContinuousClock.now - state.recordedAt >= Self.recordInterval
            }
            reader.settle(through: through)
            guard isDue else { return }
            do {
                try await record()
                try await removeExpired()
            } catch let error as FleetError where error.waitingHelps {
                // It is recorded with a later batch.
            }
        }

        /// Where everything up to a row is settled.
        private func place(through row: Int64, _ record: CaptureRecord) -> CaptureRecord {
            guard row >= 0 else { return record }
            var next = record
            let place = reader.place(settledThrough: row)
            if let end = place.end { next.settled = end }
            if let partial = place.partial, partial.transaction >= next.settled {
                (next.transaction, next.rows) = (partial.transaction, partial.rows)
            } else {
                (next.transaction, next.rows) = (.none, 0)
            }
            return next
        }

        /// Records what is settled, parks what must be parked, and removes rows that are published, in one transaction;
        /// and then tells the server.
        private func record(
            parking parked: [RowToPark] = [], of rows: CapturedRows? = nil, through row: Int64? = nil,
            idleAt idle: LogSequenceNumber? = nil, isLast: Bool = false
        ) async throws {
            let (last, settledThrough, removable, fruitless) = state.withLock {
                ($0.record, $0.settledThrough, $0.removable, $0.fruitlessRemovals)
            }
            var next = place(through: row ?? settledThrough, last)
            if let idle, idle > next.settled {
                next = CaptureRecord(slot: last.slot, settled: idle, transaction: .none, rows: 0)
            }
            let recordedThrough = row ?? settledThrough
            let backlogRow = row.flatMap { $0 < 0 ? Self.sequence(ofBacklog: $0) : nil }
            if next == last, parked.isEmpty, backlogRow == nil, removable.isEmpty { return }
            // A service that removes its rows itself is looked after now and then only.
            let all = table == nil ? [] : removable + (rows?.events.map(\.id) ?? [])
            let removes = !all.isEmpty && (rows != nil || fruitless < 8 || fruitless % 64 == 0 || isLast)
            let work = Settling(
                needs: needs, table: table, maximumParked: maximumParked, now: clock.now(), last: last, next: next,
                parked: parked, rows: rows, backlogRow: backlogRow, removable: removes ? all : [])
            let removed = try await settling.transaction(parked.isEmpty ? .update : .write) { session in
                let removed = try work.perform(in: session)
                CrashPoint.cleaningUp.reached()
                return removed
            }
            state.withLock { state in
                state.record = next
                state.recordedAt = .now
                state.removable.removeFirst(min(removable.count, state.removable.count))
                if !all.isEmpty { state.fruitlessRemovals = removed > 0 ? 0 : fruitless + 1 }
            }
            reader.confirm(next.settled, recordedThrough: recordedThrough)
        }

        private func recordWhileIdle() async throws {
            let (record, isDue) = state.withLock { state in
                (
                    state.record,
                    !state.removable.isEmpty || ContinuousClock.now - state.recordedAt >= Self.recordInterval
                )
            }
            let idle = reader.idlePlace
            let hasMoved = idle.map { $0.value > record.settled.value &+ Self.idleRecordSize } ?? false
            if isDue || hasMoved { try await self.record(idleAt: hasMoved ? idle : nil) }
            try await removeExpired()
        }

        /// Removes rows that were kept long enough, when it is time.
        private func removeExpired() async throws {
            guard let table, state.withLock({ $0.removals.takeTurn() }) else { return }
            let keep = needs.keep
            let removed = try await settling.transaction(.update) {
                try PostgresSettlement.removeExpired(table, keep: keep, in: $0)
            }
            state.withLock { $0.removals.note(removed: removed) }
        }

        // MARK: Pending

        /// How often the server is asked how far its log is sent.
        private static let askingInterval = Duration.milliseconds(20)

        /// Rows that were captured and not settled, after everything that is committed now was received.
        public func pending() async throws -> PendingRows {
            let end = try await settling.access { session in
                try session.firstRow("SELECT pg_current_wal_flush_lsn()::text")?[0].text.flatMap {
                    LogSequenceNumber($0)
                }
            }
            guard let end else { return PendingRows(count: 1, oldest: nil) }
            let deadline = ContinuousClock.now + .seconds(2)
            while reader.received < end {
                if ContinuousClock.now > deadline { return PendingRows(count: 1, oldest: nil) }
                reader.askForReply()
                // Each answer is a change too: asked again at each, the server would do little else than answer.
                let next = ContinuousClock.now + Self.askingInterval
                while reader.received < end, ContinuousClock.now < next {
                    let generation = reader.changes.generation
                    await reader.changes.wait(past: generation, timeout: next - ContinuousClock.now)
                    try Task.checkCancellation()
                }
            }
            let (settledThrough, backlog) = state.withLock { state in
                (state.settledThrough, state.captured.first { ($0.last?.value ?? 0) < 0 })
            }
            let isBacklogDone = state.withLock { $0.backlog?.isRead ?? true } && backlog == nil
            let count = Int(max(0, reader.lastRow - max(0, settledThrough)))
            return PendingRows(count: count + (isBacklogDone ? 0 : 1), oldest: nil)
        }

        /// What waits in an outbox, without capturing it. While another process does, the server tells no more than whether
        /// that has settled everything; where it has not, the rows that are still in the table are counted.
        public static func pending(_ address: PostgresAddress, needs: OutboxNeeds) async throws -> PendingRows {
            let connection = PostgresConnection(address)
            do {
                let pending = try await connection.access { try Self.pending(needs, in: $0) }
                await connection.close()
                return pending
            } catch {
                await connection.close()
                throw error
            }
        }

        /// How much of its log the server keeps for an outbox; `nil` where there is no slot.
        public static func retainedLog(_ address: PostgresAddress, stream: StreamName) async throws -> ByteCount? {
            let connection = PostgresConnection(address)
            do {
                let names = ReplicationNames(stream: stream)
                let retained = try await connection.access { try ReplicationSlot(names.slot, in: $0)?.retained }
                await connection.close()
                return retained
            } catch {
                await connection.close()
                throw error
            }
        }

        /// A reader tells the server once a second how far it is.
        private static let reportPatience = Duration.milliseconds(1500)

        private static func countWhileCaptured(
            by process: Int64, _ needs: OutboxNeeds, in session: PostgresSession
        ) throws -> Int? {
            let end = try session.firstRow("SELECT pg_current_wal_flush_lsn()::text")?[0] ?? .null
            let deadline = ContinuousClock.now + reportPatience
            repeat {
                let reported = try session.firstRow(
                    "SELECT replay_lsn >= $2::pg_lsn FROM pg_stat_replication WHERE pid = $1", [.integer(process), end])
                if reported?[0] == .boolean(true) { return 0 }
                _ = try session.waitForNotification(upTo: .milliseconds(50))
            } while ContinuousClock.now < deadline
            guard needs.capture == .log, let table = try PostgresOutboxTable(needs.table, in: session) else {
                return nil
            }
            // Rows that their service has deleted may wait in the log.
            let count = try PostgresOutboxQuery(table: table).pending(in: session).count
            return count == 0 ? nil : count
        }

        /// At most so many changes are looked at to count them.
        private static let peekLimit: Int64 = 100_000

        private static func pending(_ needs: OutboxNeeds, in session: PostgresSession) throws -> PendingRows {
            let names = ReplicationNames(stream: needs.stream)
            let record = try ReplicationSlot.check(names, stream: needs.stream, in: session)
            guard let slot = try ReplicationSlot(names.slot, in: session) else {
                return PendingRows(count: nil, oldest: nil)
            }
            if let process = slot.activeProcess {
                let count = try countWhileCaptured(by: process, needs, in: session)
                return PendingRows(count: count, oldest: nil, retainedLog: slot.retained)
            }
            let isMessage = needs.capture == .message
            // An Insert message begins with I; a logical message with M, a flag, a place of eight bytes, and its prefix.
            let wanted =
                isMessage
                ? "get_byte(data, 0) = 77 AND substring(data FROM 11 FOR 9) = '\\x666c6f74696c6c6100'::bytea"
                : "get_byte(data, 0) = 73"
            let row = try session.firstRow(
                """
                WITH changes AS MATERIALIZED (SELECT * FROM pg_logical_slot_peek_binary_changes($1::name, NULL, $2::int,
                    'proto_version', '1', 'publication_names', $1::text\(isMessage ? ", 'messages', 'true'" : "")))
                -- A transaction waits if its commit (C) does, wherever its rows are.
                SELECT (SELECT count(*) FROM changes WHERE \(wanted) AND (xid IN (
                        SELECT xid FROM changes WHERE get_byte(data, 0) = 67 AND lsn > $3::pg_lsn)
                        \(isMessage ? "OR (get_byte(data, 1) = 0 AND lsn >= $3::pg_lsn)" : ""))),
                    (SELECT count(*) FROM flotilla_backlog WHERE stream = $4)
                """,
                [
                    .text(names.slot), .integer(Self.peekLimit), .text(record.settled.description),
                    .text(needs.stream.description),
                ])
            let count = Int((row?[0].integer ?? 0) + (row?[1].integer ?? 0))
            return PendingRows(count: count, oldest: nil, retainedLog: slot.retained)
        }
    }

    /// What is done in the transaction that records.
    private struct Settling: Sendable {
        let needs: OutboxNeeds
        let table: PostgresOutboxTable?
        let maximumParked: EventCount
        let now: Timestamp
        let last: CaptureRecord
        let next: CaptureRecord
        let parked: [RowToPark]
        let rows: CapturedRows?
        let backlogRow: Int64?
        let removable: [EventID]

        /// - Returns: how many rows were removed.
        func perform(in session: PostgresSession) throws -> Int {
            try park(in: session)
            if next != last { try next.replace(last, needs.stream, in: session) }
            if let backlogRow {
                _ = try session.run(
                    "DELETE FROM flotilla_backlog WHERE stream = $1 AND sequence <= $2",
                    [.text(needs.stream.description), .integer(backlogRow)])
            }
            // What is parked leaves the table, as far as it can be told there.
            let misfits = (rows?.malformed ?? []).compactMap(\.remains?.id).filter { !$0.isEmpty }
            guard let table, !removable.isEmpty || !misfits.isEmpty else { return 0 }
            let isUUID = table.columns["id"] == PostgresType.uuid
            let all =
                (isUUID ? removable.map(\.description) : removable.flatMap(Self.spellings)) + misfits.map(Self.element)
            let ids = "{" + all.joined(separator: ",") + "}"
            let type = isUUID ? "uuid" : "text"
            if needs.keep > .zero {
                return try session.run(
                    """
                    UPDATE \(table.quoted) SET \(PostgresOutboxTable.publishedAt) = clock_timestamp()
                    WHERE id = ANY ($1::\(type)[])
                    """, [.text(ids)])
            }
            return try session.run("DELETE FROM \(table.quoted) WHERE id = ANY ($1::\(type)[])", [.text(ids)])
        }

        /// How an id may be written in a column of text.
        private static func spellings(of id: EventID) -> [String] {
            let text = id.description
            let digits = text.replacing("-", with: "")
            return [text, text.uppercased(), digits, digits.uppercased()]
        }

        /// A text as an element of an array.
        private static func element(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }

        private func park(in session: PostgresSession) throws {
            guard !parked.isEmpty, let rows else { return }
            let parking = Parking(place: .outbox, stream: needs.stream)
            try parking.checkRoom(for: parked.count, limit: maximumParked, in: session, at: session.name)
            let events = Dictionary(zip(rows.positions, rows.events)) { first, _ in first }
            let malformed = Dictionary(rows.malformed.map { ($0.position, $0) }) { first, _ in first }
            for row in parked {
                if row.reason == nil, try !parking.isHeld(row.key, in: session) {
                    throw FleetError(
                        .conflict, "key \(row.key) of \(session.name) is no longer held", isRetriable: true)
                }
                var entry: Parking.LogEntry
                if let event = events[row.position] {
                    entry = Parking.LogEntry(position: row.position.value, event: event)
                } else if let remains = malformed[row.position]?.remains {
                    entry = Parking.LogEntry(position: row.position.value, event: remains.event)
                    entry.eventID = remains.id
                } else {
                    throw FleetError(.bug, "\(session.name): a row to park was not captured")
                }
                try parking.park(entry, reason: row.reason, nextAttempt: nil, at: now, in: session)
            }
        }
    }
#endif
