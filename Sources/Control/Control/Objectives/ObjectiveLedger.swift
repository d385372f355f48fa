import FleetCore
public import FleetFile
public import Objectives
import Stores

/// How a fleet's objectives stand, from what is kept of them: whether somebody carries the fleet or not.
public struct ObjectiveLedger: Sendable {
    private let fleet: FleetDefinition

    public init(_ fleet: FleetDefinition) { self.fleet = fleet }

    /// - Throws: `notApplied` where `apply` was not run yet.
    public func read() async throws -> ObjectivesReading {
        guard let plan = fleet.objectiveJournal else {
            return ObjectivesReading(asOf: nil, isLive: false, objectives: [])
        }
        let state = Connectors.state(of: fleet)
        let holder = try? await state.holder()
        await state.close()
        let journal = ObjectiveJournal(objectives: fleet.objectives)
        do {
            let kept = try await Connectors.with(try Connectors.store(of: plan, in: fleet)) { store in
                try await store.read { try journal.load(in: $0) }
            }
            let moment = kept.asOf ?? .now()
            return ObjectivesReading(
                asOf: kept.asOf, isLive: holder != nil, objectives: kept.budgets.map { $0.reading(at: moment) })
        } catch let error as FleetError where error.code == .missing || error.code == .statement {
            throw FleetError(
                .notApplied, "what is kept of the objectives is not set up yet",
                remedy: "run `flotilla apply \(fleet.file)` first", underlying: error.description)
        }
    }
}
