public import FleetCore
import Foundation
import GRDBSQLite
public import Stores

/// A prepared SQLite statement: owns its handle, and frees it when nobody holds it any more.
public final class SQLiteStatement {
    private let handle: OpaquePointer
    private unowned let session: SQLiteSession
    private let isReadOnly: Bool
    /// SQLite's index of each parameter `$1`, `$2`, …: SQLite counts names in order of first appearance.
    private let slots: [Int32]

    init(_ sql: String, in session: SQLiteSession) throws {
        var handle: OpaquePointer?
        var rest = 0
        let code = sql.withCString { text in
            var tail: UnsafePointer<CChar>?
            let code = sqlite3_prepare_v3(session.handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, &tail)
            rest = tail.map { strlen($0) } ?? 0
            return code
        }
        guard code == SQLITE_OK else { throw session.lastError(code, sql: sql) }
        guard let handle else { throw FleetError(.statement, "\(session.path): there is no statement in \"\(sql)\"") }
        // Before the properties are set: an initialiser that throws after that runs `deinit`, which frees the handle too.
        guard sql.utf8.suffix(rest).allSatisfy(SQLiteStatement.isFiller), !sql.utf8.contains(0) else {
            sqlite3_finalize(handle)
            throw FleetError(.statement, "\(session.path): there is more than one statement in \"\(sql)\"")
        }
        self.handle = handle
        self.session = session
        isReadOnly = sqlite3_stmt_readonly(handle) != 0
        var slots = Array(1...max(1, sqlite3_bind_parameter_count(handle)))
        if sqlite3_bind_parameter_count(handle) == 0 { slots = [] }
        for slot in slots {
            let name = sqlite3_bind_parameter_name(handle, slot).map { String(cString: $0) } ?? ""
            if let number = Int(name.dropFirst()), name.first == "$", (1...slots.count).contains(number) {
                slots[number - 1] = slot
            }
        }
        self.slots = slots
    }

    deinit {
        sqlite3_finalize(handle)
    }

    private static func isFiller(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ";") || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    // MARK: Binding. Parameters count from 0.

    public func bind(_ value: Int64, at index: Int) {
        sqlite3_bind_int64(handle, slots[index], value)
    }

    public func bind(_ value: String, at index: Int) {
        var value = value
        value.withUTF8 { bytes in
            _ = bytes.withMemoryRebound(to: CChar.self) {
                sqlite3_bind_text64(
                    handle, slots[index], $0.baseAddress ?? emptyText, UInt64($0.count), transient,
                    UInt8(SQLITE_UTF8))
            }
        }
    }

    public func bind(_ value: String?, at index: Int) {
        if let value { bind(value, at: index) } else { bindNull(at: index) }
    }

    public func bind(_ bytes: [UInt8], at index: Int) {
        _ = bytes.withUnsafeBytes { buffer in
            if let base = buffer.baseAddress, buffer.count > 0 {
                sqlite3_bind_blob64(handle, slots[index], base, UInt64(buffer.count), transient)
            } else {
                sqlite3_bind_zeroblob(handle, slots[index], 0)
            }
        }
    }

    /// Binds the 16 bytes of an id.
    public func bind(_ id: EventID, at index: Int) {
        _ = withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { bytes in
            sqlite3_bind_blob64(handle, slots[index], bytes.baseAddress, 16, transient)
        }
    }

    /// Binds the 16 bytes of an id without copying them, for the length of `body`, which must step and reset the statement.
    public func withBound(_ id: EventID, at index: Int, _ body: () throws -> Void) rethrows {
        try withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { bytes in
            sqlite3_bind_blob64(handle, slots[index], bytes.baseAddress, 16, nil)
            defer { sqlite3_bind_null(handle, slots[index]) }
            try body()
        }
    }

    /// Binds a text without copying it, for the length of `body`, which must step and reset the statement.
    public func withBound(_ value: String, at index: Int, _ body: () throws -> Void) rethrows {
        var value = value
        try value.withUTF8 { bytes in
            let text = UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self) ?? emptyText
            sqlite3_bind_text64(handle, slots[index], text, UInt64(bytes.count), nil, UInt8(SQLITE_UTF8))
            defer { sqlite3_bind_null(handle, slots[index]) }
            try body()
        }
    }

    /// Binds bytes without copying them, for the length of `body`, which must step and reset the statement.
    public func withBound(_ bytes: [UInt8], at index: Int, _ body: () throws -> Void) rethrows {
        try bytes.withUnsafeBytes { buffer in
            // An empty array may have no address; a null pointer would bind NULL.
            if let base = buffer.baseAddress, buffer.count > 0 {
                sqlite3_bind_blob64(handle, slots[index], base, UInt64(buffer.count), nil)
            } else {
                sqlite3_bind_zeroblob(handle, slots[index], 0)
            }
            defer { sqlite3_bind_null(handle, slots[index]) }
            try body()
        }
    }

    /// Binds bytes without copying them: they must stay where they are until the parameter is bound anew, or unbound.
    public func bindLent(blob bytes: UnsafeRawBufferPointer, at index: Int) {
        // A null pointer would bind NULL.
        if let base = bytes.baseAddress, bytes.count > 0 {
            sqlite3_bind_blob64(handle, slots[index], base, UInt64(bytes.count), nil)
        } else {
            sqlite3_bind_zeroblob(handle, slots[index], 0)
        }
    }

    /// Binds the UTF-8 of a text, as ``bindLent(blob:at:)``.
    public func bindLent(text bytes: UnsafeRawBufferPointer, at index: Int) {
        let text = bytes.count > 0 ? bytes.baseAddress?.assumingMemoryBound(to: CChar.self) : nil
        sqlite3_bind_text64(
            handle, slots[index], text ?? emptyText, UInt64(bytes.count), nil, UInt8(SQLITE_UTF8))
    }

    /// Makes all parameters NULL.
    public func unbindAll() {
        sqlite3_clear_bindings(handle)
    }

    public func bindNull(at index: Int) {
        sqlite3_bind_null(handle, slots[index])
    }

    public func bind(_ value: SQLValue, at index: Int) {
        switch value {
        case .null: bindNull(at: index)
        case .boolean(let value): bind(Int64(value ? 1 : 0), at: index)
        case .integer(let value): bind(value, at: index)
        case .real(let value): sqlite3_bind_double(handle, slots[index], value)
        case .text(let value): bind(value, at: index)
        case .bytes(let value): bind(value, at: index)
        case .id(let value): bind(value, at: index)
        }
    }

    /// Whether it has begun to hand out rows, and has not ended.
    var isAtWork: Bool { sqlite3_stmt_busy(handle) != 0 }

    private func bind(_ parameters: [SQLValue]) throws {
        // SQLite refuses to bind then, and the rows of the use before would come instead.
        if isAtWork { throw FleetError(.bug, "\(session.path): a statement was used again while its rows were read") }
        guard isReadOnly || session.allowsWriting else { throw session.readTransactionError }
        guard parameters.count == slots.count else {
            let sql = String(cString: sqlite3_sql(handle))
            throw FleetError(
                .statement, "\(session.path): \(parameters.count) values for \(slots.count) parameters",
                underlying: "in: \(sql)")
        }
        for index in parameters.indices { bind(parameters[index], at: index) }
    }

    // MARK: Stepping

    /// Takes one step: whether there is a row to read.
    public func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let error = session.lastError(code, sql: String(cString: sqlite3_sql(handle)))
            sqlite3_reset(handle)
            throw error
        }
    }

    public func reset() {
        sqlite3_reset(handle)
    }

    // MARK: Columns of the row at hand, counted from 0

    public func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }

    public func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL }

    public func isBlob(_ column: Int) -> Bool { sqlite3_column_type(handle, Int32(column)) == SQLITE_BLOB }

    /// The column's text, lent until the next step; numbers and blobs as text, null as `nil`.
    private func lentText(_ column: Int) -> UnsafeBufferPointer<UInt8>? {
        guard let text = sqlite3_column_text(handle, Int32(column)) else { return nil }
        return UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(handle, Int32(column))))
    }

    /// The column's blob, lent until the next step; for other kinds ``lentText(_:)``.
    private func lentBytes(_ column: Int) -> UnsafeBufferPointer<UInt8>? {
        guard isBlob(column) else { return lentText(column) }
        let blob = sqlite3_column_blob(handle, Int32(column))?.assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: blob, count: Int(sqlite3_column_bytes(handle, Int32(column))))
    }

    /// The column as text; bytes that are not UTF-8 become U+FFFD.
    public func text(_ column: Int) -> String {
        lentText(column).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    public func optionalText(_ column: Int) -> String? {
        lentText(column).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The column as text, `nil` where it is null or not UTF-8. Where it is the same as `last`, that is returned, and no
    /// new text is made.
    public func validText(_ column: Int, last: String = "") -> String? {
        guard let bytes = lentText(column) else { return nil }
        var last = last
        let isSame = last.withUTF8 { known in
            guard known.count == bytes.count, let left = known.baseAddress, let right = bytes.baseAddress else {
                return false
            }
            return memcmp(left, right, known.count) == 0
        }
        if isSame { return last }
        // ASCII is valid, and made into text much faster.
        let isASCII = bytes.allSatisfy { $0 < 0x80 }
        return isASCII ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
    }

    public func bytes(_ column: Int) -> [UInt8] {
        lentBytes(column).map { Array($0) } ?? []
    }

    /// The column as an event's id: 16 bytes, or the text of a UUID. `nil` for anything else.
    public func eventID(_ column: Int) -> EventID? {
        lentBytes(column).flatMap { $0.count == 16 ? EventID(bytes: $0) : EventID(hexadecimal: $0) }
    }

    /// The column as a time, where it is text that says one (RFC 3339).
    public func time(_ column: Int) -> Timestamp? {
        sqlite3_column_type(handle, Int32(column)) == SQLITE_TEXT
            ? lentText(column).flatMap { Timestamp(utf8: $0) } : nil
    }

    public func value(_ column: Int) -> SQLValue {
        switch sqlite3_column_type(handle, Int32(column)) {
        case SQLITE_INTEGER: .integer(integer(column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(handle, Int32(column)))
        case SQLITE_TEXT: .text(text(column))
        case SQLITE_BLOB: .bytes(bytes(column))
        default: .null
        }
    }
}

extension SQLiteStatement: StoreStatement {
    @discardableResult
    public func run(_ parameters: [SQLValue]) throws -> Int {
        try bind(parameters)
        // Asked of the connection itself: following the unowned session costs more than the answer.
        let connection = sqlite3_db_handle(handle)
        let before = sqlite3_total_changes64(connection)
        defer { reset() }
        while try step() {}
        return sqlite3_total_changes64(connection) == before ? 0 : Int(sqlite3_changes64(connection))
    }

    public func runEach(_ parameterSets: [[SQLValue]]) throws -> [Int] {
        var counts: [Int] = []
        counts.reserveCapacity(parameterSets.count)
        for parameters in parameterSets { counts.append(try run(parameters)) }
        return counts
    }

    public func submit(_ parameters: [SQLValue]) throws {
        try bind(parameters)
        defer { reset() }
        while try step() {}
    }

    public func forEachRow(_ parameters: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        try bind(parameters)
        defer { reset() }
        guard try step() else { return }
        // The first step prepares the statement anew where tables have changed; only after it the columns are known.
        let count = Int(sqlite3_column_count(handle))
        let names = (0..<count).map { String(cString: sqlite3_column_name(handle, Int32($0))) }
        repeat {
            try body(SQLRow(columns: names, values: (0..<count).map { value($0) }))
        } while try step()
    }
}

/// `SQLITE_TRANSIENT`, a macro that Swift does not import: SQLite copies what is bound.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// A pointer for empty texts: a null pointer would bind NULL. Never written to, never freed.
nonisolated(unsafe) private let emptyText: UnsafePointer<CChar> = {
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    pointer.initialize(to: 0)
    return UnsafePointer(pointer)
}()
