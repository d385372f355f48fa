import Control
import DrillJudge
import FleetCore
import FleetFile
import Foundation
import Parking
import Stores
import TestKit
import Wire

/// Looks at what stores and broker hold, once a drill's fleet has come to rest.
struct Observer: Sendable {
    let directory: DrillDirectory
    /// By service, where it can be asked for its journal.
    let sources: [(service: DrillService, connection: any DrillConnection)]
    /// By the service that keeps the view.
    let views: [(service: String, connection: any DrillConnection)]
    let transfers: TransferObserver

    /// More parked events than this are not looked at.
    private static let parkedLimit = 1_000_000

    func observe(_ status: FleetStatus) async throws -> Observations {
        let fleet = try await fleet()
        var observations = Observations()
        for (service, connection) in sources {
            observations.journals[service.name] = try await journal(connection)
            observations.streams[service.name] = try await stream(of: service.name, in: fleet)
        }
        for (service, connection) in views {
            observations.views.append(try await view(service, connection))
        }
        observations.parked = try await parked(fleet)
        observations.sagas = try await transfers.observe(fleet)
        observations.outboxes = status.streams.map {
            OutboxState(
                service: $0.service, pending: $0.pending ?? 0, retained: $0.retainedBytes,
                retainedBound: $0.retainedLimitBytes)
        }
        return observations
    }

    private func fleet() async throws -> FleetDefinition {
        let checked = await FleetCheck.check(
            path: directory.fleetFile, environment: ProcessInfo.processInfo.environment)
        guard let definition = checked.definition else {
            throw CheckFailure("\(directory.fleetFile): \(checked.problems)")
        }
        return definition
    }

    private func journal(_ connection: any DrillConnection) async throws -> [JournalRow] {
        try await connection.rows("SELECT tx, event, key, n FROM journal ORDER BY key, n").map { row in
            JournalRow(
                transaction: row[0].text ?? "", event: try Self.id(row[1].text), key: row[2].text ?? "",
                version: Int(row[3].integer ?? 0))
        }
    }

    /// The records of a service, as they are on the wire.
    private func stream(of service: String, in fleet: FleetDefinition) async throws -> [StreamRecord] {
        let records = Collected<StreamRecord>()
        try await StreamReading(service, in: fleet).read { batch in
            await records.append(
                try batch.map { record in
                    let id = record.message.headers.first { $0.name == "ce_id" || $0.name == "ce-id" }?.value
                    return StreamRecord(event: try Self.id(id), key: record.message.key)
                })
            return true
        }
        return await records.all
    }

    private func view(_ service: String, _ connection: any DrillConnection) async throws -> ViewState {
        let applications = try await connection.rows("SELECT source, id, key, n FROM ledger ORDER BY place").map {
            row in
            ViewState.Application(
                service: Self.service(row[0].text), event: try Self.id(row[1].text), key: row[2].text ?? "",
                version: Int(row[3].integer ?? 0))
        }
        var folds: [Fold.Place: Fold] = [:]
        for row in try await connection.rows("SELECT source, key, last, count, sum FROM folds") {
            folds[Fold.Place(service: Self.service(row[0].text), key: row[1].text ?? "")] = Fold(
                last: Int(row[2].integer ?? 0), count: Int(row[3].integer ?? 0), sum: Int(row[4].integer ?? 0))
        }
        return ViewState(name: "\(service).ledger", applications: applications, folds: folds)
    }

    private func parked(_ fleet: FleetDefinition) async throws -> [ParkedRecord] {
        try await ParkedAdministration(fleet).list(limit: Self.parkedLimit).map { item in
            let service = item.stream.service.text
            return ParkedRecord(
                place: item.place == "\(service) outbox" ? .outbox : .view(item.place), service: service,
                event: try Self.id(item.event.eventID), key: item.event.event.key, reason: item.event.reason)
        }
    }

    /// `/drill/orders` is the service `orders`.
    private static func service(_ source: String?) -> String {
        source?.split(separator: "/").last.map(String.init) ?? ""
    }

    private static func id(_ text: String?) throws -> EventID {
        guard let text, let id = EventID(text) else { throw CheckFailure("\(text ?? "nothing") is no event id") }
        return id
    }
}

/// What comes in batches, gathered.
private actor Collected<Element: Sendable> {
    private(set) var all: [Element] = []
    func append(_ batch: [Element]) { all += batch }
}
