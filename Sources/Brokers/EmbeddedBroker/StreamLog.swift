import Brokers
import FleetCore
import SQLiteConnection
import Stores

/// One stream: a writer that waits for the disk, and a reader that never waits for the writer.
final class StreamLog: Sendable {
    let stream: StreamName
    let path: String
    let changes = ChangeSignal()
    /// `nil` where the log is only to be looked at.
    private let writer: SQLiteConnection?
    private let reader: SQLiteConnection
    private let retention: Retention
    /// Of whoever appends; `nil` where nobody can fence it.
    private let epoch: Int64?
    private let clock: FleetClock

    /// A batch of trimming holds the writer no longer than this many records take.
    private static let trimmingLimit = 2048

    init(
        stream: StreamName, path: String, mode: SQLiteConnection.Mode, retention: Retention, epoch: Int64? = nil,
        clock: FleetClock
    ) async throws {
        self.stream = stream
        self.path = path
        self.retention = retention
        self.epoch = epoch
        self.clock = clock
        let writer = mode == .readOnly ? nil : try SQLiteConnection(path: path, mode: mode, pageSize: .kibibytes(16))
        if mode == .create { try await writer?.write { try StreamFile.migrate($0, path: path) } }
        self.writer = writer
        reader = try SQLiteConnection(path: path, mode: .readOnly)
    }

    func close() {
        writer?.close()
        reader.close()
        changes.notify()
    }

    func isOfOlderVersion() async throws -> Bool {
        try await reader.read { try StreamFile.version(in: $0) } < StreamFile.migrations.count
    }

    func checkVersion() async throws {
        let path = path
        try await reader.read { try StreamFile.checkNotNewer(try StreamFile.version(in: $0), path: path) }
        if try await isOfOlderVersion() {
            throw FleetError(.notApplied, "\(path) was made by an older Flotilla", remedy: "run `flotilla apply`")
        }
    }

    private func write<Result: Sendable>(
        _ body: @escaping @Sendable (SQLiteSession) throws -> Result
    ) async throws -> Result {
        guard let writer else { throw FleetError(.bug, "stream \(stream) was opened to be looked at only") }
        return try await writer.write(body)
    }

    // MARK: Appending

    func append(_ events: [Event]) async throws -> LogPosition {
        let size = events.reduce(0) { $0 + $1.size.value }
        let now = clock.now()
        let (limit, stream, epoch) = (retention.limit, stream, epoch)
        let last = try await write { session in
            if let epoch { try Self.enter(epoch, stream, in: session) }
            let bounds = try Self.bounds(in: session)
            guard bounds.bytes + size <= limit.value || bounds.bytes == 0 else {
                throw FleetError(
                    .full, "stream \(stream) holds \(ByteCount(bounds.bytes)), and its limit is \(limit)",
                    remedy:
                        "raise broker.limit, or let the slowest subscription catch up; events wait in their outboxes",
                    isRetriable: true)
            }
            try RecordInsertion.insert(events, from: bounds.last + 1, now: now, in: session)
            let position = bounds.last + Int64(events.count)
            try session.run(
                "UPDATE bounds SET last = $1, bytes = bytes + $2", [.integer(position), .integer(Int64(size))])
            return LogPosition(position)
        }
        changes.notify()
        return last
    }

    /// Shuts out whoever appended under a lower epoch.
    private static func enter(_ epoch: Int64, _ stream: StreamName, in session: SQLiteSession) throws {
        let highest = try session.firstRow("SELECT epoch FROM bounds")?[0].integer ?? 0
        if highest == epoch { return }
        guard highest < epoch else {
            throw FleetError(.fenced, "another process has taken over stream \(stream)")
        }
        try session.run("UPDATE bounds SET epoch = $1", [.integer(epoch)])
    }

    // MARK: Reading

    func read(after position: LogPosition, limit: BatchLimit) async throws -> [LogRecord] {
        let stream = stream
        // Who writes notices by that.
        if writer == nil { try reader.checkFileIsInPlace() }
        return try await reader.read { session in
            let bounds = try Self.bounds(in: session)
            guard position.value >= bounds.first - 1 else {
                throw FleetError(
                    .gap,
                    "stream \(stream) begins at position \(bounds.first): what was before is dropped, and position"
                        + " \(position) was asked for",
                    remedy: "build the view anew with `flotilla views rebuild`, from what there is")
            }
            guard position.value <= bounds.last else {
                throw FleetError(
                    .gap,
                    "stream \(stream) ends at position \(bounds.last), before position \(position) that was read"
                        + " already: the stream's file is older than its readers",
                    remedy: "restore the newest copy of the state directory, or rebuild the views that read it"
                        + " (`flotilla views rebuild`)")
            }
            return try StreamFile.records(after: position, limit: limit, in: session)
        }
    }

    func waitForRecords(after position: LogPosition, timeout: Duration) async throws {
        let generation = changes.generation
        if try await bounds().last > position { return }
        await changes.wait(past: generation, timeout: timeout)
    }

    func appendTime(of position: LogPosition) async throws -> Timestamp? {
        try await reader.read { try Self.appendTime(of: position.value, in: $0) }
    }

    private static func appendTime(of position: Int64, in session: SQLiteSession) throws -> Timestamp? {
        try session.firstRow("SELECT appended_at FROM records WHERE position = $1", [.integer(position)])?[0]
            .integer.map { Timestamp(microseconds: $0) }
    }

    func bounds() async throws -> StreamBounds {
        try await reader.read { session in
            let bounds = try Self.bounds(in: session)
            return StreamBounds(
                identity: try session.firstRow("SELECT identity FROM bounds")?[0].text ?? "",
                first: LogPosition(bounds.first), last: LogPosition(bounds.last),
                firstTime: try Self.appendTime(of: bounds.first, in: session),
                lastTime: try Self.appendTime(of: bounds.last, in: session), size: ByteCount(bounds.bytes))
        }
    }

    private static func bounds(in session: SQLiteSession) throws -> (first: Int64, last: Int64, bytes: Int) {
        guard let row = try session.firstRow("SELECT first, last, bytes FROM bounds"), let first = row[0].integer,
            let last = row[1].integer, let bytes = row[2].integer
        else { throw FleetError(.corrupt, "a stream's file has no bounds") }
        // Far from where reckoning with them would overflow.
        guard first >= 1, last >= 0, bytes >= 0, first - 1 <= last, last < .max / 2, bytes < .max / 2 else {
            throw FleetError(
                .corrupt, "a stream's file says that it holds records \(first) to \(last) of \(bytes) bytes",
                remedy: "restore the newest copy of the state directory")
        }
        return (first, last, Int(bytes))
    }

    // MARK: Cursors

    func subscribe(_ subscription: SubscriptionName, at position: LogPosition?) async throws {
        try await write { session in
            let first = try Self.bounds(in: session).first
            if let position {
                try session.run(
                    """
                    INSERT INTO cursors (subscription, position) VALUES ($1, $2)
                    ON CONFLICT (subscription) DO UPDATE SET position = excluded.position
                    """, [.text(subscription.description), .integer(position.value)])
            } else {
                try session.run(
                    "INSERT INTO cursors (subscription, position) VALUES ($1, $2) ON CONFLICT (subscription) DO NOTHING",
                    [.text(subscription.description), .integer(first - 1)])
            }
        }
    }

    func unsubscribe(_ subscription: String) async throws {
        try await write { session in
            _ = try session.run("DELETE FROM cursors WHERE subscription = $1", [.text(subscription)])
        }
    }

    func acknowledge(upTo position: LogPosition, by subscription: SubscriptionName) async throws {
        try await write { session in
            _ = try session.run(
                "UPDATE cursors SET position = $1 WHERE subscription = $2 AND position < $1",
                [.integer(position.value), .text(subscription.description)])
        }
    }

    /// Every cursor, by the text of its subscription.
    func cursors() async throws -> [String: LogPosition] {
        try await reader.read { session in
            var cursors: [String: LogPosition] = [:]
            for row in try session.rows("SELECT subscription, position FROM cursors") {
                cursors[row[0].text ?? ""] = LogPosition(row[1].integer ?? 0)
            }
            return cursors
        }
    }

    // MARK: Retention

    /// Drops records that are too old or too many, and that every cursor has passed.
    func trim(sparing readers: [SubscriptionName]) async throws {
        let needed = Set(readers.map(\.description))
        let (retention, oldest) = (retention, clock.now().advanced(by: .zero - retention.age))
        while true {
            let more = try await write { session in
                let bounds = try Self.bounds(in: session)
                let cursors = try session.rows("SELECT subscription, position FROM cursors")
                guard needed.isSubset(of: cursors.compactMap { $0[0].text }) else { return false }
                let slowest = cursors.compactMap { $0[1].integer }.min() ?? bounds.last
                let statement = try session.statement(
                    """
                    SELECT position, appended_at, length(payload) + length(CAST(source AS BLOB)) + length(CAST(type AS BLOB))
                        + length(CAST(key AS BLOB)) + length(CAST(aggregate_type AS BLOB))
                        + coalesce(length(CAST(trace_parent AS BLOB)), 0) + coalesce(length(CAST(headers AS BLOB)), 0) + 24
                    FROM records WHERE position <= $1 ORDER BY position LIMIT $2
                    """)
                statement.bind(slowest, at: 0)
                statement.bind(Int64(Self.trimmingLimit), at: 1)
                var last: Int64?
                var bytes = bounds.bytes
                var seen = 0
                do {
                    defer { statement.reset() }
                    while try statement.step() {
                        guard statement.integer(1) < oldest.microseconds || bytes > retention.size.value else { break }
                        last = statement.integer(0)
                        bytes -= Int(statement.integer(2))
                        seen += 1
                    }
                }
                guard let last else { return false }
                try session.run("DELETE FROM records WHERE position <= $1", [.integer(last)])
                try session.run(
                    "UPDATE bounds SET first = $1, bytes = $2",
                    [.integer(last + 1), .integer(last == bounds.last ? 0 : Int64(max(0, bytes)))])
                CrashPoint.trimming.reached()
                return seen == Self.trimmingLimit
            }
            if !more { return }
            try Task.checkCancellation()
        }
    }
}
