import CSQLiteConfiguration
public import FleetCore
import Foundation
import GRDB
import GRDBSQLite
import Synchronization

/// One connection to a SQLite file in WAL mode, on a queue of its own.
///
/// Work runs in closures, one at a time, on the connection's queue (GRDB's), and never blocks the caller's thread.
/// Every error is a ``FleetError`` that names the file.
public final class SQLiteConnection: Sendable {
    /// How a file is opened.
    public enum Mode: Sendable {
        /// The file must exist.
        case readOnly
        /// The file must exist.
        case readWrite
        /// The file is made where there is none. Its directory must exist.
        case create
    }

    /// What a commit waits for (`PRAGMA synchronous`).
    public enum Durability: Sendable {
        /// The disk: a commit survives a power cut.
        case full
        /// Nothing: a power cut may undo the last commits, in order, and never damages the file.
        case normal
    }

    public let path: String
    private let queue: DatabaseQueue
    private let session: SQLiteSession
    private let failure: SQLiteFailure
    /// The file that was opened, to notice that another has taken its place.
    private let identity: FileIdentity?
    /// How long write transactions have waited for the file's lock, in microseconds, and how often that was in vain.
    private let lockWait = Atomic<Int64>(0)
    private let refusals = Atomic<Int64>(0)

    /// - Throws: `missing` where the file must exist and does not, `denied`, `corrupt`, `readOnly`, `unavailable`.
    /// - Parameters:
    ///   - cacheSize: how much of the file is kept in memory.
    ///   - pageSize: of a file that is made now.
    ///   - checkpointPages: how many pages the write-ahead log may have before a commit writes them to the file.
    public init(
        path: String, mode: Mode, durability: Durability = .full, cacheSize: ByteCount = .mebibytes(2),
        pageSize: ByteCount = .kibibytes(4), checkpointPages: Int = 1000
    ) throws {
        self.path = path
        failure = SQLiteFailure(path: path)
        try FileAccess.check(path)
        if mode != .create, FileIdentity(path: path) == nil {
            throw FleetError(
                .missing, "\(path) is missing",
                remedy: "restore it, or, if it never existed, let `flotilla apply` create it")
        }
        var configuration = Configuration()
        configuration.label = "flotilla.sqlite"
        configuration.readonly = mode == .readOnly
        // Short, so that a cancelled task ends soon: those who can wait longer try again.
        configuration.busyMode = .timeout(0.5)
        configuration.prepareDatabase { database in
            // PRAGMA secure_delete=FAST overwrites deleted content where that costs no further I/O.
            try database.execute(sql: "PRAGMA secure_delete = FAST")
            try database.execute(sql: "PRAGMA synchronous = \(durability == .full ? "FULL" : "NORMAL")")
            try database.execute(sql: "PRAGMA cache_size = -\(cacheSize.value / 1024)")
            try database.execute(sql: "PRAGMA page_size = \(pageSize.value)")
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(checkpointPages)")
        }
        _ = Self.configuration
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            session = try queue.unsafeRead { try SQLiteSession($0.sqliteConnection, path: path) }
            if mode == .create {
                _ = try queue.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA journal_mode = WAL") }
            }
            // The first look at the content: a damaged or foreign file is told now.
            _ = try queue.unsafeRead { try Int.fetchOne($0, sql: "PRAGMA schema_version") }
        } catch {
            throw SQLiteFailure(path: path).error(error)
        }
        identity = FileIdentity(path: path)
    }

    /// Set before the first connection of the process; without effect where somebody else has used SQLite already.
    private static let configuration = flotilla_sqlite_configure()

    /// Runs `body` in one transaction that holds the write lock from the beginning, and commits it.
    /// - Throws: `missing`, besides what `body` throws, where the file is no longer at its path.
    public func write<Result: Sendable>(
        _ body: @escaping @Sendable (SQLiteSession) throws -> Result
    ) async throws -> Result {
        try checkFileIsInPlace()
        return try await run { [session, self] database in
            var result: Result?
            let begun = ContinuousClock.now
            var waited: Duration?
            defer { note(waited ?? (ContinuousClock.now - begun), isRefused: waited == nil) }
            try database.inTransaction(.immediate) {
                waited = ContinuousClock.now - begun
                result = try body(session)
                return .commit
            }
            guard let result else { throw FleetError(.bug, "a transaction ended without a result") }
            return result
        }
    }

    private func note(_ wait: Duration, isRefused: Bool) {
        lockWait.add(wait.wholeMicroseconds, ordering: .relaxed)
        if isRefused { refusals.add(1, ordering: .relaxed) }
    }

    /// How the connection was used since it was opened.
    public func usage() async throws -> SQLiteUsage {
        var usage = try await run { [session] _ in session.cacheUsage() }
        usage.lockWait = .microseconds(lockWait.load(ordering: .relaxed))
        usage.refusals = Int(refusals.load(ordering: .relaxed))
        return usage
    }

    /// Runs `body` in one read transaction: all its reads see one state of the file.
    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (SQLiteSession) throws -> Result
    ) async throws -> Result {
        try await run { [session] database in
            var result: Result?
            session.allowsWriting = false
            defer { session.allowsWriting = true }
            try database.inTransaction(.deferred) {
                result = try body(session)
                return .commit
            }
            guard let result else { throw FleetError(.bug, "a transaction ended without a result") }
            return result
        }
    }

    /// Runs `body` outside any transaction: each statement is its own.
    public func access<Result: Sendable>(
        _ body: @escaping @Sendable (SQLiteSession) throws -> Result
    ) async throws -> Result {
        try await run { [session] _ in try body(session) }
    }

    /// - Throws: `missing` where the file that was opened is no longer at its path: what is written now would be
    ///   lost with it.
    public func checkFileIsInPlace() throws {
        let now = FileIdentity(path: path)
        if now == identity { return }
        throw FleetError(
            .missing, now == nil ? "\(path) was removed while it was open" : "\(path) was replaced while it was open",
            remedy: "put the file back, or restart `flotilla run` to go on with the new one")
    }

    public func close() {
        // Whoever holds a prepared statement holds the session; there is nobody left to be told of an error.
        queue.writeWithoutTransaction { _ in session.finalizeAll() }
        try? queue.close()
    }

    private func run<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        let cancellation = WorkCancellation()
        do {
            return try await withTaskCancellationHandler {
                try await queue.writeWithoutTransaction { [failure, session] database in
                    // The session would use a handle that is freed.
                    guard database.sqliteConnection != nil else {
                        throw failure.error(SQLITE_MISUSE, "the connection is closed")
                    }
                    session.cancellation = cancellation
                    defer { session.cancellation = nil }
                    return try body(database)
                }
            } onCancel: {
                cancellation.set()
            }
        } catch {
            throw failure.error(error)
        }
    }
}

/// Which file stands at a path: device and inode.
public struct FileIdentity: Equatable, Sendable {
    let device: UInt64
    let inode: UInt64

    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// Whether there is a file at a path.
    public static func exists(_ path: String) -> Bool { FileIdentity(path: path) != nil }
}
