import Brokers
public import FleetCore
import Inbox
import Parking
public import Stores

/// Applies records of one stream to one view, within one transaction of the view's store: effects, inbox rows, parked
/// events and cursor commit together.
public struct ViewApplier: Sendable {
    public let subscription: SubscriptionName
    public let stream: StreamName
    let program: ViewProgram
    let retries: RetryPolicy

    /// How often an effect that failed is tried before an operator is needed, and how long apart.
    public struct RetryPolicy: Sendable {
        /// Attempts in all.
        public var attempts: Int
        public var backoff: Backoff
        /// A view may have at most this many parked and waiting events of one stream; beyond, it stops.
        public var maximumParked: EventCount

        public init(
            attempts: Int = 5, backoff: Backoff = Backoff(initial: .milliseconds(50), cap: .seconds(2)),
            maximumParked: EventCount = 100_000
        ) {
            self.attempts = attempts
            self.backoff = backoff
            self.maximumParked = maximumParked
        }

        func nextAttempt(after attempts: Int, at now: Timestamp) -> Timestamp? {
            guard attempts < self.attempts else { return nil }
            var random = SystemRandomNumberGenerator()
            return now.advanced(by: backoff.delay(afterFailures: attempts, using: &random))
        }
    }

    public init(
        subscription: SubscriptionName, stream: StreamName, program: ViewProgram, retries: RetryPolicy = RetryPolicy()
    ) {
        self.subscription = subscription
        self.stream = stream
        self.program = program
        self.retries = retries
    }

    var parking: Parking { Parking(place: .view(subscription.view), stream: stream) }
    /// The view's name in the inbox of its store.
    var inboxName: String { subscription.view.text }

    /// Applies records in order.
    ///
    /// - Parameters:
    ///   - records: what follows `position` in the stream.
    ///   - fields: what the program takes out of each record's event, where that was done before.
    ///   - position: where the cursor must be; what the transaction did is undone if it is not.
    ///   - heldKeys: keys that were held when this was planned.
    ///   - isCareful: whether each effect has a savepoint of its own, so that one that fails can be parked. Otherwise
    ///     the first that fails fails the transaction, which costs much less where none does.
    /// - Throws: `conflict` where cursor or held keys are not as expected; without care, what the effects throw.
    func apply(
        _ records: [LogRecord], fields: [ViewProgram.Fields]? = nil, after position: LogPosition, number: Int64,
        heldKeys: Set<String>, isCareful: Bool, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> DeliveryMachine.Application {
        var result = DeliveryMachine.Application(newlyHeld: [], nextDue: nil)
        let inbox = Inbox(number: number)
        let acceptance = try inbox.acceptance(transaction)
        var session = program.session(in: transaction)
        // Records are read in place: a copy of an event costs as much as a statement's parameters.
        for index in records.indices {
            guard program.reacts(to: records[index].event.type) else { continue }
            let position = records[index].position
            guard try inbox.accept(records[index].event.id, at: position, with: acceptance) else { continue }
            if try mustWait(records[index].event.key, heldKeys, result.newlyHeld, in: transaction) {
                try park(records[index], reason: nil, nextAttempt: nil, at: now, in: transaction)
            } else if isCareful {
                do {
                    try transaction.savepoint {
                        try session.run(records[index].event, fields: fields?[index])
                        try transaction.checkDeferredConstraints()
                    }
                } catch let error as FleetError where error.code == .statement || error.code == .badEvent {
                    let next = retries.nextAttempt(after: 1, at: now)
                    try park(records[index], reason: error.description, nextAttempt: next, at: now, in: transaction)
                    result.newlyHeld.insert(records[index].event.key)
                }
            } else {
                try session.run(records[index].event, fields: fields?[index])
            }
        }
        CrashPoint.applied.reached()
        if let last = records.last { try inbox.advance(from: position, to: last.position, transaction) }
        if !result.newlyHeld.isEmpty { result.nextDue = try parking.nextDue(in: transaction) }
        return result
    }

    /// Whether an event of a key goes behind a parked one.
    /// - Throws: `conflict` where the key was held when this was planned, and is not any more.
    private func mustWait(
        _ key: String, _ heldKeys: Set<String>, _ newlyHeld: Set<String>, in transaction: any StoreTransaction
    ) throws -> Bool {
        if heldKeys.isEmpty, newlyHeld.isEmpty { return false }
        if newlyHeld.contains(key) { return true }
        guard heldKeys.contains(key) else { return false }
        guard try parking.isHeld(key, in: transaction) else {
            throw FleetError(.conflict, "key \(key) is no longer held", isRetriable: true)
        }
        return true
    }

    private func park(
        _ record: LogRecord, reason: String?, nextAttempt: Timestamp?, at now: Timestamp,
        in transaction: any StoreTransaction
    ) throws {
        try parking.checkRoom(for: 1, limit: retries.maximumParked, in: transaction, at: "view \(subscription)")
        try parking.park(
            Parking.LogEntry(position: record.position.value, event: record.event), reason: reason,
            nextAttempt: nextAttempt, at: now, in: transaction)
    }

    /// Tries the parked events of a key again, in order.
    /// - Parameter automatically: whether one that fails again is tried later by itself, as far as the policy goes.
    public func retry(
        key: String, automatically: Bool, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> (applied: Int, failure: FleetError?) {
        var session = program.session(in: transaction)
        return try parking.retry(
            key, in: transaction,
            nextAttempt: { automatically ? retries.nextAttempt(after: $0, at: now) : nil },
            apply: { try session.run($0.event) })
    }

    /// Tries every parked event that is due, and tells which keys are free again.
    func retryDue(at now: Timestamp, in transaction: any StoreTransaction) throws -> DeliveryMachine.Retry {
        var released: Set<String> = []
        for key in try parking.dueKeys(at: now, limit: 256, in: transaction) {
            if try retry(key: key, automatically: true, at: now, in: transaction).failure == nil {
                released.insert(key)
            }
        }
        return DeliveryMachine.Retry(released: released, nextDue: try parking.nextDue(in: transaction))
    }
}
