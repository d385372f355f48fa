import FleetCore
import Outbox
import Relay

/// Somebody who retries and discards parked events, one step at a time, as `flotilla parked` does; and who may be
/// interrupted after each.
final class Operator {
    private enum Errand {
        /// Look for the first parked event of a key in the outbox, and publish it.
        case publishNext(key: Int)
        /// It is published: remove it.
        case remove(ModelParking.Row)
        /// Apply what is parked of a key in the view.
        case apply(key: Int)
    }

    private unowned let world: World
    private var errand: Errand?
    /// Keys of which somebody removed the first event, and did not go on.
    private(set) var abandonedKeys: Set<Int> = []

    init(_ world: World) {
        self.world = world
    }

    /// Gives up whatever is under way.
    func leave() {
        switch errand {
        case .publishNext(let key), .apply(let key): abandonedKeys.insert(key)
        case .remove(let row): abandonedKeys.insert(row.key)
        case nil: return
        }
        world.count(.abandonedErrand)
        world.note("operator: gives up")
        errand = nil
    }

    func step() throws {
        do {
            if let errand { try proceed(errand) } else { begin() }
        } catch let error as FleetError {
            world.observe(error, "operator")
            leave()
        }
    }

    // MARK: Beginning

    /// What an operator is offered: the first parked event of each key.
    private func candidates(in parking: ModelParking) -> [ModelParking.Row] {
        world.bug == .retriesOnlyWhatHasReason ? parking.rows.filter(\.hasReason) : parking.heads
    }

    private func begin() {
        let isOutbox = world.random.chance(50)
        let rows = candidates(in: isOutbox ? world.outbox.parking : world.view.parking)
        guard !rows.isEmpty else { return }
        begin(with: rows[world.random.below(rows.count)], inOutbox: isOutbox, discards: world.random.chance(35))
    }

    private func begin(with row: ModelParking.Row, inOutbox isOutbox: Bool, discards: Bool) {
        let place = isOutbox ? "outbox" : "view"
        world.note("operator: \(discards ? "discards" : "retries") #\(row.number) of the \(place)")
        world.count(discards ? .operatorDiscard : .operatorRetry)
        errand = isOutbox ? .publishNext(key: row.key) : .apply(key: row.key)
        guard discards else { return }
        if isOutbox {
            if let gone = world.outbox.parking.remove(sequence: row.sequence) { world.ledger.discard(gone.number) }
        } else {
            world.view.discard(sequence: row.sequence)
        }
    }

    // MARK: Going on

    private func proceed(_ errand: Errand) throws {
        switch errand {
        case .publishNext(let key):
            guard let head = world.outbox.parking.head(of: key) else {
                self.errand = nil
                return
            }
            if isRefused(head) {
                try world.call { world.outbox.parking.recordFailure(sequence: head.sequence, nextAttempt: nil) }
                self.errand = nil
            } else {
                world.note("operator: publishes #\(head.number)")
                try world.call { try world.broker.append([head.number]) }
                self.errand = .remove(head)
            }
        case .remove(let row):
            try world.call { _ = world.outbox.parking.remove(sequence: row.sequence) }
            self.errand = .publishNext(key: row.key)
        case .apply(let key):
            world.note("operator: applies what is parked of \(SimulatedEvent.name(ofKey: key))")
            _ = try world.call { try world.view.retry(key, at: world.now, using: &world.random) }
            self.errand = nil
        }
    }

    private func isRefused(_ row: ModelParking.Row) -> Bool {
        let event = world.ledger.events[row.number]
        return event.kind == .malformed || world.contract.objection(to: event.event) != nil
    }

    // MARK: Clearing up

    /// Ends the errand at hand.
    func finish() throws {
        while errand != nil { try step() }
    }

    /// Settles everything that is parked: what fails again is discarded.
    func settleEverything() throws {
        try finish()
        for isOutbox in [true, false] {
            for row in candidates(in: isOutbox ? world.outbox.parking : world.view.parking) {
                begin(with: row, inOutbox: isOutbox, discards: false)
                try finish()
                let parking = isOutbox ? world.outbox.parking : world.view.parking
                guard let head = parking.head(of: row.key) else { continue }
                let isPoison = isOutbox ? isRefused(head) : head.hasReason
                if isPoison { begin(with: head, inOutbox: isOutbox, discards: true) }
                try finish()
            }
        }
    }
}
