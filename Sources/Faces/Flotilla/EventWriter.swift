import FleetCore
import Stores

/// Writes an event where its service's capture finds it.
struct EventWriter: Sendable {
    /// Whose events they are.
    let service: String
    /// The outbox table as SQL takes it; `nil` where events are messages in the server's log.
    let table: String?

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
    }
}
