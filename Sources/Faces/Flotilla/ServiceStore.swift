public import FleetCore
import Foundation
import Inbox
import SQLiteStore
import Stores

/// A service's own store, opened by the service itself: business rows and events in one transaction, and handlers that
/// have one effect per event.
///
/// `flotilla apply` must have set the store up. Work runs on a thread of the store's own, one closure at a time.
public final class ServiceStore: Sendable {
    /// The service's name, as the fleet file has it.
    public let service: String
    private let store: any Store
    private let outbox: TableName

    /// Opens a service's store.
    ///
    /// - Parameters:
    ///   - url: as in the fleet file: `sqlite:PATH`, relative to the working directory.
    ///   - service: the service's name in the fleet file.
    ///   - outbox: the outbox table.
    /// - Throws: `FleetError` with code `missing`, `notApplied`, `corrupt`, `readOnly`, `unavailable` or
    ///   `invalidInput`; each names the store and the cure.
    public static func open(_ url: String, service: String, outbox: String = "outbox") async throws -> ServiceStore {
        guard url.hasPrefix("sqlite:"), url.count > "sqlite:".count else {
            throw FleetError(.invalidInput, "there is no connector for this store's URL", remedy: "write sqlite:PATH")
        }
        _ = try ServiceName(service)
        let table = try TableName(outbox)
        let path = URL(fileURLWithPath: String(url.dropFirst("sqlite:".count))).path
        let store = try SQLiteStore(path: path)
        let isSetUp = try await store.read { transaction in
            try transaction.firstRow("SELECT 1 FROM sqlite_master WHERE name = 'flotilla_inbox'") != nil
        }
        guard isSetUp else {
            await store.close()
            throw FleetError(.notApplied, "\(path) is not set up yet", remedy: "run `flotilla apply` first")
        }
        return ServiceStore(service: service, store: store, outbox: table)
    }

    private init(service: String, store: any Store, outbox: TableName) {
        self.service = service
        self.store = store
        self.outbox = outbox
    }

    /// Runs `body` in one transaction: what it writes and what it publishes commits durably when it returns, and leaves
    /// no trace when it throws.
    public func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> Result
    ) async throws -> Result {
        let (service, outbox) = (service, outbox)
        return try await store.write { try body(Transaction($0, service: service, outbox: outbox)) }
    }

    /// Runs `body` in one read-only transaction: all its reads see one state.
    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> Result
    ) async throws -> Result {
        let (service, outbox) = (service, outbox)
        return try await store.read { try body(Transaction($0, service: service, outbox: outbox)) }
    }

    /// Handles an event once, however often it arrives: the inbox row commits together with what `body` writes.
    ///
    /// - Parameters:
    ///   - id: the event's id.
    ///   - handler: who handles it; each handler of a service has its own memory.
    /// - Returns: `false` where the handler has handled the event before; `body` did not run then.
    @discardableResult
    public func handle(
        _ id: EventID, as handler: String, _ body: @escaping @Sendable (Transaction) throws -> Void
    ) async throws -> Bool {
        let (service, outbox) = (service, outbox)
        let stream = StreamName(fleet: FleetName(unchecked: "handler"), service: ServiceName(unchecked: service))
        return try await store.write { transaction in
            let inbox = try Inbox(
                number: Inbox.begin("handler/\(handler)", in: stream, identity: "", after: .start, transaction).number)
            guard try inbox.accept(id, at: .start, transaction) else { return false }
            try body(Transaction(transaction, service: service, outbox: outbox))
            return true
        }
    }

    /// Lets go of the store, after the work at hand.
    public func close() async {
        await store.close()
    }
}
