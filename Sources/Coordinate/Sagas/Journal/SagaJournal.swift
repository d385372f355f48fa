public import FleetCore
import Foundation
public import SagaModel
public import Stores

/// The journal of sagas, in a store. All calls are part of the caller's transaction: so that an entry commits with a business
/// row and an outgoing command, and the entries of many sagas in one commit.
///
/// Sagas belong to a *runner*, which one process at a time owns (``SagaHold``). Whoever takes a runner over has a higher epoch;
/// transactions of an earlier owner are refused.
public struct SagaJournal: Sendable {
    /// Whose sagas are meant.
    public let runner: String

    public init(runner: String) {
        self.runner = runner
    }

    // MARK: Definitions

    /// The version of a definition: a new one where no saga was started with it yet.
    public func version(of definition: SagaDefinition, in transaction: any StoreTransaction) throws -> Int64 {
        let text = try Self.text(definition)
        let name = SQLValue.text(definition.name.text)
        let known = try transaction.firstRow(
            "SELECT version FROM flotilla_saga_definitions WHERE saga = $1 AND definition = $2", [name, .text(text)])
        if let version = known?[0].integer { return version }
        let last = try transaction.firstRow(
            "SELECT max(version) FROM flotilla_saga_definitions WHERE saga = $1", [name])
        let version = (last?[0].integer ?? 0) + 1
        try transaction.run(
            "INSERT INTO flotilla_saga_definitions (saga, version, definition) VALUES ($1, $2, $3)",
            [name, .integer(version), .text(text)])
        return version
    }

    /// - Throws: `missing` where there is no such version, `corrupt` where it cannot be read.
    public func definition(
        of saga: SagaName, version: Int64, in transaction: any StoreTransaction
    ) throws -> SagaDefinition {
        let row = try transaction.firstRow(
            "SELECT definition FROM flotilla_saga_definitions WHERE saga = $1 AND version = $2",
            [.text(saga.text), .integer(version)])
        guard let text = row?[0].text else {
            throw FleetError(.missing, "version \(version) of the saga \(saga) is not in the journal")
        }
        return try Self.value(SagaDefinition.self, of: text, "version \(version) of the saga \(saga)")
    }

    /// The definitions of sagas that have not ended.
    public func definitionsInUse(in transaction: any StoreTransaction) throws -> [SagaDefinition] {
        try transaction.rows(
            """
            SELECT DISTINCT s.saga, s.version FROM flotilla_sagas AS s WHERE s.runner = $1 AND s.ended_at IS NULL
            """, [.text(runner)]
        ).map { row in
            try definition(
                of: SagaName(unchecked: row[0].text ?? ""), version: row[1].integer ?? 0, in: transaction)
        }
    }

    // MARK: Entries

    /// Writes entries: the first of a saga where its revision is 0, else the next.
    /// - Returns: of each whether it was written; of one that was not, another process has gone on with the saga, or begun
    ///   it.
    public func write(_ entries: [SagaEntry], in transaction: any StoreTransaction) throws -> [Bool] {
        var written = [Bool](repeating: false, count: entries.count)
        func write(_ chosen: [Int], _ sql: String, _ parameters: (SagaEntry) throws -> [SQLValue]) throws {
            if chosen.isEmpty { return }
            let counts = try transaction.prepare(sql).runEach(try chosen.map { try parameters(entries[$0]) })
            for (index, count) in zip(chosen, counts) { written[index] = count == 1 }
        }
        try write(
            entries.indices.filter { entries[$0].revision == 0 },
            """
            INSERT INTO flotilla_sagas
                (id, runner, saga, version, status, state, orders, revision, wake_at, started_at, ended_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10) ON CONFLICT (id) DO NOTHING
            """
        ) { entry in
            [
                .text(entry.state.id), .text(runner), .text(entry.state.saga.text), .integer(entry.version),
                .text(SagaStatus(entry.state).rawValue), .text(try entry.state.json()), Self.orders(entry),
                Self.wakeAt(entry.state), .integer(entry.state.startedAt.microseconds), Self.endedAt(entry.state),
            ]
        }
        try write(
            entries.indices.filter { entries[$0].revision > 0 },
            """
            UPDATE flotilla_sagas
            SET state = $1, status = $2, orders = $3, wake_at = $4, ended_at = $5, revision = revision + 1
            WHERE id = $6 AND revision = $7
            """
        ) { entry in
            [
                .text(try entry.state.json()), .text(SagaStatus(entry.state).rawValue), Self.orders(entry),
                Self.wakeAt(entry.state), Self.endedAt(entry.state), .text(entry.state.id), .integer(entry.revision),
            ]
        }
        return written
    }

    /// The last entry of a saga; `nil` where there is none.
    public func entry(_ id: String, in transaction: any StoreTransaction) throws -> SagaEntry? {
        try transaction.firstRow(
            "SELECT state, version, revision, orders FROM flotilla_sagas WHERE id = $1", [.text(id)]
        ).map { row in
            SagaEntry(
                state: try Self.value(SagaState.self, of: row[0].text ?? "", "the saga \(id)"),
                version: row[1].integer ?? 0, revision: row[2].integer ?? 0,
                orders: try row[3].text.map { try Self.value(Set<SagaTicket>.self, of: $0, "the saga \(id)") } ?? [])
        }
    }

    /// Sagas whose time has come, those first that have waited longest.
    public func due(at now: Timestamp, limit: Int, in transaction: any StoreTransaction) throws -> [String] {
        try transaction.rows(
            "SELECT id FROM flotilla_sagas WHERE runner = $1 AND wake_at <= $2 ORDER BY wake_at LIMIT $3",
            [.text(runner), .integer(now.microseconds), .integer(Int64(limit))]
        ).compactMap { $0[0].text }
    }

    /// When the next saga's time comes; `nil` where none waits for a time.
    public func nextDue(in transaction: any StoreTransaction) throws -> Timestamp? {
        try transaction.firstRow(
            "SELECT min(wake_at) FROM flotilla_sagas WHERE runner = $1 AND wake_at IS NOT NULL", [.text(runner)])?[0]
            .integer.map { Timestamp(microseconds: $0) }
    }

    /// Sagas with ``SagaEntry/orders``, after one of them by name.
    public func withOrders(after id: String, limit: Int, in transaction: any StoreTransaction) throws -> [String] {
        try transaction.rows(
            """
            SELECT id FROM flotilla_sagas WHERE runner = $1 AND ended_at IS NULL AND orders IS NOT NULL AND id > $2
            ORDER BY id LIMIT $3
            """,
            [.text(runner), .text(id), .integer(Int64(limit))]
        ).compactMap { $0[0].text }
    }

    /// Sagas that have not ended, after one of them by name.
    func open(after id: String, limit: Int, in transaction: any StoreTransaction) throws -> [String] {
        try transaction.rows(
            "SELECT id FROM flotilla_sagas WHERE runner = $1 AND ended_at IS NULL AND id > $2 ORDER BY id LIMIT $3",
            [.text(runner), .text(id), .integer(Int64(limit))]
        ).compactMap { $0[0].text }
    }

    // MARK: Texts

    private static func endedAt(_ state: SagaState) -> SQLValue {
        if case .ended(_, let time) = state.phase { .integer(time.microseconds) } else { .null }
    }

    private static func wakeAt(_ state: SagaState) -> SQLValue {
        state.wakeAt.map { .integer($0.microseconds) } ?? .null
    }

    private static func orders(_ entry: SagaEntry) -> SQLValue {
        entry.orders.isEmpty ? .null : .text(entry.orders.json)
    }

    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        // The same value is the same text: by that a definition is found again.
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func value<Value: Decodable>(_ type: Value.Type, of text: String, _ subject: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw FleetError(
                .corrupt, "\(subject) cannot be read in the journal", remedy: "restore the journal from a backup",
                underlying: "\(error)")
        }
    }
}
