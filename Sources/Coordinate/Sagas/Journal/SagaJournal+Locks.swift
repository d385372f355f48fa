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
        return holder == saga ? .taken(until: Timestamp(microseconds: time)) : .held(by: holder)
    }

    /// Lets go of a lock, where the saga has it.
    public func releaseLock(_ key: String, of saga: String, in transaction: any StoreTransaction) throws {
        try transaction.run(
            "DELETE FROM flotilla_saga_locks WHERE lock_key = $1 AND saga = $2", [.text(key), .text(saga)])
    }
}
