public import FleetCore
import SagaModel
public import Stores

/// Statements of steps, in transactions.
enum SagaTransactions {
    /// Runs statements.
    /// - Returns: the reply: the first row that the last statement returns, as a JSON object, or `null`.
    /// - Throws: `statement` for what a constraint refuses; ``Refusal`` where a row was expected and none came.
    static func run(_ statements: SagaStatements, in transaction: any StoreTransaction) throws -> String {
        for statement in statements.statements.dropLast() { try transaction.run(statement.sql, statement.parameters) }
        guard let last = statements.statements.last else { return "null" }
        if let row = try transaction.firstRow(last.sql, last.parameters) { return object(row) }
        if statements.expectsRow { throw Refusal() }
        return "null"
    }

    /// The last statement returned no row.
    struct Refusal: Error {}

    /// What an error says of a step's effect; `nil` where it is the store's, and nobody's fault.
    static func failure(_ error: any Error) -> SagaFailure? {
        switch error {
        case is Refusal:
            SagaFailure(SagaFailureCode.rejected, "the statement returned no row", effect: .none)
        case let refusal as SagaRefusal:
            SagaFailure(SagaFailureCode.rejected, refusal.description, effect: .none)
        case let failure as SagaBadData:
            SagaFailure(SagaFailureCode.badData, failure.description, effect: .none)
        case let error as FleetError where error.code == .statement:
            SagaFailure(SagaFailureCode.rejected, error.description, effect: .none)
        case is FleetError: nil
        // Code of the program's own, whose transaction was undone.
        default: SagaFailure("error", "\(error)", effect: .none)
        }
    }

    private static func object(_ row: SQLRow) -> String {
        let members = zip(row.columns, row.values).map { "\(JSONText.quoted($0)):\(text($1))" }
        return "{\(members.joined(separator: ","))}"
    }

    private static func text(_ value: SQLValue) -> String {
        switch value {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .real(let value): value.isFinite ? String(value) : "null"
        case .text(let value): JSONText.quoted(value)
        case .bytes, .id: JSONText.quoted((value.bytes ?? []).map { byte in hexadecimal(byte) }.joined())
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}

/// Remembers in a service's own store which steps were done there, for stores that the journal is not in: a step and this
/// record commit together, so that a step that is asked for again is not done again, and a compensation undoes only what
/// was done, and keeps what comes late from being done (the *barrier* of https://dtm.pub/practice/barrier.html).
public enum SagaBarrier {
    /// Each takes the tables from one version to the next. None is ever changed, only added.
    public static let migrations = [script]
    private static let script = """
        CREATE TABLE flotilla_saga_steps (
            step TEXT PRIMARY KEY,
            reply TEXT,
            is_undone BIGINT NOT NULL,
            at BIGINT NOT NULL
        );
        CREATE INDEX flotilla_saga_steps_at ON flotilla_saga_steps (at);
        """

    static func perform(
        _ statements: SagaStatements, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> SagaAnswer {
        let step = SQLValue.text(statements.step)
        let known = try transaction.firstRow(
            "SELECT reply, is_undone FROM flotilla_saga_steps WHERE step = $1", [step])
        let isUndone = known?[1].integer == 1
        switch (statements.direction, known) {
        case (.forward, .some) where isUndone:
            // Whatever attempt came before: what it did is undone, and what it might have done was kept from happening.
            return .failed(SagaFailure(SagaFailureCode.rejected, "the step was undone before it came", effect: .never))
        case (.forward, let row?): return .replied(row[0].text ?? "null")
        case (.forward, nil):
            let reply = try SagaTransactions.run(statements, in: transaction)
            try transaction.run(
                "INSERT INTO flotilla_saga_steps (step, reply, is_undone, at) VALUES ($1, $2, 0, $3)",
                [step, .text(reply), .integer(now.microseconds)])
            return .replied(reply)
        case (.compensation, nil):
            try transaction.run(
                "INSERT INTO flotilla_saga_steps (step, reply, is_undone, at) VALUES ($1, NULL, 1, $2)",
                [step, .integer(now.microseconds)])
            return .replied("null")
        case (.compensation, .some) where isUndone: return .replied("null")
        case (.compensation, .some):
            let reply = try SagaTransactions.run(statements, in: transaction)
            try transaction.run(
                "UPDATE flotilla_saga_steps SET is_undone = 1, at = $1 WHERE step = $2",
                [.integer(now.microseconds), step])
            return .replied(reply)
        }
    }

    /// What became of a step of which an attempt was refused, and one before may be done or under way: it is done, or it never
    /// will be.
    static func settle(
        _ statements: SagaStatements, _ failure: SagaFailure, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> SagaAnswer {
        let step = SQLValue.text(statements.step)
        if let row = try transaction.firstRow(
            "SELECT reply, is_undone FROM flotilla_saga_steps WHERE step = $1", [step])
        {
            if row[1].integer != 1 { return .replied(row[0].text ?? "null") }
        } else {
            // An attempt that is still under way has this row as well, and so one of the two waits for the other, and fails.
            try transaction.run(
                "INSERT INTO flotilla_saga_steps (step, reply, is_undone, at) VALUES ($1, NULL, 1, $2)",
                [step, .integer(now.microseconds)])
        }
        var failure = failure
        failure.effect = .never
        return .failed(failure)
    }

    /// Forgets steps of long ago.
    public static func prune(before moment: Timestamp, in transaction: any StoreTransaction) throws {
        try transaction.run("DELETE FROM flotilla_saga_steps WHERE at < $1", [.integer(moment.microseconds)])
    }
}
