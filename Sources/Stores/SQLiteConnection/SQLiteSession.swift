import FleetCore
import GRDBSQLite
public import Stores
import Synchronization

/// A SQLite connection at work: prepares statements and keeps them.
///
/// `@unchecked Sendable`: it is used only within the closures of its ``SQLiteConnection``, which run one at a time
/// on that connection's queue.
public final class SQLiteSession: @unchecked Sendable {
    let handle: OpaquePointer
    let failure: SQLiteFailure
    var path: String { failure.path }
    /// Whether statements may write at the moment.
    var allowsWriting = true
    /// Of the work at hand.
    var cancellation: WorkCancellation?
    private var kept: [String: SQLiteStatement] = [:]
    /// More than this many different texts, and all are prepared anew.
    private static let keptLimit = 256

    init(_ handle: OpaquePointer?, path: String) throws {
        guard let handle else { throw FleetError(.bug, "\(path) has no connection") }
        self.handle = handle
        failure = SQLiteFailure(path: path)
        // The handle runs statements within the work of its connection alone, which holds the session.
        sqlite3_progress_handler(
            handle, Self.lookInterval,
            { context in
                guard let context else { return 0 }
                let session = Unmanaged<SQLiteSession>.fromOpaque(context).takeUnretainedValue()
                return session.cancellation?.isSet == true ? 1 : 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// After so many instructions of SQLite's a statement looks whether it is to end: less than a millisecond. What ends a
    /// transaction has fewer.
    private static let lookInterval: Int32 = 4_000

    /// A statement, prepared once and kept.
    public func statement(_ sql: String) throws -> SQLiteStatement {
        if let known = kept[sql] {
            // Whoever reads its rows at the moment goes on with them; a second use has a statement of its own.
            return known.isAtWork ? try SQLiteStatement(sql, in: self) : known
        }
        if kept.count >= Self.keptLimit { kept.removeAll() }
        let statement = try SQLiteStatement(sql, in: self)
        kept[sql] = statement
        return statement
    }

    /// Runs one or more statements without parameters.
    public func script(_ sql: String) throws {
        guard allowsWriting else { throw readTransactionError }
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        if code != SQLITE_OK { throw lastError(code, sql: sql) }
    }

    /// Whether a column is INTEGER PRIMARY KEY AUTOINCREMENT.
    public func isAutoincrement(_ column: String, of table: String) -> Bool {
        var result: Int32 = 0
        let code = sqlite3_table_column_metadata(handle, "main", table, column, nil, nil, nil, nil, &result)
        return code == SQLITE_OK && result != 0
    }

    /// How the file keeps its journal: `wal`, `delete` …
    public func journalMode() throws -> String {
        // SQLite counts this pragma among those that write, as with a value it does.
        let allowed = allowsWriting
        allowsWriting = true
        defer { allowsWriting = allowed }
        return try firstRow("PRAGMA journal_mode")?[0].text ?? ""
    }

    var readTransactionError: FleetError {
        FleetError(.readOnly, "\(path): a read transaction cannot write", remedy: "write in a write transaction")
    }

    func finalizeAll() { kept.removeAll() }

    func lastError(_ code: Int32, sql: String?) -> FleetError {
        let extended = sqlite3_extended_errcode(handle)
        let message = String(cString: sqlite3_errmsg(handle))
        return failure.error(extended & 0xFF == code & 0xFF ? extended : code, message, sql: sql)
    }
}

extension SQLiteSession: StoreTransaction {
    public func prepare(_ sql: String) throws -> any StoreStatement {
        try statement(sql)
    }

    public func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
        _ = try statement("SAVEPOINT flotilla").run([])
        do {
            let result = try body()
            _ = try statement("RELEASE flotilla").run([])
            return result
        } catch {
            // Where SQLite itself rolled the whole transaction back (full disk, I/O error), no savepoint is left; the
            // error that did it is the one to tell.
            guard sqlite3_get_autocommit(handle) == 0 else { throw endedTransaction(by: error) }
            _ = try statement("ROLLBACK TO flotilla").run([])
            _ = try statement("RELEASE flotilla").run([])
            throw error
        }
    }

    public func checkDeferredConstraints() throws {
        var unresolved: Int32 = 0
        var highest: Int32 = 0
        sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &unresolved, &highest, 0)
        if unresolved != 0 {
            throw failure.error(SQLITE_CONSTRAINT, "FOREIGN KEY constraint failed", sql: nil)
        }
    }

    /// A statement may end the transaction that it is part of: `ON CONFLICT ROLLBACK`, `RAISE(ROLLBACK)`. Whoever goes
    /// on after errors of statements must not go on after that: what came before is gone, and what comes after would
    /// be committed at once.
    private func endedTransaction(by error: any Error) -> any Error {
        guard let error = error as? FleetError, error.code == .statement || error.code == .badEvent else {
            return error
        }
        return FleetError(
            .invalidInput, "\(path): a statement rolled the whole transaction back (\(error.message))",
            remedy: "use ABORT in place of ROLLBACK in the constraint or trigger", underlying: error.underlying)
    }
}
