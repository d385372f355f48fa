import Brokers
import FleetCore
import Inbox
import Parking
import Stores

/// What a push notes in the service's own store, each within one transaction of the caller.
struct PushLedger: Sendable {
    let plan: PushPlan

    /// At most so many events of one stream may be parked and waiting; beyond, the push stops.
    static let maximumParked: EventCount = 100_000
    /// Between the attempts at an event that was set aside.
    static let backoff = Backoff(initial: .milliseconds(200), cap: .seconds(30))
    /// So many parked events are tried again at once.
    static let dueLimit = 16

    private var parking: Parking { plan.parking }

    /// Moves the cursor, and parks what was not delivered.
    /// - Parameter number: of the subscription, in the inbox.
    /// - Returns: when the next parked event is to be tried again, where some were parked.
    /// - Throws: `conflict` where the cursor is not where it was, or a key is free that was held; `full` where there is no
    ///   room to park.
    func commit(
        _ commit: PushMachine.Commit, number: Int64, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> Timestamp? {
        if !commit.parked.isEmpty {
            try parking.checkRoom(
                for: commit.parked.count, limit: Self.maximumParked, in: transaction, at: "\(plan.subscription)")
        }
        var held: Set<String> = []
        for parked in commit.parked {
            let key = parked.record.event.key
            if parked.failure == nil, !held.contains(key) {
                guard try parking.isHeld(key, in: transaction) else {
                    throw FleetError(.conflict, "key \(key) is no longer held", isRetriable: true)
                }
            }
            held.insert(key)
            try parking.park(
                Parking.LogEntry(position: parked.record.position.value, event: parked.record.event),
                reason: parked.failure?.description,
                nextAttempt: parked.isRetried ? nextAttempt(at: parked.record.event, after: 1, now) : nil, at: now,
                in: transaction)
        }
        try Inbox(number: number).advance(
            from: commit.from, to: commit.last.position, eventID: commit.last.event.id, transaction)
        return commit.parked.isEmpty ? nil : try parking.nextDue(in: transaction)
    }

    /// The first parked event of each key that is due, and when the next one is.
    func due(at now: Timestamp, in transaction: any StoreTransaction) throws -> ([ParkedEvent], Timestamp?) {
        let keys = try parking.dueKeys(at: now, limit: Self.dueLimit, in: transaction)
        return (try keys.compactMap { try parking.head(of: $0, in: transaction) }, try parking.nextDue(in: transaction))
    }

    /// Notes what became of a parked event that was sent again.
    /// - Returns: the one behind it, where it was delivered and there is one; and whether the key is free.
    /// - Throws: `conflict` where it is not the first of its key any more: an operator was there.
    func settle(
        _ event: ParkedEvent, _ settlement: PushMachine.Settlement, at now: Timestamp,
        in transaction: any StoreTransaction
    ) throws -> (next: ParkedEvent?, isFree: Bool) {
        let key = event.event.key
        guard try parking.head(of: key, in: transaction)?.sequence == event.sequence else {
            throw FleetError(.conflict, "another process settled a parked event of key \(key)", isRetriable: true)
        }
        switch settlement {
        case .delivered:
            try parking.remove(event, in: transaction)
            let next = try parking.head(of: key, in: transaction)
            return (next, next == nil)
        case .failed(let error, let isFinal):
            let next = isFinal ? nil : nextAttempt(at: event.event, after: event.attempts + 1, now)
            try parking.recordFailure(of: event, reason: error.description, nextAttempt: next, in: transaction)
        case .postponed(let error):
            let next = now.advanced(by: delay(after: event.attempts + 1))
            try parking.postpone(event, reason: error.description, until: next, in: transaction)
        }
        return (nil, false)
    }

    private func nextAttempt(at event: Event, after attempts: Int, _ now: Timestamp) -> Timestamp? {
        guard let target = plan.target(of: event), attempts < target.attempts else { return nil }
        return now.advanced(by: delay(after: attempts))
    }

    private func delay(after attempts: Int) -> Duration {
        var random = SystemRandomNumberGenerator()
        return Self.backoff.delay(afterFailures: attempts, using: &random)
    }
}
