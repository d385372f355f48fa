import Control
import DrillJudge
import FleetFile
import Foundation
import Sagas
import Stores
import TestKit

/// Looks at what became of transfers, once a drill's fleet has come to rest.
struct TransferObserver: Sendable {
    /// To the server of all their services, which no fault cuts.
    let connection: any DrillConnection

    /// More sagas than this are not looked at.
    private static let limit = 1_000_000

    func observe(_ fleet: FleetDefinition) async throws -> SagaObservations {
        var observations = SagaObservations()
        observations.asked = Set(
            try await connection.rows("SELECT transfer FROM \(TransferBank.teller).asked").compactMap { $0[0].text })
        let sagas = SagaAdministration(fleet)
        for summary in try await sagas.list(saga: TransferBank.saga, status: nil, limit: Self.limit) {
            let isEnded = summary.endedAt != nil
            let reason = isEnded ? "" : try await Self.reason(of: summary.id, sagas)
            observations.sagas.append(
                SagaRecord(
                    transfer: String(summary.id.split(separator: "/").last ?? ""), status: summary.status.rawValue,
                    reason: reason))
        }
        for service in TransferBank.keepers {
            observations.moves += try await connection.rows("SELECT n, transfer, what FROM \(service).moves").map {
                row in
                guard let kind = row[2].text.flatMap(Move.Kind.init(rawValue:)) else {
                    throw CheckFailure("\(service) has a move that is none: \(row)")
                }
                return Move(number: Int(row[0].integer ?? 0), transfer: row[1].text ?? "", kind: kind)
            }
            let sum = try await connection.rows("SELECT sum(balance)::bigint FROM \(service).accounts").first?[0]
                .integer
            observations.accounts.append(
                Money(
                    service: service, before: TransferBank.accounts * TransferBank.balance, after: Int(sum ?? 0)))
        }
        return observations
    }

    private static func reason(of id: String, _ sagas: SagaAdministration) async throws -> String {
        let state = try await sagas.show(id).entry.state
        let parked = state.parked.compactMap { run in
            (run.parked == .compensation ? run.compensation?.failure : run.forward.failure).map { "\(run.id): \($0)" }
        }
        return parked.joined(separator: "; ")
    }
}
