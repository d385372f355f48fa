import FleetCore
import Metrics
import Stores
import Synchronization

/// Writes an event where its service's capture finds it.
struct EventWriter: Sendable {
    /// Whose events they are.
    let service: String
    /// The outbox table as SQL takes it; `nil` where events are messages in the server's log.
    let table: String?
    private let columns = KnownColumns()
    private let sent: Counter
    /// Of the transaction at hand.
    private var written: WrittenCount?

    init(service: String, table: String?, metrics: any MetricsFactory) {
        self.service = service
        self.table = table
        // Which broker will carry them is for the fleet file to say: what takes them here is Flotilla's.
        sent = Counter(
            label: "messaging.client.sent.messages",
            dimensions: [
                ("messaging.system", "flotilla"), ("messaging.operation.name", "publish"), ("service", service),
            ], factory: metrics)
    }

    /// The same, with a count of what it writes.
    func counting(in count: WrittenCount) -> EventWriter {
        var writer = self
        writer.written = count
        return writer
    }

    /// Tells the service's metrics of events whose transaction is committed.
    func tell(committed count: Int) {
        if count > 0 { sent.increment(by: count) }
    }

    /// Whether there is a place for the event's place in a trace: a table of the service's own need not have the column.
    func takesTraceParents(in transaction: any StoreTransaction) throws -> Bool {
        guard let table else { return true }
        if let known = columns.hasTraceParent { return known }
        let isThere: Bool
        do {
            _ = try transaction.savepoint { try transaction.firstRow("SELECT traceparent FROM \(table) LIMIT 1") }
            isThere = true
        } catch let error as FleetError where error.code == .statement {
            isThere = false
        }
        columns.set(hasTraceParent: isThere)
        return isThere
    }

    func write(
        _ id: EventID, type: String, aggregateType: String?, key: String, payload: String, traceParent: String?,
        in transaction: any StoreTransaction
    ) throws {
        var columns = ["id", "aggregatetype", "aggregateid", "type", "payload"]
        var values = [id.description, aggregateType ?? service, key, type, payload]
        if let traceParent {
            columns.append("traceparent")
            values.append(traceParent)
        }
        let parameters = values.map { SQLValue.text($0) }
        if let table {
            let places = values.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
            try transaction.run(
                "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))", parameters)
        } else {
            let fields = columns.enumerated().map { index, column in
                "'\(column)', $\(index + 1)::\(column == "payload" ? "json" : "text")"
            }
            _ = try transaction.firstRow(
                """
                SELECT pg_logical_emit_message(true, 'flotilla', json_build_object(\(fields.joined(separator: ", ")))::text)
                """, parameters)
        }
        written?.add()
    }
}

/// How many events a transaction has written so far.
final class WrittenCount: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.add(1, ordering: .relaxed) }
}

/// What is known of an outbox table.
private final class KnownColumns: Sendable {
    private let state = Mutex<Bool?>(nil)

    var hasTraceParent: Bool? { state.withLock { $0 } }
    func set(hasTraceParent: Bool) { state.withLock { $0 = hasTraceParent } }
}
