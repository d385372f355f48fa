import FleetCore
public import SagaModel
public import Stores
import Synchronization

/// What comes to sagas from outside: it is in the journal, durably, before anybody acts on it.
public enum SagaMessage: Sendable, Hashable, Codable {
    /// Starts one.
    /// - Parameter trace: the `traceparent` that it belongs to.
    case start(saga: String, id: String, data: String, trace: String? = nil)
    /// An event, which may start sagas, answer requests, and be waited for.
    /// - Parameter trace: the event's `traceparent`, to which a saga belongs that it starts.
    case event(SagaEventName, id: String, payload: String, trace: String? = nil)
    case cancel(saga: String, reason: String)
    case decide(saga: String, step: SagaStepID, option: String, by: String)
    case retry(saga: String, step: SagaStepID)
    case skip(saga: String, step: SagaStepID, reason: String)
    case resolveDone(saga: String, step: SagaStepID, reply: String, reason: String)
    case resolveNotDone(saga: String, step: SagaStepID, reason: String)
}

/// Ids by which the messages of one process stay in order.
private enum MessageOrder {
    private static let last = Mutex<Int64>(0)

    static func next() -> String {
        let time = last.withLock { last in
            last = max(last + 1, Timestamp.now().microseconds)
            return last
        }
        let digits = String(time)
        return String(repeating: "0", count: max(0, 19 - digits.count)) + digits + "-" + EventID.make().description
    }
}

extension SagaJournal {
    /// Leaves a message for whoever carries out the sagas.
    /// - Returns: the message's id, until it was acted on.
    @discardableResult
    public func post(_ message: SagaMessage, in transaction: any StoreTransaction) throws -> String {
        let id = MessageOrder.next()
        try transaction.prepare("INSERT INTO flotilla_saga_messages (id, runner, message) VALUES ($1, $2, $3)")
            .submit([.text(id), .text(runner), .text(try Self.text(message))])
        return id
    }

    /// The oldest messages.
    public func messages(limit: Int, in transaction: any StoreTransaction) throws -> [(id: String, message: String)] {
        try transaction.rows(
            "SELECT id, message FROM flotilla_saga_messages WHERE runner = $1 ORDER BY id LIMIT $2",
            [.text(runner), .integer(Int64(limit))]
        ).map { ($0[0].text ?? "", $0[1].text ?? "") }
    }

    public func removeMessages(_ ids: [String], in transaction: any StoreTransaction) throws {
        _ = try transaction.prepare("DELETE FROM flotilla_saga_messages WHERE id = $1").runEach(ids.map { [.text($0)] })
    }

    /// Whether a message is still there.
    public func isWaiting(_ message: String, in transaction: any StoreTransaction) throws -> Bool {
        try transaction.firstRow("SELECT 1 FROM flotilla_saga_messages WHERE id = $1", [.text(message)]) != nil
    }

    // MARK: Events that are waited for

    public struct Wait: Sendable, Hashable {
        public var event: SagaEventName
        public var field: String
        public var value: String
    }

    /// An event that came before anybody waited for it, or that several wait for.
    public struct SeenEvent: Sendable, Hashable {
        public var id: String
        public var payload: String
    }

    func add(_ waits: [Wait], of saga: String, in transaction: any StoreTransaction) throws {
        _ = try transaction.prepare(
            """
            INSERT INTO flotilla_saga_waits (event, field, value, saga) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
            """
        ).runEach(waits.map { [.text("\($0.event)"), .text($0.field), .text($0.value), .text(saga)] })
    }

    func removeWaits(of saga: String, in transaction: any StoreTransaction) throws {
        try transaction.run("DELETE FROM flotilla_saga_waits WHERE saga = $1", [.text(saga)])
    }

    func waiting(for wait: Wait, in transaction: any StoreTransaction) throws -> [String] {
        try transaction.rows(
            "SELECT saga FROM flotilla_saga_waits WHERE event = $1 AND field = $2 AND value = $3 ORDER BY saga",
            [.text("\(wait.event)"), .text(wait.field), .text(wait.value)]
        ).compactMap { $0[0].text }
    }

    /// Keeps an event for those that begin to wait for it later.
    func remember(
        _ wait: Wait, id: String, payload: String, at now: Timestamp, in transaction: any StoreTransaction
    ) throws {
        try transaction.run(
            """
            INSERT INTO flotilla_saga_events (event, field, value, id, payload, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT DO NOTHING
            """,
            [
                .text("\(wait.event)"), .text(wait.field), .text(wait.value), .text(id), .text(payload),
                .integer(now.microseconds),
            ])
    }

    func seen(_ wait: Wait, in transaction: any StoreTransaction) throws -> [SeenEvent] {
        try transaction.rows(
            """
            SELECT id, payload FROM flotilla_saga_events WHERE event = $1 AND field = $2 AND value = $3
            ORDER BY seen_at, id
            """, [.text("\(wait.event)"), .text(wait.field), .text(wait.value)]
        ).map { SeenEvent(id: $0[0].text ?? "", payload: $0[1].text ?? "") }
    }

    // MARK: Strays

    /// The most that are kept; older ones make room.
    static let strayLimit = 1_000

    /// Notes something that matched no saga.
    func note(_ stray: String, at now: Timestamp, in transaction: any StoreTransaction) throws {
        try transaction.run(
            "INSERT INTO flotilla_saga_strays (id, at, note) VALUES ($1, $2, $3)",
            [.text(EventID.make().description), .integer(now.microseconds), .text(stray)])
    }

    /// The youngest first.
    public func strays(limit: Int, in transaction: any StoreTransaction) throws -> [SagaStray] {
        try transaction.rows(
            "SELECT at, note FROM flotilla_saga_strays ORDER BY id DESC LIMIT $1", [.integer(Int64(limit))]
        ).map { SagaStray(at: Timestamp(microseconds: $0[0].integer ?? 0), note: $0[1].text ?? "") }
    }
}
