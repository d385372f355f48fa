public import FleetCore
import Foundation
public import SagaModel
public import Stores

/// The journal of sagas, in a store. All calls are part of the caller's transaction: so that an entry commits with a business
/// row and an outgoing command, and the entries of many sagas in one commit.
///
/// A saga has one owner at a time, for as long as its lease. Whoever takes it over then has a higher epoch; what an earlier
/// owner still writes is refused, and refused by the revision too where it stands on an older entry.
public struct SagaJournal: Sendable {
    /// Of this process, for people.
    public let owner: String

    public init(owner: String) {
        self.owner = owner
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

    // MARK: Entries

    /// Writes the first entry of a saga, which this process owns.
    /// - Returns: `nil` where there is a saga of this id: it was started before.
    public func begin(
        _ state: SagaState, version: Int64, leaseUntil: Timestamp, in transaction: any StoreTransaction
    ) throws -> SagaEntry? {
        let inserted = try transaction.run(
            """
            INSERT INTO flotilla_sagas
                (id, saga, version, status, state, revision, epoch, owner, lease_until, started_at, ended_at)
            VALUES ($1, $2, $3, $4, $5, 1, 1, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING
            """,
            [
                .text(state.id), .text(state.saga.text), .integer(version), .text(SagaStatus(state).rawValue),
                .text(try Self.text(state)), .text(owner), .integer(leaseUntil.microseconds),
                .integer(state.startedAt.microseconds), Self.endedAt(state),
            ])
        return inserted == 1 ? SagaEntry(state: state, version: version, revision: 1, epoch: 1) : nil
    }

    /// Writes the next entry of each of some sagas.
    /// - Returns: of each whether it was written; of one that was not, another process is the owner: leave it alone.
    public func write(_ entries: [SagaEntry], in transaction: any StoreTransaction) throws -> [Bool] {
        let statement = try transaction.prepare(
            """
            UPDATE flotilla_sagas SET state = $1, status = $2, ended_at = $3, revision = revision + 1
            WHERE id = $4 AND revision = $5 AND epoch = $6
            """)
        return try statement.runEach(
            try entries.map { entry in
                [
                    .text(try Self.text(entry.state)), .text(SagaStatus(entry.state).rawValue),
                    Self.endedAt(entry.state), .text(entry.state.id), .integer(entry.revision), .integer(entry.epoch),
                ]
            }
        ).map { $0 == 1 }
    }

    /// The last entry of a saga; `nil` where there is none.
    public func entry(_ id: String, in transaction: any StoreTransaction) throws -> SagaEntry? {
        try entries("WHERE id = $1", [.text(id)], in: transaction).first
    }

    private func entries(
        _ condition: String, _ parameters: [SQLValue], in transaction: any StoreTransaction
    ) throws -> [SagaEntry] {
        try transaction.rows(
            "SELECT id, state, version, revision, epoch FROM flotilla_sagas \(condition)", parameters
        ).map { row in
            let state = try Self.value(SagaState.self, of: row[1].text ?? "", "the saga \(row[0].text ?? "")")
            return SagaEntry(
                state: state, version: row[2].integer ?? 0, revision: row[3].integer ?? 0, epoch: row[4].integer ?? 0)
        }
    }

    // MARK: Owners

    /// Takes sagas whose leases have expired, those first that expired first.
    public func takeOver(
        limit: Int, until: Timestamp, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> [SagaEntry] {
        let ids = try transaction.rows(
            """
            SELECT id FROM flotilla_sagas WHERE ended_at IS NULL AND lease_until <= $1 ORDER BY lease_until, id LIMIT $2
            """, [.integer(now.microseconds), .integer(Int64(limit))]
        ).compactMap { $0[0].text }
        let taken = try transaction.prepare(
            """
            UPDATE flotilla_sagas SET epoch = epoch + 1, owner = $1, lease_until = $2
            WHERE id = $3 AND ended_at IS NULL AND lease_until <= $4
            """
        ).runEach(ids.map { [.text(owner), .integer(until.microseconds), .text($0), .integer(now.microseconds)] })
        return try zip(ids, taken).compactMap { id, count in
            count == 1 ? try entry(id, in: transaction) : nil
        }
    }

    /// Holds on to the sagas of this process, or, with a moment that is past, lets go of them.
    /// - Returns: how many they are.
    public func renew(until: Timestamp, in transaction: any StoreTransaction) throws -> Int {
        try transaction.run(
            "UPDATE flotilla_sagas SET lease_until = $1 WHERE owner = $2 AND ended_at IS NULL",
            [.integer(until.microseconds), .text(owner)])
    }

    // MARK: Looking

    /// Sagas, the youngest first.
    public func list(
        status: SagaStatus? = nil, limit: Int, in transaction: any StoreTransaction
    ) throws -> [SagaSummary] {
        let (condition, last) = status == nil ? ("", "$1") : ("WHERE status = $1", "$2")
        return try transaction.rows(
            """
            SELECT id, saga, status, started_at, ended_at FROM flotilla_sagas \(condition)
            ORDER BY started_at DESC, id LIMIT \(last)
            """, (status.map { [.text($0.rawValue)] } ?? []) + [.integer(Int64(limit))]
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

    /// Removes sagas that ended before a moment, at most `limit`.
    /// - Returns: how many were removed.
    public func prune(endedBefore moment: Timestamp, limit: Int, in transaction: any StoreTransaction) throws -> Int {
        try transaction.run(
            """
            DELETE FROM flotilla_sagas WHERE id IN (
                SELECT id FROM flotilla_sagas WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)
            """, [.integer(moment.microseconds), .integer(Int64(limit))])
    }

    // MARK: Texts

    private static func endedAt(_ state: SagaState) -> SQLValue {
        if case .ended(_, let time) = state.phase { .integer(time.microseconds) } else { .null }
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        // The same value is the same text: by that a definition is found again.
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func value<Value: Decodable>(_ type: Value.Type, of text: String, _ subject: String) throws -> Value
    {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw FleetError(
                .corrupt, "\(subject) cannot be read in the journal", remedy: "restore the fleet's state from a backup",
                underlying: "\(error)")
        }
    }
}
