public import FleetCore
import Inbox
public import Metrics
import Stores

/// A service's own store, opened by the service itself: business rows and events in one transaction, and handlers that
/// have one effect per event.
///
/// `flotilla apply` must have set the store up. Work runs on threads of the store's own: one closure at a time in SQLite, up
/// to four in PostgreSQL.
public final class ServiceStore: Sendable {
    /// The service's name, as the fleet file has it.
    public let service: String
    private let store: any Store
    let events: EventWriter
    let connector: StoreConnector

    /// Opens a service's store.
    ///
    /// - Parameters:
    ///   - url: as in the fleet file: `sqlite:PATH`, relative to the working directory; or `postgres://…` with all that
    ///     libpq knows, where the package was built with its trait `Postgres`.
    ///   - service: the service's name in the fleet file.
    ///   - schema: the schema of a PostgreSQL database that is the service's store, as in the fleet file; where there is
    ///     none, the one that role and database say: `public`, as a rule.
    ///   - outbox: the outbox table.
    ///   - capture: as in the fleet file. With `message` there is no outbox table: events are messages in the server's log.
    ///   - metrics: where it tells how many events were published; the back end that `MetricsSystem` was bootstrapped with by
    ///     default.
    /// - Throws: `FleetError` with code `missing`, `notApplied`, `corrupt`, `readOnly`, `denied`, `unavailable` or
    ///   `invalidInput`; each names the store and the cure.
    public static func open(
        _ url: String, service: String, schema: String? = nil, outbox: String = "outbox", capture: CaptureMode = .poll,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) async throws -> ServiceStore {
        let name = try ServiceName(service)
        let table = try TableName(outbox)
        let connector = try StoreConnector(url, schema: schema)
        if connector.isSQLite, capture != .poll {
            throw FleetError(
                .invalidInput, "a SQLite store has no capture mode \(capture.rawValue)",
                remedy: "use poll: log and message read PostgreSQL's log")
        }
        let store = try connector.store(of: name)
        do {
            let query = connector.setUpQuery
            guard try await store.read({ try $0.firstRow(query) }) != nil else {
                throw FleetError(.notApplied, "\(store.name) is not set up yet", remedy: "run `flotilla apply` first")
            }
        } catch {
            await store.close()
            throw error
        }
        let events = EventWriter(
            service: service, table: capture == .message ? nil : connector.quoted(table), metrics: metrics)
        return ServiceStore(service: service, store: store, events: events, connector: connector)
    }

    private init(service: String, store: any Store, events: EventWriter, connector: StoreConnector) {
        self.connector = connector
        self.service = service
        self.store = store
        self.events = events
    }

    /// Runs `body` in one transaction: what it writes and what it publishes commits durably when it returns, and leaves
    /// no trace when it throws.
    ///
    /// Transactions in PostgreSQL are serializable. Where another was in the way, what `body` did is undone and it runs
    /// again, a few times: it should do nothing but work on the store.
    public func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> Result
    ) async throws -> Result {
        let events = events
        let (result, count) = try await store.write { transaction in
            let count = WrittenCount()
            let result = try body(Transaction(transaction, events: events.counting(in: count)))
            return (result, count.value)
        }
        events.tell(committed: count)
        return result
    }

    /// Runs `body` in one read-only transaction: all its reads see one state.
    public func read<Result: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> Result
    ) async throws -> Result {
        let events = events
        return try await store.read { try body(Transaction($0, events: events)) }
    }

    /// Handles an event once, however often it arrives: the inbox row commits together with what `body` writes.
    ///
    /// - Parameters:
    ///   - id: the event's id.
    ///   - handler: who handles it; each handler of a service has its own memory.
    ///   - body: what is done on the event, in the same transaction.
    /// - Returns: `false` where the handler has handled the event before; `body` did not run then.
    @discardableResult
    public func handle(
        _ id: EventID, as handler: String, _ body: @escaping @Sendable (Transaction) throws -> Void
    ) async throws -> Bool {
        let events = events
        let stream = StreamName(fleet: FleetName(unchecked: "handler"), service: ServiceName(unchecked: service))
        let (isNew, count) = try await store.write { transaction in
            let inbox = try Inbox(
                number: Inbox.begin("handler/\(handler)", in: stream, identity: "", after: .start, transaction).number)
            guard try inbox.accept(id, at: .start, transaction) else { return (false, 0) }
            let count = WrittenCount()
            try body(Transaction(transaction, events: events.counting(in: count)))
            return (true, count.value)
        }
        events.tell(committed: count)
        return isNew
    }

    /// Lets go of the store, after the work at hand.
    public func close() async {
        await store.close()
    }
}
