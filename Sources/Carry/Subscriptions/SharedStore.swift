public import Stores
import Synchronization

/// One service's store, opened once for all who work in it, and anew after it has failed.
public final class SharedStore: StoreProvider {
    private let open: @Sendable () throws -> any Store
    private let current = Mutex<(any Store)?>(nil)

    /// - Parameter open: opens the store; what it throws is thrown by ``store()``.
    public init(_ open: @escaping @Sendable () throws -> any Store) {
        self.open = open
    }

    public func store() async throws -> any Store {
        if let open = current.withLock({ $0 }) { return open }
        let opened = try open()
        let (kept, spare) = current.withLock { current -> (any Store, (any Store)?) in
            if let other = current { return (other, opened) }
            current = opened
            return (opened, nil)
        }
        await spare?.close()
        return kept
    }

    /// The store, where it is open.
    public var opened: (any Store)? { current.withLock { $0 } }

    public func discard(_ store: any Store) async {
        let isCurrent = current.withLock { current in
            guard let held = current, (held as AnyObject) === (store as AnyObject) else { return false }
            current = nil
            return true
        }
        if isCurrent { await store.close() }
    }

    public func close() async {
        let last = current.withLock { current in
            defer { current = nil }
            return current
        }
        await last?.close()
    }
}
