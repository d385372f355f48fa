import FleetCore
import FleetFile
import Relay
import Sagas
import ServiceLifecycle

/// Ends when nothing of the fleet is pending; fails when something stands in the way for long.
struct IdleWatch: Service {
    let fleet: FleetDefinition
    let work: [FleetRun.Work]
    let relays: [RelayService]
    let sagas: [SagaEngine]
    let changes: ChangeSignal
    /// Called when nothing is pending.
    let onDrained: @Sendable () -> Void

    /// How long what may pass by itself is waited for.
    private static let patience = Duration.seconds(30)
    /// How long what nobody expects to pass by itself is waited for.
    private static let shortPatience = Duration.seconds(3)
    /// A wait of some milliseconds takes this long only where the process stands still, and nothing can pass by itself.
    private static let standstill = Duration.seconds(2)

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var awakeSince = ContinuousClock.now
            while !Task.isCancelled {
                let generation = changes.generation
                if pending.allSatisfy({ $0.progress.snapshot.isIdle }), try await isDrained() {
                    onDrained()
                    return
                }
                try giveUpIfStuck(after: ContinuousClock.now - awakeSince)
                let looked = ContinuousClock.now
                await changes.wait(past: generation, timeout: .milliseconds(50))
                if ContinuousClock.now - looked > Self.standstill { awakeSince = .now }
            }
        }
    }

    /// What is paused is nobody's to wait for.
    private var pending: [FleetRun.Work] { work.filter { !$0.isPaused } }

    /// What the parts say of themselves may be out of date by the time the last of them says it: the stores decide.
    private func isDrained() async throws -> Bool {
        for relay in relays where !relay.isPaused {
            guard try await relay.isDrained() else { return false }
        }
        for engine in sagas {
            guard try await engine.isDrained() else { return false }
        }
        return await FleetStatus.readViews(fleet).isDrained
    }

    /// - Parameter awake: for how long the process has been at work without a standstill.
    private func giveUpIfStuck(after awake: Duration) throws {
        let now = Timestamp.now()
        let stuck = pending.compactMap { $0.progress.snapshot.condition }.filter { condition in
            let patience = condition.error.isRetriable ? Self.patience : Self.shortPatience
            return min(now.elapsed(since: condition.since), awake) > patience
        }
        let isOtherwiseDone = pending.allSatisfy {
            $0.progress.snapshot.isIdle || $0.progress.snapshot.condition != nil
        }
        if isOtherwiseDone, let first = stuck.first { throw first.error }
    }
}
