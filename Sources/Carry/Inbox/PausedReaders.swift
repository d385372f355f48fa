public import Stores

/// Subscriptions that a program of the service's own reads and that an operator has paused, in the store where their cursors
/// are: that program looks there, as it may reach no other part of the fleet.
public enum PausedReaders {
    public static func contains(_ name: String, _ transaction: any StoreTransaction) throws -> Bool {
        try transaction.firstRow("SELECT 1 FROM flotilla_paused WHERE subscription = $1", [.text(name)]) != nil
    }

    /// Has a subscription rest, or go on. No effect where it does already.
    public static func set(_ isPaused: Bool, _ name: String, _ transaction: any StoreTransaction) throws {
        let statement =
            isPaused
            ? "INSERT INTO flotilla_paused (subscription) VALUES ($1) ON CONFLICT (subscription) DO NOTHING"
            : "DELETE FROM flotilla_paused WHERE subscription = $1"
        try transaction.run(statement, [.text(name)])
    }
}
