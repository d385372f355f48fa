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
        /// Where it is told how far everything is settled.
        private let carriedPlace: CarriedPlace
        /// Where numbers of rows of the backlog end, and those of the log begin.
        private let table: PostgresOutboxTable?
        private let state: Mutex<State>
        /// Notified whenever a recording has ended.
        private let recorded = ChangeSignal()

        private struct State {
            /// Captured and not settled, in order.
            var captured: [CapturedRows] = []
            var settledThrough: Int64 = 0
            /// The last settled row that ``record`` knows of.
            var recordedThrough: Int64 = 0
            var record: CaptureRecord
            var recordedAt: ContinuousClock.Instant
            /// Whether somebody is about to replace ``record``: each goes on from what the one before has recorded.
            var isRecording = false
            /// Rows that are settled since, and are to be removed from the table.
            var removable: [EventID] = []
            /// Rows that were to be removed, and that somebody held.
            var locked: [EventID] = []
            var triedLocked: ContinuousClock.Instant = .now
            var removals: RemovalSchedule
            /// How many rows in a row were not there to be removed: then the service does it itself.
            var missingRows = 0
            /// Whether the last look for rows to remove found some.
            var hasRemoved = false
            var isRemovedByService: Bool { missingRows >= PostgresLogOutbox.missingRowsLimit }
            /// Rows that their service has left in the table after all.
            var leftovers: LogLeftovers?
            /// When they were last looked for.
            var lookedForLeftovers: ContinuousClock.Instant = .now
            /// Up to where it was told that everything is settled, and when.
            var told: (place: LogSequenceNumber, at: ContinuousClock.Instant) = (.none, .now)
            /// Rows that were in the table before the slot was made, as far as they are captured; `nil` once all are
            /// settled.
            var backlog: Backlog?
            var isBacklogDone: Bool { backlog?.isRead ?? true && captured.allSatisfy { ($0.last?.value ?? 0) >= 0 } }
        }

        /// Rows of `flotilla_backlog`: their positions are negative, those of the log positive.
        private struct Backlog {
            var captured: Int64 = 0
            var isRead = false
            var allowance = RowAllowance()
        }

        /// Several batches are on their way at a time, and the next is gathered meanwhile: smaller ones are as fast, and
        /// need less memory.
        public static let standardLimit = BatchLimit(events: 2048, bytes: .mebibytes(2))
        /// How often what need not be done at once is done.
        public struct Intervals: Sendable {
            /// How long what is settled may be unrecorded: after a crash so much is carried again.
            public var record: Duration
            /// How often rows are looked for that a service which removes its rows itself has left.
            public var leftovers: Duration

            public init(record: Duration = .seconds(1), leftovers: Duration = .seconds(10)) {
                self.record = record
                self.leftovers = leftovers
            }
        }

        private let intervals: Intervals
        /// After so many rows in a row that were not there, the service removes its rows itself: nobody looks for each of
        /// them any more, but now and then for what is left. To look for a row that was deleted costs the server as much as
        /// to delete one.
        fileprivate static let missingRowsLimit = 512
        /// After so many settled rows they are removed: about a batch, so that the server removes it while the next is
        /// appended.
        private static let removalSize = 2_048
        /// Rows that somebody holds are remembered up to so many.
        private static let lockedLimit = 16_384
        /// An idle database's log moves on by so much before it is recorded, so that idleness writes nothing itself.
        private static let idleRecordSize: UInt64 = 1 << 20
        /// How often it is told at most how far everything is settled.
        private static let tellingInterval = Duration.milliseconds(250)

        /// - Parameters:
        ///   - spoolDirectory: where transactions in progress are kept that are too large for memory.
        ///   - evictsOthers: whether a process that reads the slot is one that was told to leave it: its session
        ///     is ended.
        /// - Throws: `notApplied`; `gap` where the slot lost something; `busy` where another process reads it, or what
        ///   connecting throws.
        public init(
            _ address: PostgresAddress, needs: OutboxNeeds,
            spoolDirectory: String = FileManager.default.temporaryDirectory.path, limit: BatchLimit = standardLimit,
            maximumParked: EventCount = 100_000, evictsOthers: Bool = false, intervals: Intervals = Intervals(),
            clock: FleetClock = .system
        ) async throws {
            name = address.name
            self.needs = needs
            self.maximumParked = maximumParked
            self.intervals = intervals
            self.clock = clock
            let settling = PostgresConnection(address, reconnects: false)
            self.settling = settling
            let names = ReplicationNames(stream: needs.stream)
            do {
                let (record, table, hasBacklog) = try await settling.access { session in
                    if evictsOthers { try ReplicationSlot.endReader(of: names.slot, in: session) }
                    let record = try ReplicationSlot.check(names, needs, in: session)
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
                        spoolDirectory: spoolDirectory, companion: settling))
                state = Mutex(
                    State(
                        settledThrough: hasBacklog ? .min : 0, record: record,
                        // The first batch is recorded at once: one that ends soon, again and again, gets on too.
                        recordedAt: .now - intervals.record,
                        removals: RemovalSchedule(table, keep: needs.keep),
                        backlog: hasBacklog ? Backlog() : nil))
                try await reader.start()
            } catch {
                await settling.close()
                throw error
            }
            do {
                carriedPlace = try await settling.access { try CarriedPlace(slot: names.slot, in: $0) }
            } catch {
                await reader.stop()
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
            var begun = ContinuousClock.now
            if let rows = try await captureBacklog(limit: limit) { return remember(rows, since: begun) }
            let deadline = ContinuousClock.now + patience
            while true {
                let generation = reader.changes.generation
                begun = .now
                if let rows = try reader.take() { return remember(rows, since: begun) }
                let wait = deadline - ContinuousClock.now
                if wait <= .zero {
                    try await recordWhileIdle()
                    try await tellPlace()
                    return CapturedRows()
                }
                try await tellPlace(atMostEvery: Self.tellingInterval)
                await reader.changes.wait(past: generation, timeout: wait)
                try Task.checkCancellation()
            }
        }

        private func remember(_ captured: CapturedRows, since begun: ContinuousClock.Instant) -> CapturedRows {
            var rows = captured
            rows.took = ContinuousClock.now - begun
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
                if table != nil, !isRecorded, !state.isRemovedByService { state.removable += rows.events.map(\.id) }
                return state.removable.count >= Self.removalSize
                    || ContinuousClock.now - state.recordedAt >= intervals.record
            }
            reader.settle(through: through)
            guard isDue else { return }
            do {
                try await record(unlessUnderWay: true)
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
            // Nothing was settled since.
            if place.end == nil, place.partial == nil { return record }
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
            idleAt idle: LogSequenceNumber? = nil, unlessUnderWay: Bool = false, isLast: Bool = false
        ) async throws {
            guard try await beginRecording(waits: !unlessUnderWay) else { return }
            defer { endRecording() }
            let (last, settledThrough, waiting, (missing, hasRemoved), known, lookedAt) = state.withLock { state in
                // Now and then, so that what somebody holds for long does not hold up every batch.
                if isLast || ContinuousClock.now - state.triedLocked >= intervals.record {
                    state.removable = state.locked + state.removable
                    state.locked = []
                    state.triedLocked = .now
                }
                return (
                    state.record, state.settledThrough, state.removable, (state.missingRows, state.hasRemoved),
                    state.leftovers, state.lookedForLeftovers
                )
            }
            var next = place(through: row ?? settledThrough, last)
            if let idle, idle > next.settled {
                next.settled = idle
                // Of a transaction that is still to end, the first rows may be settled.
                if next.transaction < idle { (next.transaction, next.rows) = (.none, 0) }
            }
            let recordedThrough = row ?? settledThrough
            let backlogRow = row.flatMap { $0 < 0 ? Self.sequence(ofBacklog: $0) : nil }
            let isRemovedByService = missing >= Self.missingRowsLimit
            // Where it is not known whether there are any, a few are looked for first, and not thousands that may be gone.
            let removable =
                hasRemoved || isRemovedByService || isLast ? waiting : Array(waiting.prefix(Self.missingRowsLimit))
            let all = table == nil ? [] : removable + (rows?.events.map(\.id) ?? [])
            let removes = !all.isEmpty && (rows != nil || !isRemovedByService || isLast)
            // What was in the table at a place is carried once everything before that place is.
            let leftovers = known.flatMap { next.settled >= $0.place ? $0 : nil }
            let looks =
                table != nil && known == nil && isRemovedByService
                && ContinuousClock.now - lookedAt >= intervals.leftovers
            if next == last, parked.isEmpty, backlogRow == nil, !removes, leftovers == nil, !looks { return }
            let work = LogSettlement(
                needs: needs, table: table, maximumParked: maximumParked, now: clock.now(), last: last, next: next,
                parked: parked, rows: rows, backlogRow: backlogRow, removable: removes ? all : [],
                leftovers: leftovers?.ids ?? [], looksForLeftovers: looks)
            let removal = try await settling.transaction(parked.isEmpty ? .update : .write) { session in
                let removal = try work.perform(in: session)
                CrashPoint.cleaningUp.reached()
                return removal
            }
            state.withLock { state in
                state.record = next
                state.recordedThrough = max(state.recordedThrough, recordedThrough)
                state.recordedAt = .now
                state.removable.removeFirst(min(removable.count, state.removable.count))
                // Past the bound they stay, which harms nobody.
                state.locked += removal.locked.prefix(max(0, Self.lockedLimit - state.locked.count))
                if removes || leftovers != nil {
                    state.hasRemoved = removal.count > 0
                    state.missingRows = removal.count > 0 ? 0 : missing + all.count
                }
                if leftovers != nil { state.leftovers = nil }
                if looks {
                    state.lookedForLeftovers = .now
                    state.leftovers = removal.leftovers
                }
            }
            reader.confirm(next.settled, recordedThrough: recordedThrough)
        }

        /// - Returns: whether nobody else records now; always, where that is waited for.
        private func beginRecording(waits: Bool) async throws -> Bool {
            while true {
                let generation = recorded.generation
                let isFree = state.withLock { state in
                    defer { state.isRecording = true }
                    return !state.isRecording
                }
                if isFree || !waits { return isFree }
                await recorded.wait(past: generation, timeout: .seconds(1))
                try Task.checkCancellation()
            }
        }

        private func endRecording() {
            state.withLock { $0.isRecording = false }
            recorded.notify()
        }

        private func recordWhileIdle() async throws {
            let (record, isDue, leftovers) = state.withLock { state in
                // Where nothing was settled since, recording would only be a transaction more to be captured.
                let isNew =
                    !state.removable.isEmpty || !state.locked.isEmpty || state.settledThrough > state.recordedThrough
                let isDue = isNew && ContinuousClock.now - state.recordedAt >= intervals.record
                return (state.record, isDue, state.leftovers)
            }
            let idle = reader.idlePlace
            let hasMoved =
                idle.map { idle in
                    idle.value > record.settled.value &+ Self.idleRecordSize
                        || leftovers.map { idle >= $0.place } ?? false
                } ?? false
            if isDue || hasMoved { try await self.record(idleAt: hasMoved ? idle : nil, unlessUnderWay: true) }
            try await removeExpired()
        }

        /// Tells those who look at the outbox that everything up to where the log was received is settled, where it is.
        private func tellPlace(atMostEvery interval: Duration = .zero) async throws {
            guard let idle = reader.idlePlace else { return }
            let isNews = state.withLock { state in
                guard state.isBacklogDone, idle > state.told.place, ContinuousClock.now - state.told.at >= interval
                else { return false }
                state.told = (idle, .now)
                return true
            }
            guard isNews else { return }
            try await settling.access { [carriedPlace] in try carriedPlace.tell(idle, in: $0) }
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
            let (settledThrough, isBacklogDone) = state.withLock { ($0.settledThrough, $0.isBacklogDone) }
            let count = Int(max(0, reader.lastRow - max(0, settledThrough)))
            return PendingRows(count: count + (isBacklogDone ? 0 : 1), oldest: nil)
        }
    }
#endif
