public import FleetCore
public import FlowModel
import Foundation
public import Stores

/// The journal of one flow's runs, in a store. All calls are part of the caller's transaction, so that a run commits with the
/// cursor of the stream that moved it.
public struct FlowJournal: Sendable {
    public let flow: FlowName

    public init(_ flow: FlowName) {
        self.flow = flow
    }

    private var name: SQLValue { .text(flow.text) }

    // MARK: The definition

    /// The definition as it was applied last, and since when the flow is watched; `nil` where it never was.
    public func watch(
        in transaction: any StoreTransaction
    ) throws -> (definition: String, since: Timestamp)? {
        try transaction.firstRow(
            "SELECT definition, watched_since FROM flotilla_flow_definitions WHERE flow = $1", [name]
        ).map { ($0[0].text ?? "", Timestamp(microseconds: $0[1].integer ?? 0)) }
    }

    /// Notes a definition. Runs that are open are judged by it at the next look.
    public func setDefinition(_ definition: FlowDefinition, at now: Timestamp, in transaction: any StoreTransaction)
        throws
    {
        let text = try Self.text(definition)
        if try watch(in: transaction) == nil {
            try transaction.run(
                "INSERT INTO flotilla_flow_definitions (flow, definition, watched_since) VALUES ($1, $2, $3)",
                [name, .text(text), .integer(now.microseconds)])
        } else {
            try transaction.run(
                "UPDATE flotilla_flow_definitions SET definition = $1 WHERE flow = $2", [.text(text), name])
            try transaction.run(
                "UPDATE flotilla_flows SET due = 0 WHERE flow = $1 AND status IN ('unstarted', 'running', 'stuck')",
                [name])
        }
    }

    /// Forgets the flow and all its runs.
    public func removeAll(in transaction: any StoreTransaction) throws {
        try transaction.run("DELETE FROM flotilla_flows WHERE flow = $1", [name])
        try transaction.run("DELETE FROM flotilla_flow_definitions WHERE flow = $1", [name])
    }

    /// The flows that the journal knows.
    public static func known(in transaction: any StoreTransaction) throws -> [String] {
        try transaction.rows("SELECT flow FROM flotilla_flow_definitions ORDER BY flow").compactMap { $0[0].text }
    }

    // MARK: Runs

    public func state(of key: String, in transaction: any StoreTransaction) throws -> FlowState? {
        try transaction.firstRow(
            "SELECT state FROM flotilla_flows WHERE flow = $1 AND flow_key = $2", [name, .text(key)]
        ).map { try state(of: key, from: $0[0].text ?? "") }
    }

    public func save(_ state: FlowState, in transaction: any StoreTransaction) throws {
        try transaction.run(
            """
            INSERT INTO flotilla_flows
                (flow, flow_key, status, is_out_of_order, is_late, state, changed_at, due)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (flow, flow_key) DO UPDATE SET status = excluded.status,
                is_out_of_order = excluded.is_out_of_order, is_late = excluded.is_late, state = excluded.state,
                changed_at = excluded.changed_at, due = excluded.due
            """,
            [
                name, .text(state.key), .text(state.status.rawValue), .integer(state.isOutOfOrder ? 1 : 0),
                .integer(state.isLate ? 1 : 0), .text(try Self.text(state)), .integer(state.changedAt.microseconds),
                state.due.map { .integer($0.microseconds) } ?? .null,
            ])
    }

    /// - Returns: whether there was one.
    @discardableResult
    public func remove(_ key: String, in transaction: any StoreTransaction) throws -> Bool {
        try transaction.run(
            "DELETE FROM flotilla_flows WHERE flow = $1 AND flow_key = $2", [name, .text(key)]) == 1
    }

    /// Runs that are to be looked at by a time, those first that are due first.
    func due(by time: Timestamp, limit: Int, in transaction: any StoreTransaction) throws -> [FlowState] {
        try transaction.rows(
            """
            SELECT flow_key, state FROM flotilla_flows WHERE flow = $1 AND due IS NOT NULL AND due <= $2
            ORDER BY due LIMIT $3
            """, [name, .integer(time.microseconds), .integer(Int64(limit))]
        ).map { try state(of: $0[0].text ?? "", from: $0[1].text ?? "") }
    }

    /// When the next run is to be looked at; `nil` where none is.
    func nextDue(in transaction: any StoreTransaction) throws -> Timestamp? {
        try transaction.firstRow(
            "SELECT min(due) FROM flotilla_flows WHERE flow = $1 AND due IS NOT NULL", [name])?[0].integer
            .map { Timestamp(microseconds: $0) }
    }

    // MARK: Texts

    /// A definition as the journal compares it.
    public static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        // The same value is the same text: by that a definition is found again.
        encoder.outputFormatting = .sortedKeys
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    func state(of key: String, from text: String) throws -> FlowState {
        do {
            return try JSONDecoder().decode(FlowState.self, from: Data(text.utf8))
        } catch {
            throw FleetError(
                .corrupt, "flow \(flow) of key \(key) cannot be read in the journal",
                remedy: "restore the fleet's state from a backup, or `flotilla flows forget \(flow) KEY`",
                underlying: "\(error)")
        }
    }
}
