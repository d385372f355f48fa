import FleetCore
import FleetFile
import Foundation
import Logging
import Objectives
import Overview
import ServiceLifecycle
import Signals

/// Makes an overview of a fleet that is carried: every two seconds while somebody looks, else every ten; and keeps its history.
struct OverviewWatch: Service {
    let fleet: FleetDefinition
    let board: OverviewBoard
    let registry: SignalRegistry
    let health: FleetHealth
    let work: [FleetRun.Work]
    let gates: FlowGates
    let objectives: ObjectiveBoard
    let coordination: CoordinationBoard
    let schemas: SchemaBoard
    /// Who carried it before and did not let go of it.
    let predecessor: String?
    let logger: Logger

    private static let interval = Duration.seconds(2)

    func run() async {
        var keeper = await HistoryKeeper(fleet, board: board, schemas: schemas, logger: logger)
        keeper = await cancelWhenGracefulShutdown { [keeper] in await self.watch(keeper) }
        // What ended is noted by somebody who is not told to end.
        await keeper.end()
        board.rest(because: "the fleet is not carried any more")
    }

    private func watch(_ keeper: HistoryKeeper) async -> HistoryKeeper {
        var keeper = keeper
        await keeper.begin(predecessor: predecessor, version: board.empty.version)
        var sampler = OverviewSampler()
        let slots = SlotOwners(fleet)
        var kept = ContinuousClock.now - OverviewSampler.window
        while !Task.isCancelled {
            let isDue = ContinuousClock.now - kept >= OverviewSampler.window
            if isDue || board.isWatched {
                var overview = look(&sampler, slots)
                if isDue {
                    kept = .now
                    await keeper.keep(overview)
                }
                await keeper.note(overview)
                keeper.complete(&overview)
                board.publish(overview)
            }
            try? await Task.sleep(for: Self.interval)
        }
        return keeper
    }

    private func look(_ sampler: inout OverviewSampler, _ slots: SlotOwners) -> FleetOverview {
        let readings = OverviewReadings(registry.read())
        let rates = sampler.sample(
            OverviewSampler.totals(of: readings, work: work), OverviewSampler.distributions(of: readings))
        var conditions: [String: String] = [:]
        let now = Timestamp.now()
        for work in work {
            guard let condition = work.progress.snapshot.condition, condition.isTold(at: now) else { continue }
            conditions["\(work.subject) \(work.stream)"] = condition.error.description
        }
        let builder = OverviewBuilder(
            fleet, slots, readings, rates, conditions: conditions, coordination: coordination.coordination,
            paused: Set(fleet.flowSubjects.filter { gates.gate(of: $0).isPaused }))
        var overview = board.empty
        overview.isCarried = true
        overview.carrier = FleetHolder.shortName
        overview.troubles = health.reasons().map { FleetOverview.Trouble(part: $0.part, reason: $0.reason) }
        builder.fill(&overview)
        overview.objectives = objectives.reading?.objectives ?? []
        return overview
    }
}

extension FleetCore.Progress.Condition {
    /// What is only waited for may take a while before it is told.
    func isTold(at now: Timestamp) -> Bool {
        !error.waitingHelps || now.elapsed(since: since) >= FleetHealth.patience
    }
}
