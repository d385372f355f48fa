import Endpoints
public import FleetCore
import Parking
public import Stores

/// Delivers parked events when an operator asks for it, whether the fleet runs or not.
public struct ParkedPush: Sendable {
    public let plan: PushPlan
    private let store: any Store
    private let clock: FleetClock
    private let tracer: (any WorkTracer)?

    /// - Parameter tracer: who makes spans of it.
    public init(
        plan: PushPlan, store: any Store, clock: FleetClock = .system, tracer: (any WorkTracer)? = nil
    ) {
        self.plan = plan
        self.store = store
        self.clock = clock
        self.tracer = tracer
    }

    /// Sends the parked events of a key in order, until one is not taken or none is left.
    /// - Returns: how many were delivered, and why the first that was not stays.
    /// - Throws: `conflict` where somebody else settles the same key at the same time.
    public func retry(key: String) async throws -> (delivered: Int, failure: FleetError?) {
        let (parking, ledger) = (plan.parking, PushLedger(plan: plan))
        var delivered = 0
        var head = try await store.read { try parking.head(of: key, in: $0) }
        while let event = head {
            try Task.checkCancellation()
            let failure = await failure(of: event.event)
            let settlement = failure.map { PushMachine.Settlement.failed($0, isFinal: true) } ?? .delivered
            let now = clock.now()
            head = try await store.write { try ledger.settle(event, settlement, at: now, in: $0).next }
            if let failure { return (delivered, failure) }
            delivered += 1
        }
        return (delivered, nil)
    }

    private func failure(of event: Event) async -> FleetError? {
        // Events of this type are not pushed any more.
        guard let number = plan.routes[event.type] else { return nil }
        let traced = tracer == nil ? nil : TracedEvent(event)
        let context = traced?.context.newChild()
        let begun = ContinuousClock.now
        let answer = await plan.targets[number].endpoint.deliver(event, in: context)
        if var traced, let context {
            traced.failure = answer.failure
            tracer?.requested(
                traced, as: context, to: number, status: answer.status, took: ContinuousClock.now - begun)
        }
        return answer.failure
    }
}
