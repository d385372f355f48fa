import DrillJudge
import FleetCore
import Stores
import Synchronization
import TestKit

/// One writer of a service, with a connection of its own. It notes what it is about to commit, and what it was told.
struct Writer: Sendable {
    let service: DrillService
    let connection: any DrillConnection
    let history: HistoryFile

    private static let pauseAfterFailure = Duration.milliseconds(50)

    /// Writes until it is told to stop.
    func write(seed: UInt64, pause: Duration, until stop: StopSign) async throws {
        var random = RandomSource(seed: seed)
        while !stop.isSet {
            let plan = TransactionPlan(of: service, &random)
            let succeeded = await carryOut(plan) != nil
            let rest = pause * Double.random(in: 0...2, using: &random)
            try await Task.sleep(for: succeeded ? rest : rest + Self.pauseAfterFailure)
        }
        await connection.end()
    }

    /// - Returns: what became of it; `nil` where it could not even begin.
    @discardableResult
    func carryOut(_ plan: TransactionPlan) async -> Outcome? {
        do {
            return try await connection.access { [self] session in
                try session.script(connection.begin)
                return write(plan, session)
            }
        } catch {
            // Servers are away, and wires are cut: that is what a drill is for.
            return nil
        }
    }

    private func write(_ plan: TransactionPlan, _ session: any StoreTransaction) -> Outcome {
        var transaction = WrittenTransaction(id: plan.id, service: service.name, events: [])
        var outcome = Outcome.rolledBack
        do {
            try plan.write(to: &transaction, session, of: service)
            history.write(.began(transaction))
            if !plan.isRolledBack {
                outcome = Self.commit(session)
            } else {
                try session.script("ROLLBACK")
            }
        } catch {
            // Nobody has asked for a commit: it is undone, here or by the server.
            if !plan.isRolledBack { history.write(.began(transaction)) }
            try? session.script("ROLLBACK")
        }
        history.write(.ended(transaction: plan.id, outcome: outcome))
        return outcome
    }

    /// Commits, and tells what is known of it.
    static func commit(_ session: any StoreTransaction) -> Outcome {
        do {
            try session.script("COMMIT")
            return .committed
        } catch {
            try? session.script("ROLLBACK")
            switch (error as? FleetError)?.code {
            // The store itself says that it did not.
            case .statement, .conflictingTransactions, .busy: return .rolledBack
            default: return .unknown
            }
        }
    }
}

/// Tells many tasks to stop.
final class StopSign: Sendable {
    private let state = Atomic(false)

    var isSet: Bool { state.load(ordering: .relaxed) }
    func set() { state.store(true, ordering: .relaxed) }
}
