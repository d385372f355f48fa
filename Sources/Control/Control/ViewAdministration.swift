import Brokers
public import FleetCore
public import FleetFile
import Stores
import Views

/// Rebuilds views.
public enum ViewAdministration {
    /// How a rebuild ended.
    public struct Outcome: Sendable {
        public var view: String
        public var records: Int
        /// Streams that retention had cut already, and since when they have records.
        public var incomplete: [(stream: String, since: Timestamp?)]
    }

    /// Builds a view anew from the log, beside the old one, and swaps the two.
    /// - Parameter name: `view`, or `service.view`.
    /// - Throws: `invalidInput` where there is no such view, or more than one.
    public static func rebuild(
        _ name: String, in fleet: FleetDefinition, onProgress: @Sendable (Int, Int) -> Void
    ) async throws -> Outcome {
        let (service, view) = try find(name, in: fleet)
        let broker = Connectors.broker(of: fleet)
        let needs = service.viewNeeds(view)
        let rebuilder = ViewRebuilder(
            appliers: try fleet.appliers(of: view, in: service), broker: broker,
            rebuild: try Connectors.rebuild(of: needs, in: service))
        do {
            try await FleetSetup.requireApplied(fleet)
            let outcome = try await rebuilder.run(onProgress: onProgress)
            await broker.close()
            return Outcome(
                view: needs.subscription.description, records: outcome.records,
                incomplete: outcome.incomplete.map { ($0.stream.description, $0.since) })
        } catch {
            await broker.close()
            throw error
        }
    }

    private static func find(
        _ name: String, in fleet: FleetDefinition
    ) throws -> (service: ServiceDefinition, view: ViewDefinition) {
        let all = fleet.services.flatMap { service in service.views.map { (service: service, view: $0) } }
        let matches = all.filter { $0.view.name.text == name || "\($0.service.name).\($0.view.name)" == name }
        if matches.count == 1, let match = matches.first { return match }
        if matches.count > 1 {
            throw FleetError(
                .invalidInput, "\(matches.count) services have a view \(name)",
                remedy: "say which: \(matches.map { "\($0.service.name).\($0.view.name)" }.joined(separator: " or "))")
        }
        let known = all.flatMap { [$0.view.name.text, "\($0.service.name).\($0.view.name)"] }
        throw FleetError(
            .invalidInput, "\(fleet.file) has no view \(name)",
            remedy: NearestName.of(name, in: known).map { "did you mean \($0)?" }
                ?? (all.isEmpty
                    ? "declare one under `views`"
                    : "it has \(all.map { "\($0.service.name).\($0.view.name)" }.joined(separator: ", "))"))
    }
}
