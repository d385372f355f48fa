import FleetCore
import Outbox

/// A service's outbox: rows in commit order, what is published through, and a table of parked events.
final class ModelOutbox {
    private let ledger: Ledger
    private let keepsRows: Bool
    private let bug: PlantedBug?
    /// Committed rows that are still there.
    private var rows: [(position: Int64, number: Int)] = []
    private var publishedThrough: Int64 = .min
    /// Positions are given when a row is written; those of a transaction that is rolled back are not used again.
    private var lastPosition: Int64 = 0
    private var openRows: [(position: Int64, number: Int)] = []
    private var numberAt: [Int64: Int] = [:]
    var parking: ModelParking

    init(ledger: Ledger, scenario: Scenario, bug: PlantedBug?) {
        self.ledger = ledger
        self.bug = bug
        keepsRows = scenario.keepsRows
        parking = ModelParking(limit: scenario.maximumParked)
    }

    // MARK: The service

    func write(_ number: Int) {
        if bug == .givesPositionsAgain { lastPosition = openRows.last?.position ?? rows.last?.position ?? 0 }
        lastPosition += 1
        openRows.append((lastPosition, number))
        numberAt[lastPosition] = number
    }

    var openCount: Int { openRows.count }

    func commit() {
        for row in openRows { ledger.commit(row.number) }
        rows += openRows
        openRows = []
    }

    func rollBack() {
        openRows = []
    }

    // MARK: The relay

    var hasPending: Bool { (rows.last?.position ?? .min) > publishedThrough }

    func capture(after position: OutboxPosition, limit: Int) -> CapturedRows {
        let start = max(position.value, publishedThrough)
        var found = CapturedRows()
        for row in bug == .readsUncommitted ? rows + openRows : rows where row.position > start {
            ledger.events[row.number].add(to: &found, at: OutboxPosition(row.position))
            if found.count == limit { break }
        }
        return found
    }

    /// One transaction: all of it, or nothing.
    func settle(_ batch: CapturedBatch) throws {
        for position in batch.published { try checkLogged(position.value) }
        var parking = parking
        var moved: Set<Int64> = []
        if !batch.parked.isEmpty { try parking.checkRoom(for: batch.parked.count) }
        for row in batch.parked {
            guard let number = numberAt[row.position.value] else { continue }
            let key = ledger.events[number].key
            if row.reason == nil, !parking.isHeld(key), bug != .parksBehindNobody {
                throw FleetError(.conflict, "the key is no longer held", isRetriable: true)
            }
            guard rows.contains(where: { $0.position == row.position.value }) else { continue }
            parking.park(number, key: key, hasReason: row.reason != nil, attempts: 1, nextAttempt: nil)
            moved.insert(row.position.value)
        }
        rows.removeAll { moved.contains($0.position) }
        self.parking = parking
        if keepsRows {
            for row in rows where row.position <= batch.through.value { try checkLogged(row.position) }
            publishedThrough = max(publishedThrough, batch.through.value)
        } else {
            let published = Set(batch.published.map(\.value))
            rows.removeAll { published.contains($0.position) }
        }
    }

    private func checkLogged(_ position: Int64) throws {
        if let number = numberAt[position], !ledger.isLogged[number] {
            throw Failure(.settledBeforeLogged, "\(ledger.events[number]) at \(position)")
        }
    }

    /// Removes published rows that were kept long enough.
    func removeExpired() {
        rows.removeAll { $0.position <= publishedThrough }
    }
}
