import FleetCore
import Stores
import Subscriptions
import Synchronization

/// A consumer's own connection to its service's store, opened anew after it has failed.
final class ConsumerStores: StoreProvider {
    private let service: ServiceName
    private let connector: StoreConnector
    private let current = Mutex<(any Store)?>(nil)

    init(_ connector: StoreConnector, of service: ServiceName) {
        self.connector = connector
        self.service = service
    }

    func store() async throws -> any Store {
        if let open = current.withLock({ $0 }) { return open }
        let opened = try connector.store(of: service)
        let (kept, spare) = current.withLock { current -> (any Store, (any Store)?) in
            if let other = current { return (other, opened) }
            current = opened
            return (opened, nil)
        }
        await spare?.close()
        return kept
    }

    func discard(_ store: any Store) async {
        let isCurrent = current.withLock { current in
            guard let held = current, (held as AnyObject) === (store as AnyObject) else { return false }
            current = nil
            return true
        }
        if isCurrent { await store.close() }
    }

    func close() async {
        let last = current.withLock { current in
            defer { current = nil }
            return current
        }
        await last?.close()
    }
}
