import DrillJudge
import FleetCore
import Stores
import TestKit

/// Asks for transfers, over a connection that faults cut, and notes what it was told.
struct TransferWriter: Sendable {
    let connection: any DrillConnection
    let history: HistoryFile

    private static let pause = Duration.milliseconds(250)

    /// Asks until it is told to stop.
    func write(seed: UInt64, until stop: StopSign) async throws {
        var random = RandomSource(seed: seed)
        while !stop.isSet {
            let (account, isImpossible) = (
                Int.random(in: 1...TransferBank.accounts, using: &random), Int.random(in: 0..<5, using: &random) == 0
            )
            await ask(EventID.make(), account: account, to: isImpossible ? 0 : account)
            try await Task.sleep(for: Self.pause * Double.random(in: 0...2, using: &random))
        }
        await connection.end()
    }

    private func ask(_ id: EventID, account: Int, to: Int) async {
        do {
            let outcome = try await connection.access { [connection] session in
                try session.script(connection.begin)
                return ask("\(id)", account, to, session)
            }
            history.write(.asked(AskedTransfer(id: "\(id)", outcome: outcome, isImpossible: to == 0)))
        } catch {
            // Servers are away, and wires are cut: that is what a drill is for.
        }
    }

    private func ask(_ id: String, _ account: Int, _ to: Int, _ session: any StoreTransaction) -> Outcome {
        do {
            try session.run("INSERT INTO asked (transfer) VALUES ($1)", [.text(id)])
            try session.run(
                """
                INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)
                VALUES ($1::uuid, 'transfer', $2, 'TransferAsked', $3::json)
                """,
                [.text(id), .text(id), .text("{\"id\": \"\(id)\", \"account\": \(account), \"to\": \(to)}")])
        } catch {
            // Nobody has asked for a commit: it is undone, here or by the server.
            try? session.script("ROLLBACK")
            return .rolledBack
        }
        return Writer.commit(session)
    }
}
