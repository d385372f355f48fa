import FleetCore
import FleetFile
import SQLiteConnection
import Stores

/// Remembers what `apply` changes of services' tables, where a history is kept: it is told as what `apply` did, and not again
/// as what somebody else has done.
struct AppliedSchemas {
    /// `nil` where none is kept on this machine.
    private let file: HistoryFile?

    init(_ fleet: FleetDefinition) async {
        file =
            FileIdentity.exists(HistoryFile.path(of: fleet)) ? try? await HistoryFile(of: fleet, isMade: false) : nil
    }

    func close() { file?.close() }

    /// - Parameter service: whose store `change` sets up.
    func remembering(
        _ service: ServiceDefinition, _ change: () async throws -> SetupPlan
    ) async throws -> SetupPlan {
        guard let file, let known = try? await file.schema(of: service.name) else { return try await change() }
        // A store that is not there has no tables yet.
        let before = await Self.schema(of: service) ?? StoreSchema()
        let plan = try await change()
        if !plan.steps.isEmpty, let after = await Self.schema(of: service), after != before {
            try? await file.note(
                [], remembering: [service.name.text: known.with(changesFrom: before, to: after)])
        }
        return plan
    }

    private static func schema(of service: ServiceDefinition) async -> StoreSchema? {
        guard let store = try? Connectors.monitoredStore(of: service) else { return nil }
        return try? await Connectors.with(store) { store in
            try await (store as? any SchemaSource)?.schema(since: nil)?.schema
        }
    }
}
