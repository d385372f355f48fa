import Endpoints
public import FleetCore
import Parking
public import Stores

/// Delivers parked events when an operator asks for it, whether the fleet runs or not.
public struct ParkedPush: Sendable {
    public let plan: PushPlan
    private let store: any Store
    private let clock: FleetClock

    public init(plan: PushPlan, store: any Store, clock: FleetClock = .system) {
        self.plan = plan
        self.store = store
        self.clock = clock
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
        guard let target = plan.target(of: event) else { return nil }
        switch await target.endpoint.deliver(event) {
        case .delivered: return nil
        case .refused(let error), .notNow(let error, _, _): return error
        }
    }
}
