import Foundation
import GRDBSQLite

/// What SQLite's parser finds wrong with a text, and where.
public struct SQLiteFault: Sendable, Hashable {
    /// In UTF-8.
    public var byteOffset: Int
    public var message: String
}

extension SQLiteSession {
    /// Prepares one statement without running it.
    public func fault(in sql: String) -> SQLiteFault? {
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        let code = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
        return code == SQLITE_OK ? nil : fault(base: 0)
    }

    /// Runs a script, statement by statement, up to the first that fails.
    public func firstFault(inScript sql: String) -> SQLiteFault? {
        sql.withCString { text in
            var rest: UnsafePointer<CChar>? = text
            while let begin = rest, begin.pointee != 0 {
                var statement: OpaquePointer?
                defer { sqlite3_finalize(statement) }
                guard sqlite3_prepare_v2(handle, begin, -1, &statement, &rest) == SQLITE_OK else {
                    return fault(base: begin - text)
                }
                guard let statement else { continue }
                var code = sqlite3_step(statement)
                while code == SQLITE_ROW { code = sqlite3_step(statement) }
                if code != SQLITE_DONE {
                    // The statement begins after the white space that the one before it left.
                    let gap = strspn(begin, " \t\r\n")
                    return fault(base: begin - text + Int(gap))
                }
            }
            return nil
        }
    }

    private func fault(base: Int) -> SQLiteFault {
        let offset = sqlite3_error_offset(handle)
        return SQLiteFault(byteOffset: base + Int(max(0, offset)), message: String(cString: sqlite3_errmsg(handle)))
    }
}
