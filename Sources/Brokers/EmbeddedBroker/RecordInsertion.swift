import FleetCore
import SQLiteConnection

/// Inserts records into a stream's file: one at a time, or, where there are many, a block of rows with one statement,
/// which costs SQLite much less a row.
struct RecordInsertion {
    /// Rows of one statement.
    private static let blockSize = 16
    /// What the ids, keys and payloads of one block may come to; larger events are inserted one at a time.
    private static let blockBytes = ByteCount.kibibytes(64)
    /// A row's columns, but for its position and the time at which it is appended.
    private static let columns = [
        "id", "type", "key", "aggregate_type", "source", "time", "trace_parent", "headers", "content_type", "payload",
    ]

    private static let single = sql(rows: 1, withPosition: true)
    private static let block = sql(rows: blockSize, withPosition: false)

    /// `$1` is the time at which the rows are appended; then come the columns of each row; the position is the last.
    private static func sql(rows: Int, withPosition: Bool) -> String {
        let names = columns.joined(separator: ", ")
        let tuples = (0..<rows).map { row in
            let parameters = columns.indices.map { "$\(2 + row * columns.count + $0)" }.joined(separator: ", ")
            return withPosition ? "($1, \(parameters), $\(2 + columns.count))" : "($1, \(parameters))"
        }
        return """
            INSERT INTO records (appended_at, \(names)\(withPosition ? ", position" : ""))
            VALUES \(tuples.joined(separator: ", "))
            """
    }

    /// Inserts records in order, from position `first` on.
    static func insert(_ events: [Event], from first: Int64, now: Timestamp, in session: SQLiteSession) throws {
        try events.withUnsafeBufferPointer { buffer in
            // Through pointers: an event that is handed on as a value is copied, with a retain for each of its texts.
            guard let events = buffer.baseAddress, !buffer.isEmpty else { return }
            var single = RecordInsertion(try session.statement(Self.single), rows: 1, now: now)
            // The first row says where the batch begins; for the others SQLite takes the next position, which costs no
            // search.
            single.bind(position: first)
            try single.insert(events)
            single.bind(position: nil)
            if buffer.count <= blockSize {
                for index in 1..<buffer.count { try single.insert(events + index) }
                return
            }
            var block = RecordInsertion(try session.statement(Self.block), rows: blockSize, now: now)
            try withUnsafeTemporaryAllocation(byteCount: blockBytes.value, alignment: 8) { lent in
                var next = 1
                while next < buffer.count {
                    let count = min(blockSize, buffer.count - next)
                    let isInserted = count == blockSize ? try block.insertBlock(events + next, through: lent) : false
                    if !isInserted { for index in next..<next + count { try single.insert(events + index) } }
                    next += count
                }
            }
        }
    }

    /// What a row's parameters hold; what a row shares with the one that it had before is not bound again.
    fileprivate struct Bound {
        var type: String?
        var aggregateType: String?
        var source: String?
        var traceParent: String?
        var headers: String?
        var contentType: String?
    }

    private let statement: SQLiteStatement
    private var bound: [Bound]

    private init(_ statement: SQLiteStatement, rows: Int, now: Timestamp) {
        self.statement = statement
        bound = [Bound](repeating: Bound(), count: rows)
        statement.unbindAll()
        statement.bind(now.microseconds, at: 0)
    }

    private func bind(position: Int64?) {
        let index = 1 + Self.columns.count
        if let position { statement.bind(position, at: index) } else { statement.bindNull(at: index) }
    }

    private mutating func insert(_ event: UnsafePointer<Event>) throws {
        bindShared(event, row: 0)
        try statement.withBound(event.pointee.id, at: 1) {
            try statement.withBound(event.pointee.key, at: 3) {
                try statement.withBound(event.pointee.payload, at: 10) {
                    defer { statement.reset() }
                    _ = try statement.step()
                }
            }
        }
    }

    /// Inserts a block of rows; what differs from row to row is copied into `buffer` for the length of the call.
    /// - Returns: `false`, having done nothing, where the rows are larger than the buffer.
    private mutating func insertBlock(
        _ events: UnsafePointer<Event>, through buffer: UnsafeMutableRawBufferPointer
    ) throws -> Bool {
        var size = 0
        for row in 0..<Self.blockSize { size += 16 + events[row].key.utf8.count + events[row].payload.count }
        guard size <= buffer.count else { return false }
        var free = buffer
        for row in 0..<Self.blockSize {
            bindShared(events + row, row: row)
            let first = 1 + row * Self.columns.count
            let id = (events[row].id.high.bigEndian, events[row].id.low.bigEndian)
            statement.bindLent(blob: withUnsafeBytes(of: id) { Self.copy($0, into: &free) }, at: first)
            var key = events[row].key
            statement.bindLent(
                text: key.withUTF8 { Self.copy(UnsafeRawBufferPointer($0), into: &free) }, at: first + 2)
            statement.bindLent(
                blob: events[row].payload.withUnsafeBytes { Self.copy($0, into: &free) }, at: first + 9)
        }
        defer { statement.reset() }
        _ = try statement.step()
        return true
    }

    private static func copy(
        _ bytes: UnsafeRawBufferPointer, into free: inout UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let target = UnsafeMutableRawBufferPointer(rebasing: free[..<bytes.count])
        target.copyMemory(from: bytes)
        free = UnsafeMutableRawBufferPointer(rebasing: free[bytes.count...])
        return UnsafeRawBufferPointer(target)
    }

    private mutating func bindShared(_ event: UnsafePointer<Event>, row: Int) {
        let first = 1 + row * Self.columns.count
        statement.bind(event.pointee.time.microseconds, at: first + 5)
        bound[row].bind(event, from: first, in: statement)
    }
}

extension RecordInsertion.Bound {
    /// Binds what differs from what is bound.
    fileprivate mutating func bind(_ event: UnsafePointer<Event>, from first: Int, in statement: SQLiteStatement) {
        Self.rebind(event.pointee.type, &type, at: first + 1, in: statement)
        Self.rebind(event.pointee.aggregateType, &aggregateType, at: first + 3, in: statement)
        Self.rebind(event.pointee.source, &source, at: first + 4, in: statement)
        Self.rebind(event.pointee.traceParent, &traceParent, at: first + 6, in: statement)
        Self.rebind(event.pointee.headers, &headers, at: first + 7, in: statement)
        Self.rebind(event.pointee.unusualContentType, &contentType, at: first + 8, in: statement)
    }

    private static func rebind(_ text: String?, _ last: inout String?, at index: Int, in statement: SQLiteStatement) {
        if text == last { return }
        statement.bind(text, at: index)
        last = text
    }
}
