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

    /// Writes it where the service's own events are captured from: the outbox table, or the store's log.
    func write(to service: ServiceDefinition, in transaction: any StoreTransaction) throws {
        let values: [SQLValue] = [
            .text(id.description), .text(aggregateType), .text(key), .text(type), .text(payload),
        ]
        if service.outbox.capture == .message {
            _ = try transaction.firstRow(
                """
                SELECT pg_logical_emit_message(true, 'flotilla', jsonb_build_object('id', $1::text,
                    'aggregatetype', $2::text, 'aggregateid', $3::text, 'type', $4::text, 'payload', $5::jsonb)::text)
                """, values)
            return
        }
        let table = service.outbox.table.text
        // On a server, a dot stands between schema and table.
        let quoted = service.store.isSQLite ? "\"\(table)\"" : "\"\(table.replacing(".", with: "\".\""))\""
        _ = try transaction.run(
            "INSERT INTO \(quoted) (id, aggregatetype, aggregateid, type, payload) VALUES ($1, $2, $3, $4, $5)", values)
    }
}
