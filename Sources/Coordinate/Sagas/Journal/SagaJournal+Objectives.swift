public import FleetCore
public import Stores

/// What objectives are measured by. Each is one look at an index.
extension SagaJournal {
    /// How many of the runner's sagas ended within a time.
    /// - Parameters:
    ///   - moment: they ended after it.
    ///   - limit: what took longer is slow; `nil` where nothing is.
    public func ended(
        _ saga: String, after moment: Timestamp, until end: Timestamp, slowerThan limit: Duration?,
        in transaction: any StoreTransaction
    ) throws -> (total: Int64, slow: Int64) {
        let row = try transaction.firstRow(
            """
            SELECT count(*), count(CASE WHEN ended_at - started_at > $5 THEN 1 END) FROM flotilla_sagas
            WHERE ended_at > $1 AND ended_at <= $2 AND runner = $3 AND saga = $4
            """,
            [
                .integer(moment.microseconds), .integer(end.microseconds), .text(runner), .text(saga),
                .integer(limit?.wholeMicroseconds ?? .max),
            ])
        return (row?[0].integer ?? 0, row?[1].integer ?? 0)
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
