public import FleetCore
public import Outbox
import Parking
import SQLiteConnection
import Stores
import Synchronization

/// Captures the outbox of a SQLite file by polling: SQLite has one writer at a time, so row ids grow in commit order.
///
/// A new row is noticed when the file or its write-ahead log is written; where the system cannot tell, by looking
/// again at growing intervals.
public final class SQLiteOutbox: OutboxSource {
    public let name: String
    /// Two connections, so that the next batch is captured while the one before is settled.
    let reader: SQLiteConnection
    let writer: SQLiteConnection
    private let table: SQLiteOutboxTable
    private let stream: StreamName
    private let keep: Duration
    private let maximumParked: EventCount
    private let clock: FleetClock
    private let changes: ChangeSignal?
    /// The ids of captured rows that are not settled, where row ids may be given again: a row is only deleted if it is
    /// still the one that was captured.
    private let capturedIDs = Mutex<[Int64: SQLValue]>([:])

    /// The longest time between two looks at a file that nobody seems to write.
    private static let idleInterval = Duration.milliseconds(500)

    /// - Throws: `missing`, `notApplied`, `invalidInput` for a table that cannot serve, or what opening a file throws.
    public init(
        path: String, name: String, table: TableName, keep: Duration, stream: StreamName,
        maximumParked: EventCount = 100_000, watcher: FileWatcher?, clock: FleetClock = .system
    ) async throws {
        // A lost acknowledgement only means that rows are captured again, so it need not wait for the disk.
        writer = try SQLiteConnection(
            path: path, mode: .readWrite, durability: .normal, cacheSize: .mebibytes(4), checkpointPages: 4000)
        reader = try SQLiteConnection(path: path, mode: .readOnly)
        self.name = name
        self.stream = stream
        self.keep = keep
        self.maximumParked = maximumParked
        self.clock = clock
        self.table = try await reader.read { session in
            guard try SQLiteOwnTables.version(in: session) > 0,
                let found = try SQLiteOutboxTable(table, keep: keep, in: session, file: name)
            else {
                throw FleetError(.notApplied, "\(name) has no table \(table) yet", remedy: "run `flotilla apply`")
            }
            return found
        }
        changes = watcher?.watch([path, path + "-wal"])
    }

    public func close() async {
        reader.close()
        writer.close()
    }

    // MARK: Capture

    public func capture(
        after position: OutboxPosition, limit: BatchLimit, patience: Duration
    ) async throws -> CapturedRows {
        let deadline = ContinuousClock.now + patience
        var interval = Duration.milliseconds(1)
        var lastChange = ContinuousClock.now
        while true {
            let generation = changes?.generation ?? 0
            let begun = ContinuousClock.now
            var rows = try await rows(after: position, limit: limit)
            let now = ContinuousClock.now
            if !rows.isEmpty || now >= deadline {
                rows.took = now - begun
                if rows.isEmpty { try await lookAfterIdleFile() }
                return rows
            }
            // A commit is visible only some time after its pages are written: after a change, look again soon.
            let isFresh = changes == nil || now - lastChange < .milliseconds(250)
            interval = isFresh ? min(interval * 2, .milliseconds(changes == nil ? 100 : 32)) : Self.idleInterval
            let wait = min(interval, deadline - now)
            if let changes {
                await changes.wait(past: generation, timeout: wait)
                if changes.generation != generation {
                    lastChange = .now
                    interval = .microseconds(500)
                }
            } else {
                try await clock.sleep(wait)
            }
            try Task.checkCancellation()
        }
    }

    /// What there is to do while nothing is captured.
    private func lookAfterIdleFile() async throws {
        try reader.checkFileIsInPlace()
        guard keep > .zero else { return }
        let settlement = settlement(capturedIDs: [:])
        try await writer.write { try settlement.removeExpired(in: $0) }
    }

    private func rows(after position: OutboxPosition, limit: BatchLimit) async throws -> CapturedRows {
        let now = clock.now()
        let query = SQLiteOutboxQuery(table: table, source: stream.source)
        let remembersIDs = !table.neverReusesRowIDs
        let keepsRows = keep > .zero
        let outbox = table.table.text
        let unsettled = remembersIDs ? capturedIDs.withLock { $0 } : [:]
        let (rows, ids) = try await reader.read { session in
            var start = position.value
            if remembersIDs { start = try query.start(behind: unsettled, in: session) }
            if keepsRows {
                let published = try session.firstRow(
                    "SELECT published_through FROM flotilla_outboxes WHERE name = $1", [.text(outbox)])
                start = max(start, published?[0].integer ?? .min)
            }
            return try query.rows(
                after: start, limit: limit, capturedAt: now, unsettled: remembersIDs ? unsettled : nil, in: session)
        }
        if remembersIDs, !ids.isEmpty {
            // In the order of the rows: events and malformed rows, merged by position.
            let positions = (rows.positions + rows.malformed.map(\.position)).sorted()
            capturedIDs.withLock { known in
                for (position, id) in zip(positions, ids) { known[position.value] = id }
            }
        }
        return rows
    }

    public func pending() async throws -> PendingRows {
        let (outbox, quoted, hasTime) = (table.table.text, table.quoted, table.columns.contains("time"))
        return try await reader.read { session in
            let published = try session.firstRow(
                "SELECT published_through FROM flotilla_outboxes WHERE name = $1", [.text(outbox)])
            let after = published?[0] ?? .integer(.min)
            let first = try session.firstRow(
                """
                SELECT count(*), min(number), max(number), (SELECT max(_rowid_) FROM \(quoted)) FROM
                    (SELECT _rowid_ AS number FROM \(quoted) WHERE _rowid_ > $1 ORDER BY _rowid_ LIMIT $2)
                """, [after, .integer(Int64(PendingRows.countLimit))])
            let oldest =
                hasTime
                ? try session.firstRow(
                    "SELECT time FROM \(quoted) WHERE _rowid_ > $1 ORDER BY _rowid_ LIMIT 1", [after])
                : nil
            return PendingRows(
                count: first.map(Self.count) ?? 0, oldest: oldest.flatMap { SQLiteOutboxTime.timestamp($0[0]) })
        }
    }

    /// - Parameter row: how many of the first rows were counted, the numbers of the first and the last of them, and of the last
    ///   of all.
    private static func count(_ row: SQLRow) -> Int {
        let counted = Int(row[0].integer ?? 0)
        guard let low = row[1].integer, let high = row[2].integer, let highest = row[3].integer else { return counted }
        return PendingRows.reckoned(counted: counted, numbers: low...high, highest: highest)
    }

    // MARK: Settling

    public func heldKeys() async throws -> Set<String> {
        let parking = Parking(place: .outbox, stream: stream)
        return try await reader.read { try parking.heldKeys(in: $0) }
    }

    public func settle(_ batch: CapturedBatch) async throws {
        CrashPoint.acknowledging.reached()
        let ids = table.neverReusesRowIDs ? [:] : ids(of: batch)
        let settlement = settlement(capturedIDs: ids)
        let outbox = name
        try await writer.write { session in
            try settlement.perform(batch, in: session, file: outbox)
            CrashPoint.cleaningUp.reached()
        }
        if ids.isEmpty { return }
        capturedIDs.withLock { known in
            for position in ids.keys { known.removeValue(forKey: position) }
        }
    }

    /// The id that each row of a batch had when it was captured.
    private func ids(of batch: CapturedBatch) -> [Int64: SQLValue?] {
        let settled = batch.published + batch.parked.map(\.position)
        return capturedIDs.withLock { known in
            Dictionary(settled.map { ($0.value, known[$0.value]) }) { first, _ in first }
        }
    }

    private func settlement(capturedIDs: [Int64: SQLValue?]) -> SQLiteSettlement {
        SQLiteSettlement(
            table: table, stream: stream, keep: keep, maximumParked: maximumParked, now: clock.now(),
            capturedIDs: capturedIDs)
    }
}
