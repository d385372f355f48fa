import FleetCore
import GRDB
import GRDBSQLite

/// Turns what SQLite says into ``FleetError``, naming the file and the cure.
/// Result codes: https://www.sqlite.org/rescode.html
struct SQLiteFailure {
    let path: String

    func error(_ extendedCode: Int32, _ message: String, sql: String? = nil) -> FleetError {
        explanation(extendedCode, message, sql).told(as: Self.name(of: extendedCode))
    }

    private func explanation(_ extendedCode: Int32, _ message: String, _ sql: String?) -> FleetError {
        switch extendedCode & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL:
            FleetError(
                .busy, "\(path) is locked by another writer", remedy: "end the transaction that holds it",
                isRetriable: true, underlying: message)
        case SQLITE_FULL:
            FleetError(
                .full, "the disk that holds \(path) is full", remedy: "free some space; nothing is lost meanwhile",
                isRetriable: true, underlying: message)
        case SQLITE_READONLY:
            FleetError(
                .readOnly, "\(path) cannot be written", remedy: "check the permissions of the file and its directory",
                underlying: message)
        case SQLITE_CORRUPT:
            FleetError(
                .corrupt, "\(path) is damaged",
                remedy: "restore it from a backup, or save what is readable with `sqlite3 \(path) .recover`",
                underlying: message)
        case SQLITE_NOTADB:
            FleetError(
                .corrupt, "\(path) is not a SQLite database", remedy: "name the right file in `store:`",
                underlying: message)
        case SQLITE_IOERR:
            FleetError(
                .unavailable, "the disk that holds \(path) reports an error", remedy: "check the disk",
                isRetriable: true, underlying: "\(message), code \(extendedCode)")
        case SQLITE_NOMEM:
            FleetError(
                .unavailable, "there is no memory left for work on \(path)", remedy: "free some memory",
                isRetriable: true, underlying: message)
        case SQLITE_MISUSE:
            FleetError(.unavailable, "\(path) was closed meanwhile", isRetriable: true, underlying: message)
        case SQLITE_CANTOPEN:
            FleetError(
                .unavailable, "\(path) cannot be opened",
                remedy: "check that it exists and that its directory can be read and written", isRetriable: true,
                underlying: message)
        case SQLITE_INTERRUPT, SQLITE_ABORT:
            FleetError(.cancelled, "the work on \(path) was stopped", underlying: message)
        default:
            FleetError(.statement, "\(path): \(message)", underlying: sql.map { "in: \(Self.shortened($0))" })
        }
    }

    /// SQLite's errors as ours; what the caller's own closure threw, as it is.
    func error(_ error: any Error) -> any Error {
        if let failure = error as? DatabaseError {
            return self.error(
                failure.extendedResultCode.rawValue, failure.message ?? "\(failure.extendedResultCode)",
                sql: failure.sql)
        }
        return error is CancellationError ? FleetError.wrapping(error) : error
    }

    /// Without what an extended code says beyond: `SQLITE_CONSTRAINT`.
    private static func name(of extendedCode: Int32) -> String? {
        let code = Int(extendedCode & 0xFF)
        return names.indices.contains(code) ? "SQLITE_\(names[code])" : nil
    }

    /// By their numbers.
    private static let names = [
        "OK", "ERROR", "INTERNAL", "PERM", "ABORT", "BUSY", "LOCKED", "NOMEM", "READONLY", "INTERRUPT", "IOERR",
        "CORRUPT", "NOTFOUND", "FULL", "CANTOPEN", "PROTOCOL", "EMPTY", "SCHEMA", "TOOBIG", "CONSTRAINT", "MISMATCH",
        "MISUSE", "NOLFS", "AUTH", "FORMAT", "RANGE", "NOTADB", "NOTICE", "WARNING",
    ]

    private static func shortened(_ sql: String) -> String {
        let line = sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > 160 ? line.prefix(160) + "…" : line
    }
}
