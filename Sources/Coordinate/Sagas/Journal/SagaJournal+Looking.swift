public import FleetCore
public import SagaModel
public import Stores

/// Sagas as people ask for them, and the end of what nobody asks for any more.
extension SagaJournal {
    /// Sagas of all runners, the youngest first.
    /// - Parameter before: only those that were started before; for the next page.
    public func list(
        saga: String? = nil, status: SagaStatus? = nil, before: Timestamp? = nil, limit: Int,
        in transaction: any StoreTransaction
    ) throws -> [SagaSummary] {
        var conditions: [String] = []
        var parameters: [SQLValue] = []
        func add(_ condition: String, _ value: SQLValue) {
            parameters.append(value)
            conditions.append("\(condition) $\(parameters.count)")
        }
        if let saga { add("saga =", .text(saga)) }
        if let status { add("status =", .text(status.rawValue)) }
        if let before { add("started_at <", .integer(before.microseconds)) }
        parameters.append(.integer(Int64(limit)))
        return try transaction.rows(
            """
            SELECT id, saga, status, started_at, ended_at FROM flotilla_sagas
            \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
            ORDER BY started_at DESC, id LIMIT $\(parameters.count)
            """, parameters
        ).map { row in
            guard let status = row[2].text.flatMap(SagaStatus.init(rawValue:)) else {
                throw FleetError(.corrupt, "the saga \(row[0].text ?? "") has an unknown status in the journal")
            }
            return SagaSummary(
                id: row[0].text ?? "", saga: row[1].text ?? "", status: status,
                startedAt: Timestamp(microseconds: row[3].integer ?? 0),
                endedAt: row[4].integer.map { Timestamp(microseconds: $0) })
        }
    }

    /// How many sagas of each name have each status.
    public func counts(in transaction: any StoreTransaction) throws -> [String: [SagaStatus: Int]] {
        var counts: [String: [SagaStatus: Int]] = [:]
        for row in try transaction.rows("SELECT saga, status, count(*) FROM flotilla_sagas GROUP BY saga, status") {
            guard let status = row[1].text.flatMap(SagaStatus.init(rawValue:)) else { continue }
            counts[row[0].text ?? "", default: [:]][status] = Int(row[2].integer ?? 0)
        }
        return counts
    }

    /// What of each name has not ended, of this runner.
    public func standings(in transaction: any StoreTransaction) throws -> [String: SagaStanding] {
        var standings: [String: SagaStanding] = [:]
        // By the index of those that are open: sagas that have ended cost nothing.
        for row in try transaction.rows(
            """
            SELECT saga, status, count(*), min(started_at) FROM flotilla_sagas
            WHERE runner = $1 AND ended_at IS NULL GROUP BY saga, status
            """, [.text(runner)])
        {
            guard let status = row[1].text.flatMap(SagaStatus.init(rawValue:)) else { continue }
            var standing = standings[row[0].text ?? ""] ?? SagaStanding()
            standing.open[status] = Int(row[2].integer ?? 0)
            let started = row[3].integer.map { Timestamp(microseconds: $0) }
            standing.startedFirst = [standing.startedFirst, started].compactMap(\.self).min()
            standings[row[0].text ?? ""] = standing
        }
        for (saga, standing) in standings where standing.open[.parked, default: 0] > 0 {
            let states = try transaction.rows(
                """
                SELECT state FROM flotilla_sagas WHERE status = 'parked' AND runner = $1 AND saga = $2
                ORDER BY started_at LIMIT \(SagaStanding.parkedLimit)
                """, [.text(runner), .text(saga)]
            ).compactMap { try? Self.value(SagaState.self, of: $0[0].text ?? "", "a saga \(saga)") }
            standings[saga]?.parkedFirst = states.compactMap(\.parkedSince).min()
        }
        return standings
    }

    /// How a definition differs from what the journal's sagas have begun with.
    public func change(
        to definition: SagaDefinition, in transaction: any StoreTransaction
    ) throws -> (isNew: Bool, olderOpen: Int) {
        let text = try Self.text(definition)
        let name = SQLValue.text(definition.name.text)
        let versions = try transaction.rows(
            "SELECT version, definition FROM flotilla_saga_definitions WHERE saga = $1", [name])
        let own = versions.first { $0[1].text == text }?[0].integer ?? 0
        let open = try transaction.firstRow(
            """
            SELECT count(*) FROM flotilla_sagas
            WHERE runner = $1 AND ended_at IS NULL AND saga = $2 AND version <> $3
            """, [.text(runner), name, .integer(own)])
        return (own == 0 && !versions.isEmpty, Int(open?[0].integer ?? 0))
    }

    /// Removes what is old: sagas that ended before a moment, events that nobody waited for since another, strays beyond
    /// their number.
    /// - Returns: how many sagas were removed.
    public func prune(
        endedBefore moment: Timestamp, eventsBefore: Timestamp, limit: Int, in transaction: any StoreTransaction
    ) throws -> Int {
        try transaction.run(
            "DELETE FROM flotilla_saga_events WHERE seen_at < $1", [.integer(eventsBefore.microseconds)])
        try transaction.run(
            """
            DELETE FROM flotilla_saga_strays
            WHERE id NOT IN (SELECT id FROM flotilla_saga_strays ORDER BY id DESC LIMIT \(Self.strayLimit))
            """)
        return try transaction.run(
            """
            DELETE FROM flotilla_sagas WHERE id IN (
                SELECT id FROM flotilla_sagas WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)
            """, [.integer(moment.microseconds), .integer(Int64(limit))])
    }
}
