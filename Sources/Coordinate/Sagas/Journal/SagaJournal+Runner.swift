public import FleetCore
public import Stores

/// Who carries out sagas.
extension SagaJournal {
    /// Makes this process the owner of the runner.
    /// - Parameter isForced: whether somebody else saw to it that the owner before has no right any more; else its lease is
    ///   heeded.
    /// - Throws: `busy` (retriable), naming who has it.
    public func take(
        as owner: String, until: Timestamp, isForced: Bool, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> SagaHold {
        let row = try transaction.firstRow(
            "SELECT epoch, owner, lease_until FROM flotilla_saga_runners WHERE runner = $1", [.text(runner)])
        guard let row else {
            try transaction.run(
                "INSERT INTO flotilla_saga_runners (runner, epoch, owner, lease_until) VALUES ($1, 1, $2, $3)",
                [.text(runner), .text(owner), .integer(until.microseconds)])
            return SagaHold(runner: runner, epoch: 1)
        }
        let (epoch, holder, end) = (row[0].integer ?? 0, row[1].text ?? "", row[2].integer ?? 0)
        guard isForced || holder == owner || end <= now.microseconds else {
            throw FleetError(.busy, "the sagas of \(runner) are carried out by \(holder)", isRetriable: true)
        }
        try transaction.run(
            "UPDATE flotilla_saga_runners SET epoch = $1, owner = $2, lease_until = $3 WHERE runner = $4",
            [.integer(epoch + 1), .text(owner), .integer(until.microseconds), .text(runner)])
        return SagaHold(runner: runner, epoch: epoch + 1)
    }

    /// Compares the hold, and where `until` is given holds on.
    /// - Throws: `fenced` where another has taken it since.
    public func confirm(_ hold: SagaHold, until: Timestamp? = nil, in transaction: any StoreTransaction) throws {
        let isHeld: Bool
        if let until {
            isHeld =
                try transaction.run(
                    "UPDATE flotilla_saga_runners SET lease_until = $1 WHERE runner = $2 AND epoch = $3",
                    [.integer(until.microseconds), .text(runner), .integer(hold.epoch)]) == 1
        } else {
            isHeld =
                try transaction.firstRow(
                    "SELECT 1 FROM flotilla_saga_runners WHERE runner = $1 AND epoch = $2",
                    [.text(runner), .integer(hold.epoch)]) != nil
        }
        guard isHeld else { throw FleetError(.fenced, "another process carries out the sagas of \(runner)") }
    }

    /// Lets go, so that the next need not wait for the end of the lease.
    /// - Parameter now: noted as a lease that has ended, for ``lastSign(in:)``.
    public func release(
        _ hold: SagaHold, at now: Timestamp = .now(), in transaction: any StoreTransaction
    ) throws {
        try transaction.run(
            "UPDATE flotilla_saga_runners SET lease_until = $1 WHERE runner = $2 AND epoch = $3",
            [.integer(-now.microseconds), .text(runner), .integer(hold.epoch)])
    }

    /// The end of the last owner's lease, or when it let go, by its own clock; `nil` where there was none.
    func lastSign(in transaction: any StoreTransaction) throws -> Timestamp? {
        try transaction.firstRow("SELECT lease_until FROM flotilla_saga_runners WHERE runner = $1", [.text(runner)])?[0]
            .integer.map { Timestamp(microseconds: abs($0)) }
    }

    /// Who carries sagas out; `nil` where nobody's lease holds.
    public func owner(at now: Timestamp, in transaction: any StoreTransaction) throws -> String? {
        try transaction.firstRow(
            "SELECT owner FROM flotilla_saga_runners WHERE runner = $1 AND lease_until > $2",
            [.text(runner), .integer(now.microseconds)])?[0].text
    }
}
