import GRDBSQLite

/// How a connection was used since it was opened.
public struct SQLiteUsage: Sendable {
    /// How long write transactions have waited for the file's lock.
    public var lockWait = Duration.zero
    /// Write transactions that did not get it.
    public var refusals = 0
    /// Pages that were found in the connection's cache.
    public var cacheHits = 0
    /// Pages that had to be read.
    public var cacheMisses = 0
    /// Pages that were written.
    public var cacheWrites = 0
}

extension SQLiteSession {
    func cacheUsage() -> SQLiteUsage {
        func status(_ kind: Int32) -> Int {
            var (now, highest): (Int32, Int32) = (0, 0)
            // Thirty-two bits, which go on from the lowest number: what was counted is told without a sign.
            return sqlite3_db_status(handle, kind, &now, &highest, 0) == SQLITE_OK ? Int(UInt32(bitPattern: now)) : 0
        }
        return SQLiteUsage(
            cacheHits: status(SQLITE_DBSTATUS_CACHE_HIT), cacheMisses: status(SQLITE_DBSTATUS_CACHE_MISS),
            cacheWrites: status(SQLITE_DBSTATUS_CACHE_WRITE))
    }
}
