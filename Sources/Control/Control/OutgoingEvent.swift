import FleetCore
import FleetFile
import Stores

/// An event that Flotilla itself writes to a service's outbox, in a transaction of the service's store.
struct OutgoingEvent: Sendable, Hashable {
    var id: EventID
    var type: String
    var key: String
    var aggregateType: String
    /// JSON.
    var payload: String
    /// Its place in a trace.
    var traceParent: String?

    /// Writes it where the service's own events are captured from: the outbox table, or the store's log.
    func write(to service: ServiceDefinition, in transaction: any StoreTransaction) throws {
        var values: [SQLValue] = [
            .text(id.description), .text(aggregateType), .text(key), .text(type), .text(payload),
        ]
        if let traceParent { values.append(.text(traceParent)) }
        if service.outbox.capture == .message {
            _ = try transaction.firstRow(
                """
                SELECT pg_logical_emit_message(true, 'flotilla', jsonb_build_object('id', $1::text,
                    'aggregatetype', $2::text, 'aggregateid', $3::text, 'type', $4::text, 'payload', $5::jsonb
                    \(traceParent == nil ? "" : ", 'traceparent', $6::text"))::text)
                """, values)
            return
        }
        let table = service.outbox.table.text
        // On a server, a dot stands between schema and table.
        let quoted = service.store.isSQLite ? "\"\(table)\"" : "\"\(table.replacing(".", with: "\".\""))\""
        var columns = ["id", "aggregatetype", "aggregateid", "type", "payload"]
        if traceParent != nil {
            // A table of the service's own need not have the column.
            if try Self.hasTraceColumn(service, table, quoted, in: transaction) {
                columns.append("traceparent")
            } else {
                values.removeLast()
            }
        }
        let places = values.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        _ = try transaction.run(
            "INSERT INTO \(quoted) (\(columns.joined(separator: ", "))) VALUES (\(places))", values)
    }

    private static func hasTraceColumn(
        _ service: ServiceDefinition, _ table: String, _ quoted: String, in transaction: any StoreTransaction
    ) throws -> Bool {
        let row =
            service.store.isSQLite
            ? try transaction.firstRow(
                "SELECT 1 FROM pragma_table_info($1) WHERE name = 'traceparent'", [.text(table)])
            : try transaction.firstRow(
                "SELECT 1 FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = 'traceparent'"
                    + " AND NOT attisdropped", [.text(quoted)])
        return row != nil
    }
}
