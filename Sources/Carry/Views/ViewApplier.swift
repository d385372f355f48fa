import Brokers
public import FleetCore
import Inbox
public import Parking
public import Stores

/// Applies records of one stream to one view, within one transaction of the view's store: effects, inbox rows, parked
/// events and cursor commit together.
public struct ViewApplier: Sendable {
    public let subscription: SubscriptionName
    public let stream: StreamName
    let program: ViewProgram
    let retries: RetryPolicy
    let reader: Reader

    /// Who reads.
    public enum Reader: String, Sendable {
        case view
        /// A program of a service's own.
        case consumer
        /// Flotilla itself, which watches a flow.
        case flow

        /// What to do where the stream is not the one that was read, besides putting that back.
        func remedy(for subscription: SubscriptionName) -> String {
            switch self {
            case .view: "build the view from what this one holds: `flotilla views rebuild \(subscription)`"
            case .consumer: "give the consumer another name, under which it begins with what this one holds"
            case .flow: "have the flow begin with what this one holds: `flotilla flows forget`"
            }
        }
    }

    /// For people: `view orders.order_lines`.
    var readerName: String { "\(reader) \(subscription)" }

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
        subscription: SubscriptionName, stream: StreamName, program: ViewProgram, retries: RetryPolicy = RetryPolicy(),
        reader: Reader = .view
    ) {
        self.subscription = subscription
        self.stream = stream
        self.program = program
        self.retries = retries
        self.reader = reader
    }

    public var parking: Parking { Parking(place: .subscription(subscription.name), stream: stream) }
    /// The view's name in the inbox of its store.
    var inboxName: String { subscription.name }

    /// A batch of records, with all that can be known of it before the transaction that applies it.
    struct Batch: Sendable {
        let records: [LogRecord]
        /// The subscription's number in the inbox.
        let number: Int64
        fileprivate let effects: ViewProgram.Effects

        /// Of how many of the records the view does something.
        var effectCount: EventCount { EventCount(effects.effects.count) }

        /// Of each effect, what the inbox is asked.
        fileprivate let acceptances: [[SQLValue]]
        /// The records of which the view does something, and that belong to a trace, by their number.
        let traced: [Int]
    }

    /// - Parameter findsTraces: whether anybody asks which of them belong to a trace.
    func batch(of records: [LogRecord], number: Int64, findsTraces: Bool = false) -> Batch {
        let inbox = Inbox(number: number)
        let effects = program.effects(of: records.lazy.map(\.event))
        return Batch(
            records: records, number: number, effects: effects,
            acceptances: effects.effects.map { effect in
                inbox.acceptance(of: records[effect.event].event.id, at: records[effect.event].position)
            },
            traced: findsTraces ? Self.traced(records, effects) : [])
    }

    private static func traced(_ records: [LogRecord], _ effects: ViewProgram.Effects) -> [Int] {
        // In a span a record is looked at where it lies; an array gives out a copy, with a retain for each of its texts.
        let span = records.span
        var traced: [Int] = []
        for effect in effects.effects where span[effect.event].event.isTraced { traced.append(effect.event) }
        return traced
    }

    /// Applies records in order.
    ///
    /// - Parameters:
    ///   - batch: what follows `position` in the stream.
    ///   - position: where the cursor must be; what the transaction did is undone if it is not.
    ///   - heldKeys: keys that were held when this was planned.
    ///   - isCareful: whether each effect has a savepoint of its own, so that one that fails can be parked. Otherwise
    ///     the first that fails fails the transaction, which costs much less where none does.
    /// - Throws: `conflict` where cursor or held keys are not as expected; without care, what the effects throw.
    func apply(
        _ batch: Batch, after position: LogPosition, heldKeys: Set<String>, isCareful: Bool, at now: Timestamp,
        in transaction: any StoreTransaction
    ) throws -> DeliveryMachine.Application {
        var result = DeliveryMachine.Application(newlyHeld: [], nextDue: nil)
        if isCareful {
            try applyCarefully(batch, heldKeys, at: now, in: transaction, &result)
        } else {
            try applySwiftly(batch, heldKeys, at: now, in: transaction, &result)
        }
        CrashPoint.applied.reached()
        if let last = batch.records.last {
            try Inbox(number: batch.number).advance(
                from: position, to: last.position, eventID: last.event.id, transaction)
        }
        if !result.newlyHeld.isEmpty { result.nextDue = try parking.nextDue(in: transaction) }
        return result
    }

    /// Takes all events at once, and then submits the effects of the new ones: a store on a network is waited for once.
    private func applySwiftly(
        _ batch: Batch, _ heldKeys: Set<String>, at now: Timestamp, in transaction: any StoreTransaction,
        _ result: inout DeliveryMachine.Application
    ) throws {
        let accepted = try Inbox.acceptance(transaction).runEach(batch.acceptances)
        var session = program.session(in: transaction)
        for number in batch.effects.effects.indices where accepted[number] == 1 {
            if !heldKeys.isEmpty {
                let record = batch.records[batch.effects.effects[number].event]
                if try mustWait(record.event.key, heldKeys, [], in: transaction) {
                    try park(record, reason: nil, nextAttempt: nil, at: now, in: transaction)
                    result.waiting.insert(record.position)
                    result.parked += 1
                    continue
                }
            }
            try session.submit(number, batch.effects)
        }
    }

    /// Takes one event after the other; what fails is undone, and parked.
    private func applyCarefully(
        _ batch: Batch, _ heldKeys: Set<String>, at now: Timestamp, in transaction: any StoreTransaction,
        _ result: inout DeliveryMachine.Application
    ) throws {
        let acceptance = try Inbox.acceptance(transaction)
        var session = program.session(in: transaction)
        for (number, effect) in batch.effects.effects.enumerated() {
            guard try acceptance.run(batch.acceptances[number]) == 1 else { continue }
            let record = batch.records[effect.event]
            if try mustWait(record.event.key, heldKeys, result.newlyHeld, in: transaction) {
                try park(record, reason: nil, nextAttempt: nil, at: now, in: transaction)
                result.waiting.insert(record.position)
                result.parked += 1
                continue
            }
            do {
                try transaction.savepoint {
                    try session.run(number, batch.effects)
                    try transaction.checkDeferredConstraints()
                }
            } catch let error as FleetError where error.code == .statement || error.code == .badEvent {
                let next = retries.nextAttempt(after: 1, at: now)
                try park(record, reason: error.description, nextAttempt: next, at: now, in: transaction)
                result.newlyHeld.insert(record.event.key)
                result.failures[record.position] = error
                result.parked += 1
            }
        }
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
        try parking.checkRoom(for: 1, limit: retries.maximumParked, in: transaction, at: readerName)
        try parking.park(
            Parking.LogEntry(position: record.position.value, event: record.event), reason: reason,
            nextAttempt: nextAttempt, at: now, in: transaction)
    }

    /// Tries the parked events of a key again, in order.
    /// - Parameter automatically: whether one that fails again is tried later by itself, as far as the policy goes.
    /// - Returns: how many took effect, why the first that did not stays, and what was tried and belongs to a trace.
    public func retry(
        key: String, automatically: Bool, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> (applied: Int, failure: FleetError?, traced: [TracedEvent]) {
        var session = program.session(in: transaction)
        var traced: [TracedEvent] = []
        var last: EventID?
        let (applied, failure) = try parking.retry(
            key, in: transaction,
            nextAttempt: { automatically ? retries.nextAttempt(after: $0, at: now) : nil },
            apply: { parked in
                last = parked.event.id
                if parked.event.tracedPart != nil, let event = TracedEvent(parked.event) { traced.append(event) }
                try session.run(parked.event)
            })
        // The last that was tried is the one that failed.
        if let end = traced.indices.last, traced[end].id == last { traced[end].failure = failure }
        return (applied, failure, traced)
    }

    /// Tries every parked event that is due by a time, and tells which keys are free again.
    func retryDue(
        by due: Timestamp, at now: Timestamp, in transaction: any StoreTransaction
    ) throws -> DeliveryMachine.Retry {
        var released: Set<String> = []
        var traced: [TracedEvent] = []
        for key in try parking.dueKeys(at: due, limit: 256, in: transaction) {
            let tried = try retry(key: key, automatically: true, at: now, in: transaction)
            if tried.failure == nil { released.insert(key) }
            traced += tried.traced
        }
        var result = DeliveryMachine.Retry(released: released, nextDue: try parking.nextDue(in: transaction))
        result.traced = traced
        return result
    }
}
