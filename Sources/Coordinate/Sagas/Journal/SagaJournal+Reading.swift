import FleetCore
import Stores

/// Sagas as the journal has them, with their definitions.
extension SagaJournal {
    /// - Returns: `nil` where there is none.
    /// - Throws: `corrupt` or `missing` where it, or its definition, cannot be read.
    func saga(
        _ id: String, _ catalog: SagaCatalog, in transaction: any StoreTransaction
    ) throws -> (machine: SagaMachine, entry: SagaEntry)? {
        guard let entry = try entry(id, in: transaction) else { return nil }
        let definition = try catalog.definition(of: entry.state.saga, version: entry.version, in: transaction)
        return (try SagaMachine(definition, resuming: entry.state), entry)
    }

    /// The same, and `nil` also where it cannot be read: whoever comes to it sets it aside.
    func readableSaga(
        _ id: String, _ catalog: SagaCatalog, in transaction: any StoreTransaction
    ) throws -> (machine: SagaMachine, entry: SagaEntry)? {
        do {
            return try saga(id, catalog, in: transaction)
        } catch let error as FleetError where [.corrupt, .missing].contains(error.code) {
            return nil
        }
    }

    /// Has a saga that cannot be read wait for an operator: nothing of it is due any more.
    /// - Returns: whether it did not before.
    func setAside(_ id: String, in transaction: any StoreTransaction) throws -> Bool {
        try transaction.run("DELETE FROM flotilla_saga_lock_waits WHERE saga = $1", [.text(id)])
        return try transaction.run(
            """
            UPDATE flotilla_sagas SET status = 'parked', wake_at = NULL
            WHERE id = $1 AND ended_at IS NULL AND (status <> 'parked' OR wake_at IS NOT NULL)
            """, [.text(id)]) == 1
    }
}
