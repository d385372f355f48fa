public import FleetCore
public import Stores

/// Semantic locks.
extension SagaJournal {
    /// Takes a lock for a saga, where nobody has it, or whoever had it has lost it by time.
    public func takeLock(
        _ key: String, for saga: String, until: Timestamp, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> SagaLockAnswer {
        let taken = try transaction.run(
            """
            INSERT INTO flotilla_saga_locks (lock_key, saga, held_until) VALUES ($1, $2, $3)
            ON CONFLICT (lock_key) DO UPDATE SET saga = excluded.saga, held_until = excluded.held_until
            WHERE flotilla_saga_locks.held_until <= $4
            """, [.text(key), .text(saga), .integer(until.microseconds), .integer(now.microseconds)])
        if taken == 1 { return .taken(until: until) }
        let row = try transaction.firstRow(
            "SELECT saga, held_until FROM flotilla_saga_locks WHERE lock_key = $1", [.text(key)])
        guard let holder = row?[0].text, let time = row?[1].integer else {
            throw FleetError(.bug, "the lock \(key) vanished within a transaction")
        }
        let until = Timestamp(microseconds: time)
        return holder == saga ? .taken(until: until) : .held(by: holder, until: until)
    }

    /// Lets go of a lock, where the saga has it, and of the wish for it.
    public func releaseLock(_ key: String, of saga: String, in transaction: any StoreTransaction) throws {
        try transaction.run(
            "DELETE FROM flotilla_saga_locks WHERE lock_key = $1 AND saga = $2", [.text(key), .text(saga)])
        try endLockWait(key, of: saga, in: transaction)
    }

    /// Notes that a saga waits for a lock.
    func waitForLock(
        _ key: String, of saga: String, at now: Timestamp, in transaction: any StoreTransaction
    ) throws {
        try transaction.run(
            """
            INSERT INTO flotilla_saga_lock_waits (lock_key, saga, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
            """, [.text(key), .text(saga), .integer(now.microseconds)])
    }

    func endLockWait(_ key: String, of saga: String, in transaction: any StoreTransaction) throws {
        try transaction.run(
            "DELETE FROM flotilla_saga_lock_waits WHERE lock_key = $1 AND saga = $2", [.text(key), .text(saga)])
    }

    /// Who has waited longest for a lock.
    func nextForLock(_ key: String, in transaction: any StoreTransaction) throws -> String? {
        try transaction.firstRow(
            "SELECT saga FROM flotilla_saga_lock_waits WHERE lock_key = $1 ORDER BY since, saga LIMIT 1", [.text(key)])?[
                0
            ].text
    }

    /// Who has waited longest for each lock that nobody has any more.
    func nextForFreeLocks(at now: Timestamp, limit: Int, in transaction: any StoreTransaction) throws -> [String] {
        let keys = try transaction.rows(
            """
            SELECT DISTINCT w.lock_key FROM flotilla_saga_lock_waits AS w
            LEFT JOIN flotilla_saga_locks AS l ON l.lock_key = w.lock_key
            WHERE l.held_until IS NULL OR l.held_until <= $1 LIMIT $2
            """, [.integer(now.microseconds), .integer(Int64(limit))]
        ).compactMap { $0[0].text }
        return try keys.compactMap { try nextForLock($0, in: transaction) }
    }
}
