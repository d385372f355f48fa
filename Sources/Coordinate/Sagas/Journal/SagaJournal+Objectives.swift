public import FleetCore
public import Stores

/// What objectives are measured by. Each is one look at an index.
extension SagaJournal {
    /// The runner's sagas that ended within a time, in the order of their ends.
    /// - Parameter moment: they ended after it.
    public func ended(
        after moment: Timestamp, until end: Timestamp, limit: Int, in transaction: any StoreTransaction
    ) throws -> [SagaSummary] {
        try transaction.rows(
            """
            SELECT id, saga, status, started_at, ended_at FROM flotilla_sagas
            WHERE ended_at > $1 AND ended_at <= $2 AND runner = $3 ORDER BY ended_at, id LIMIT $4
            """,
            [
                .integer(moment.microseconds), .integer(end.microseconds), .text(runner), .integer(Int64(limit)),
            ]
        ).compactMap { row in
            row[2].text.flatMap(SagaStatus.init(rawValue:)).map { status in
                SagaSummary(
                    id: row[0].text ?? "", saga: row[1].text ?? "", status: status,
                    startedAt: Timestamp(microseconds: row[3].integer ?? 0),
                    endedAt: row[4].integer.map { Timestamp(microseconds: $0) })
            }
        }
    }

    /// How many of the runner's sagas were started before a moment and have not ended.
    public func openCount(
        of saga: String, startedBefore moment: Timestamp, in transaction: any StoreTransaction
    ) throws -> Int {
        let row = try transaction.firstRow(
            """
            SELECT count(*) FROM flotilla_sagas
            WHERE runner = $1 AND ended_at IS NULL AND saga = $2 AND started_at < $3
            """, [.text(runner), .text(saga), .integer(moment.microseconds)])
        return Int(row?[0].integer ?? 0)
    }

    /// How many of the runner's sagas wait for an operator.
    public func parkedCount(of saga: String, in transaction: any StoreTransaction) throws -> Int {
        let row = try transaction.firstRow(
            """
            SELECT count(*) FROM flotilla_sagas
            WHERE runner = $1 AND ended_at IS NULL AND saga = $2 AND status = $3
            """, [.text(runner), .text(saga), .text(SagaStatus.parked.rawValue)])
        return Int(row?[0].integer ?? 0)
    }
}
