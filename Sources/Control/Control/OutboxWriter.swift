import FleetCore
import FleetFile
import Stores

/// Writes events to a service's outbox, as the service itself would.
struct OutboxWriter: Sendable {
    private let service: ServiceDefinition

    init(_ service: ServiceDefinition) { self.service = service }

    func write(
        _ id: EventID, type: String, key: String, payload: String, in transaction: any StoreTransaction
    ) throws {
        let parameters = [id.description, service.name.text, key, type, payload].map { SQLValue.text($0) }
        if service.outbox.capture == .message {
            _ = try transaction.firstRow(
                """
                SELECT pg_logical_emit_message(true, 'flotilla', jsonb_build_object('id', $1::text,
                    'aggregatetype', $2::text, 'aggregateid', $3::text, 'type', $4::text, 'payload', $5::jsonb)::text)
                """, parameters)
            return
        }
        try transaction.run(
            "INSERT INTO \(table) (id, aggregatetype, aggregateid, type, payload) VALUES ($1, $2, $3, $4, $5)",
            parameters)
    }

    private var table: String {
        let name = service.outbox.table.text
        // On a server, a dot stands between schema and table.
        return service.store.isSQLite ? "\"\(name)\"" : "\"\(name.replacing(".", with: "\".\""))\""
    }
}
