import Brokers
import FleetCore
import TestKit
import Views

/// A view and its store. Each call is one transaction; it does what `ViewApplier` does.
final class ModelView {
    private struct Content {
        var cursor = LogPosition.start
        var inbox: Set<Int> = []
        var parking: ModelParking
    }

    private let ledger: Ledger
    private let bug: PlantedBug?
    private let attempts: Int
    private var content: Content
    private var failuresLeft: [Int: Int] = [:]

    init(ledger: Ledger, scenario: Scenario, bug: PlantedBug?) {
        self.ledger = ledger
        self.bug = bug
        attempts = scenario.attempts
        content = Content(parking: ModelParking(limit: scenario.maximumParked))
    }

    var cursor: LogPosition { content.cursor }
    var parking: ModelParking { content.parking }

    /// Effects of a transaction at work; the ledger hears of them when it commits.
    private struct Transaction {
        var content: Content
        var effects: [Int] = []
    }

    private func write<Result>(_ body: (inout Transaction) throws -> Result) throws -> Result {
        var transaction = Transaction(content: content)
        let result: Result
        do {
            result = try body(&transaction)
        } catch {
            if bug == .effectsOutliveTransaction { try transaction.effects.forEach(ledger.apply) }
            throw error
        }
        content = transaction.content
        try transaction.effects.forEach(ledger.apply)
        return result
    }

    // MARK: What the delivery does

    func apply(
        _ records: [LogRecord], after position: LogPosition, heldKeys: Set<String>, isCareful: Bool, at now: Timestamp,
        using random: inout RandomSource
    ) throws -> DeliveryMachine.Application {
        try write { transaction in
            var newlyHeld: Set<String> = []
            for record in bug == .skipsRecord && records.count > 1 ? records.dropFirst() : records[...] {
                let event = ledger.events[record.event.number]
                guard event.kind != .ignored else { continue }
                guard !transaction.content.inbox.contains(event.number) else { continue }
                if bug != .appliesWithoutInbox { transaction.content.inbox.insert(event.number) }
                if heldKeys.contains(event.event.key) || newlyHeld.contains(event.event.key) {
                    guard newlyHeld.contains(event.event.key) || transaction.content.parking.isHeld(event.key) else {
                        throw FleetError(.conflict, "the key is no longer held", isRetriable: true)
                    }
                    try park(event, hasReason: false, nextAttempt: nil, in: &transaction)
                } else if isCareful {
                    do {
                        try run(event, in: &transaction)
                    } catch let error as FleetError where error.code == .statement {
                        let next = nextAttempt(after: 1, at: now, using: &random)
                        try park(event, hasReason: true, nextAttempt: next, in: &transaction)
                        newlyHeld.insert(event.event.key)
                    }
                } else {
                    try run(event, in: &transaction)
                }
            }
            if let last = records.last {
                guard transaction.content.cursor == position else {
                    throw FleetError(.conflict, "another process moved the cursor", isRetriable: true)
                }
                transaction.content.cursor = last.position
            }
            let nextDue = newlyHeld.isEmpty ? nil : transaction.content.parking.nextDue
            return DeliveryMachine.Application(
                newlyHeld: bug == .hidesNewlyHeldKeys ? [] : newlyHeld, nextDue: nextDue)
        }
    }

    func retryDue(at now: Timestamp, using random: inout RandomSource) throws -> DeliveryMachine.Retry {
        try write { transaction in
            var released: Set<String> = []
            for key in transaction.content.parking.dueKeys(at: now)
            where try retry(key, automatically: true, at: now, using: &random, in: &transaction) {
                released.insert(SimulatedEvent.name(ofKey: key))
            }
            return DeliveryMachine.Retry(released: released, nextDue: transaction.content.parking.nextDue)
        }
    }

    // MARK: What an operator does

    /// - Returns: whether nothing of the key is parked any more.
    func retry(_ key: Int, at now: Timestamp, using random: inout RandomSource) throws -> Bool {
        try write { try retry(key, automatically: false, at: now, using: &random, in: &$0) }
    }

    func discard(sequence: Int) {
        if let row = content.parking.remove(sequence: sequence) { ledger.discard(row.number) }
    }

    // MARK: Steps of a transaction

    private func run(_ event: SimulatedEvent, in transaction: inout Transaction) throws {
        switch event.kind {
        case .failsAlways:
            throw FleetError(.statement, "poison")
        case .fails(let times):
            let left = failuresLeft[event.number] ?? times
            failuresLeft[event.number] = left - 1
            if left > 0 { throw FleetError(.statement, "not yet") }
        case .good, .ignored, .unlisted, .malformed:
            break
        }
        transaction.effects.append(event.number)
    }

    private func park(
        _ event: SimulatedEvent, hasReason: Bool, nextAttempt: Timestamp?, in transaction: inout Transaction
    ) throws {
        try transaction.content.parking.checkRoom(for: 1)
        transaction.content.parking.park(
            event.number, key: event.key, hasReason: hasReason, attempts: hasReason ? 1 : 0, nextAttempt: nextAttempt)
    }

    private func nextAttempt(
        after attempts: Int, at now: Timestamp, using random: inout RandomSource
    ) -> Timestamp? {
        guard attempts < self.attempts else { return nil }
        let backoff = Backoff(initial: .milliseconds(50), cap: .seconds(2))
        return now.advanced(by: backoff.delay(afterFailures: attempts, using: &random))
    }

    private func retry(
        _ key: Int, automatically: Bool, at now: Timestamp, using random: inout RandomSource,
        in transaction: inout Transaction
    ) throws -> Bool {
        while let head = transaction.content.parking.head(of: key) {
            do {
                try run(ledger.events[head.number], in: &transaction)
            } catch let error as FleetError where error.code == .statement {
                let next = automatically ? nextAttempt(after: head.attempts + 1, at: now, using: &random) : nil
                transaction.content.parking.recordFailure(sequence: head.sequence, nextAttempt: next)
                return false
            }
            _ = transaction.content.parking.remove(sequence: head.sequence)
        }
        return true
    }
}
