import FleetCore
import FleetFile
import Stores
import Subscriptions
import Synchronization

/// One service's store, opened once for all its views, and anew after it has failed.
final class SharedStore: StoreProvider {
    private let service: ServiceDefinition
    private let current = Mutex<(any Store)?>(nil)

    init(_ service: ServiceDefinition) {
        self.service = service
    }

    func store() async throws -> any Store {
        if let open = current.withLock({ $0 }) { return open }
        let opened = try Connectors.store(of: service)
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
            guard let held = current, isSame(held, store) else { return false }
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

    private func isSame(_ left: any Store, _ right: any Store) -> Bool {
        (left as AnyObject) === (right as AnyObject)
    }
}
