public import Stores

/// Opens a service's store for all who work in it, once.
public protocol StoreProvider: Sendable {
    func store() async throws -> any Store
    /// Closes a store that has failed, so that the next who asks gets it opened anew. No effect on a newer one.
    func discard(_ store: any Store) async
}
