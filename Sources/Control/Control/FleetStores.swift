import FleetCore
import FleetFile
import Subscriptions
import Synchronization

/// The stores of a fleet's services, each opened once for all who work in it.
final class FleetStores: Sendable {
    private let opened = Mutex<[ServiceName: SharedStore]>([:])

    func store(of service: ServiceDefinition) -> SharedStore {
        opened.withLock { opened in
            if let known = opened[service.name] { return known }
            let store = SharedStore { try Connectors.store(of: service) }
            opened[service.name] = store
            return store
        }
    }

    func close() async {
        for store in opened.withLock({ $0.values.map(\.self) }) { await store.close() }
    }
}
